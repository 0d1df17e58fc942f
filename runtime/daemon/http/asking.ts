// Asking the orchestrator for what an operation needs, and pages of what it says.
import type { Command } from '../../protocol/command.ts';
import { formatName, type Name } from '../../protocol/name.ts';
import type { Success } from '../../protocol/reply.ts';
import { ClientError, type Client } from '../../client/socket.ts';

type Telling = Extract<Success, { readonly value: unknown }>;
type Told<K> = Extract<Telling, { readonly kind: K }>['value'];

/** The answer of `kind` to `command`. @throws ClientError where there is none, or another. */
export async function told<K extends Telling['kind']>(
  client: Client,
  name: Name,
  command: Command,
  kind: K,
): Promise<Told<K>> {
  const answer = await client.ask(name, command);
  if (answer.kind === kind) return answer.value as Told<K>;
  throw new ClientError('unanswered', `the server answered with ${answer.kind} where ${kind} was asked for`);
}

/** As people write it: without the colon in front that one at the root has on the wire. */
export const shownName = (name: Name): string => formatName(name).replace(/^:(?=.)/, '');

interface Page<T> {
  readonly items: T[];
  readonly next?: string;
}

/** Of `all`, in the order of their names, those that come after `after`, as many as asked for. */
export function paged<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Page<T> {
  const sorted = all
    .map((one) => ({ one, name: nameOf(one) }))
    .filter(({ name }) => after === undefined || name > after)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = sorted.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ one }) => one),
    ...(last && sorted.length > limit ? { next: last.name } : {}),
  };
}

/** What the orchestrator says of `command`, which changes something. */
export async function done(
  client: Client,
  name: Name,
  command: Command,
): Promise<{ readonly name: string; readonly done: string }> {
  return { name: shownName(name), done: await told(client, name, command, 'text') };
}
