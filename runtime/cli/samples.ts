// Statistics as an orchestrator sends them, in rounds: what comes together is shown together.
import { setTimeout as after } from 'node:timers/promises';
import { ClientError, type Client } from '../client/socket.ts';
import { formatName, type Name } from '../protocol/name.ts';
import { CommandError, EXIT } from './errors.ts';
import { shownName } from './orchestrated.ts';
import { statesOf } from './states.ts';
import type { Sample } from './usage.ts';

/** Milliseconds after which nothing more belongs to what came before. */
const QUIET_MS = 250;
/** Milliseconds until the first comes; Albatross sends every 10 s. */
const FIRST_MS = 30_000;

export interface Usage {
  /** As people write it. */
  readonly name: string;
  readonly now: Sample;
  readonly before: Sample | undefined;
  /** MB of memory it was given; undefined for one that began later. */
  readonly given: number | undefined;
}

/**
 * How all at and below `word` are: one round of them, or one after the other. None where nothing runs.
 * @throws CommandError where `word` names one that does not run.
 */
export async function* rounds(client: Client, word: Name, follow: boolean): AsyncGenerator<Usage[], void> {
  const scope = await client.whole(word);
  const states = (await statesOf(client, scope)).filter(
    ({ state }) => (state?.kind ?? 'running') === 'running',
  );
  if (states.length === 0 && scope.label !== undefined)
    throw new CommandError(
      EXIT.unavailable,
      `${shownName(scope)}: no such unikernel runs; 'kittiwake ps' lists those there are`,
    );
  if (states.length === 0 && !follow) return;
  const given = new Map(
    states.map(({ name, info }) => [name === undefined ? '' : formatName(name), info?.memory]),
  );
  // Albatross tells nobody anything who has said all they had to say.
  const ours = states[0]?.state !== undefined;
  const asked = { kind: 'stats', value: { kind: 'subscribe' } } as const;
  await using exchange = await client.open(scope, asked, follow || !ours);
  const known = new Map<string, Sample>();
  for await (const batch of batches(exchange.data(), follow ? undefined : FIRST_MS, follow || !ours)) {
    const round = new Map<string, Usage>();
    for (const { name: told, data } of batch) {
      if (data.kind !== 'statistics') continue;
      // Names come without the path that was asked for.
      const name = { ...told, path: [...scope.path, ...told.path] };
      const key = formatName(name);
      const now = { at: new Date(), statistics: data.value };
      round.set(key, { name: shownName(name), now, before: known.get(key), given: given.get(key) });
    }
    for (const [key, { now }] of round) known.set(key, now);
    const sorted = [...round.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    if (sorted.length > 0) yield sorted.map(([, usage]) => usage);
    if (!follow) return;
  }
}

/** What comes without a pause, together, or all up to the end where there is one; `firstMs` is how long there may be nothing. */
async function* batches<T>(
  messages: AsyncGenerator<T, void>,
  firstMs: number | undefined,
  endless: boolean,
): AsyncGenerator<T[], void> {
  let batch: T[] = [];
  let next = messages.next();
  for (;;) {
    const patience = batch.length === 0 ? firstMs : endless ? QUIET_MS : undefined;
    const over = new AbortController();
    const quiet = patience === undefined ? [] : [after(patience, undefined, over).catch(() => undefined)];
    const result = await Promise.race([next, ...quiet]);
    over.abort();
    if (result === undefined) {
      if (batch.length === 0)
        throw new ClientError('unanswered', `no statistics in ${FIRST_MS / 1000} s; is the server well?`);
      yield batch;
      batch = [];
    } else if (result.done) {
      if (batch.length > 0) yield batch;
      return;
    } else {
      batch.push(result.value);
      next = messages.next();
    }
  }
}
