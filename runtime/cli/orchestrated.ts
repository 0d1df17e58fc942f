// What the commands that speak to the orchestrator share. It is loaded when one of them runs: the others start without the protocol.
import { Client, ClientError, SOCKETS, type Failure } from '../client/socket.ts';
import type { Command as Asked } from '../protocol/command.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { formatName, parseName, parsePath, type Name } from '../protocol/name.ts';
import type { Success } from '../protocol/reply.ts';

/** Answers that carry something. */
type Telling = Extract<Success, { readonly value: unknown }>;
type Told<K> = Extract<Telling, { readonly kind: K }>['value'];

import { CommandError, EXIT, type ExitStatus } from './errors.ts';
import { printable } from './printable.ts';

const STATUS: Readonly<Record<Failure, ExitStatus>> = {
  refused: EXIT.unavailable,
  unreachable: EXIT.unavailable,
  unanswered: EXIT.unavailable,
  forbidden: EXIT.permission,
};

/** Does `action`; what the orchestrator says no to becomes the command's line and status. */
export async function asking<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof ClientError)
      throw new CommandError(STATUS[error.failure], printable(error.message, 2000));
    if (error instanceof ProtocolError) throw new CommandError(EXIT.usage, printable(error.message));
    throw error;
  }
}

export function clientOf({ sockets = SOCKETS }: { readonly sockets?: string | undefined }): Client {
  return new Client(sockets);
}

/** As people write it: without the colon in front that one at the root has on the wire. */
export const shownName = (name: Name): string => formatName(name).replace(/^:(?=.)/, '');

/** A unikernel's name. @throws CommandError for a path. */
export function unikernelName(word: string): Name {
  const name = parseName(word);
  if (name.label !== undefined) return name;
  throw new CommandError(EXIT.usage, `'${printable(word)}': a path; name a unikernel`);
}

/** A path, or a unikernel's name; all there is where none is given. A path ends in a colon. */
export const scopeOf = (word: string | undefined): Name =>
  word === undefined ? { path: [] } : parseName(word);

export const pathOf = (word: string): Name => ({ path: parsePath(word) });

/** The answer of `kind`. @throws ClientError where it is another. */
export function expected<K extends Telling['kind']>(kind: K, answer: Success): Told<K> {
  if (answer.kind === kind) return (answer as Telling).value as Told<K>;
  throw new ClientError('unanswered', `the server answered with ${answer.kind} where ${kind} was asked for`);
}

/** Asks the same of each of `words`, one after the other, and shows what the orchestrator says. */
export async function each(
  words: readonly string[],
  client: Client,
  asked: Asked,
  shown: (name: string, text: string) => void,
): Promise<void> {
  const names = await asking(() => Promise.resolve().then(() => words.map(unikernelName)));
  for (const name of names)
    await asking(async () => shown(shownName(name), expected('text', await client.ask(name, asked))));
}

export { formatName, parseName };
