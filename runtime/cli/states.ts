// How unikernels are, as a table shows it and as JSON does.
import { ClientError, type Client } from '../client/socket.ts';
import type { Name } from '../protocol/name.ts';
import type { Status } from '../protocol/reply.ts';
import { saysThereAreNone } from '../client/none.ts';
import { expected, shownName, type Told } from './orchestrated.ts';
import { printable } from './printable.ts';

/** Of an Albatross server, which says nothing of processes and lists only what runs, as much as it tells. */
export async function statesOf(client: Client, scope: Name): Promise<readonly Partial<Status>[]> {
  try {
    return expected('states', await client.ask(scope, { kind: 'kittiwake', value: { kind: 'states' } }));
  } catch (error) {
    if (!(error instanceof ClientError) || error.failure !== 'unanswered') throw error;
    return infosOf(client, scope);
  }
}

/** Those that are to run, and what any server tells of them. */
export async function infosOf(client: Client, scope: Name): Promise<Told<'unikernels'>> {
  try {
    return expected('unikernels', await client.ask(scope, { kind: 'unikernel', value: { kind: 'info' } }));
  } catch (error) {
    if (saysThereAreNone(error)) return [];
    throw error;
  }
}

const seconds = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

function lastEnd({ last, state }: Partial<Status>): string {
  if (state?.kind === 'ended') return printable(state.value.why, 60);
  if (last === undefined) return '-';
  return last.kind === 'status' ? `status ${last.value}` : printable(last.value, 20);
}

function since({ state, info }: Partial<Status>): string {
  if (state?.kind === 'ended') return seconds(state.value.at);
  if (state?.kind === 'waiting') return `until ${seconds(state.value.until)}`;
  const started = state?.value.since ?? info?.started;
  return started === undefined ? '-' : seconds(started);
}

export function stateRow(status: Partial<Status>): string[] {
  const { name, info, state } = status;
  return [
    name === undefined ? '-' : shownName(name),
    state?.kind ?? 'running',
    since(status),
    `${info?.memory ?? 0} MB`,
    info?.bridges.map(({ bridge }) => printable(bridge, 20)).join(', ') || '-',
    lastEnd(status),
  ];
}

/** All that is known, as JSON has it. */
export function plainState({ name, info, state, last, limits }: Partial<Status>): unknown {
  const { digest, failBehaviour, ...rest } = info ?? {};
  return {
    name: name === undefined ? undefined : shownName(name),
    state: state?.kind ?? 'running',
    ...state?.value,
    last: last === undefined ? undefined : { [last.kind]: last.value },
    ...rest,
    limits,
    restart:
      failBehaviour?.kind === 'restart'
        ? failBehaviour.value.length === 0
          ? 'always'
          : failBehaviour.value
        : 'no',
    digest: digest === undefined ? undefined : Buffer.from(digest).toString('hex'),
  };
}
