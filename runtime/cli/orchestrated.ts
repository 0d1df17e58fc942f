// What the commands that speak to the orchestrator share. It is loaded when one of them runs: the others start without the protocol.
import { address } from '../client/address.ts';
import { IdentityError } from '../client/identity-error.ts';
import type { Remote } from '../client/remote-format.ts';
import { Client, ClientError, locally, SOCKETS, type Failure } from '../client/socket.ts';
import type { Command as Asked } from '../protocol/command.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { formatName, parseName, parsePath, type Name } from '../protocol/name.ts';
import type { Success } from '../protocol/reply.ts';
import type { Where } from './daemon-words.ts';
import { CommandError, EXIT, type ExitStatus } from './errors.ts';
import { printable } from './printable.ts';

/** Answers that carry something. */
type Telling = Extract<Success, { readonly value: unknown }>;
export type Told<K> = Extract<Telling, { readonly kind: K }>['value'];

const STATUS: Readonly<Record<Failure, ExitStatus>> = {
  refused: EXIT.unavailable,
  unreachable: EXIT.unavailable,
  unanswered: EXIT.unavailable,
  forbidden: EXIT.permission,
};

/** Does `action`; what the orchestrator says no to becomes the command's line and status. */
export async function asking<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof ClientError)
      throw new CommandError(STATUS[error.failure], printable(error.message, 2000));
    if (error instanceof ProtocolError) throw new CommandError(EXIT.usage, printable(error.message));
    if (error instanceof IdentityError) throw new CommandError(EXIT.noImage, printable(error.message));
    throw error;
  }
}

/** @throws CommandError where options contradict each other. */
export async function clientOf({
  sockets,
  remote,
  identity,
  'server-name': serverName,
}: Where): Promise<Client> {
  if (remote === undefined) {
    const lost =
      identity !== undefined ? '--identity' : serverName !== undefined ? '--server-name' : undefined;
    if (lost !== undefined) throw new CommandError(EXIT.usage, `${lost}: of no use without --remote HOST`);
    return new Client(locally(sockets ?? SOCKETS));
  }
  if (sockets !== undefined)
    throw new CommandError(EXIT.usage, '--remote: either this or --sockets; leave one away');
  const known = await remoteCalled(remote);
  const shown = identity ?? known?.identity;
  if (shown === undefined)
    throw new CommandError(
      EXIT.usage,
      `--remote ${printable(remote)}: no remote has that name, and no --identity is given; name the folder of certificates that 'kittiwake ca delegate' made, or see 'kittiwake remote add --help'`,
    );
  const { remotely } = await import('../client/remote.ts');
  const at = { ...server(known?.address ?? remote), serverName: serverName ?? known?.serverName };
  return new Client(remotely(at, shown));
}

async function remoteCalled(name: string): Promise<Remote | undefined> {
  const { remoteOf, remotesFolder } = await import('../client/remotes.ts');
  try {
    return await remoteOf(remotesFolder(), name);
  } catch (error) {
    throw new CommandError(EXIT.noImage, printable((error as Error).message));
  }
}

function server(remote: string): ReturnType<typeof address> {
  try {
    return address('--remote', remote);
  } catch (error) {
    throw new CommandError(EXIT.usage, printable((error as Error).message));
  }
}

/** As people write it: without the colon in front that one at the root has on the wire. */
export const shownName = (name: Name): string => formatName(name).replace(/^:(?=.)/, '');

/** A unikernel's name. @throws CommandError for a path. */
export function unikernelName(word: string): Name {
  const name = parseName(word);
  if (name.label !== undefined) return name;
  throw new CommandError(EXIT.usage, `'${printable(word)}': a path; name a unikernel`);
}

/** A block device's name. @throws CommandError for a path. */
export function deviceName(word: string): Name {
  const name = parseName(word);
  if (name.label !== undefined) return name;
  throw new CommandError(EXIT.usage, `'${printable(word)}': a path; name a block device`);
}

/** A path, or a unikernel's name; all there is where none is given. A path ends in a colon. */
export const scopeOf = (word: string | undefined): Name =>
  word === undefined ? { path: [] } : parseName(word);

export const pathOf = (word: string): Name => ({ path: parsePath(word) });

/** The answer of `kind`. @throws ClientError where it is another. */
export function expected<K extends Telling['kind']>(kind: K, answer: Success): Told<K> {
  if (answer.kind === kind) return answer.value as Told<K>;
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
    await asking(async () =>
      shown(shownName(await client.whole(name)), expected('text', await client.ask(name, asked))),
    );
}

export { formatName, parseName };
