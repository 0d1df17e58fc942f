// What unikernels use, over HTTP: as JSON, and as Prometheus reads it.
import type { Statistics } from '../../api/schemas.ts';
import { plainStatistics } from '../../client/statistics.ts';
import type { Client, Exchange } from '../../client/socket.ts';
import type { Status } from '../../protocol/reply.ts';
import { formatName, type Name } from '../../protocol/name.ts';
import { shownName, told } from './asking.ts';
import type { Handlers, Sent } from './call.ts';
import { eventsOf } from './consoles.ts';
import { HttpProblem } from './problem.ts';
import { stateNamed } from './unikernels.ts';

const SUBSCRIBE = { kind: 'stats', value: { kind: 'subscribe' } } as const;

async function* samplesOf(exchange: Exchange, scope: Name): AsyncGenerator<Statistics, void> {
  for await (const { name, data } of exchange.data()) {
    if (data.kind !== 'statistics') continue;
    const { started, ...plain } = plainStatistics(data.value);
    yield {
      time: new Date().toISOString(),
      // Names come without the path that was asked for.
      name: shownName({ ...name, path: [...scope.path, ...name.path] }),
      ...plain,
      ...(started ? { started: started.toISOString() } : {}),
    };
  }
}

/** How all at and below `scope` that run are now. */
async function samples(client: Client, scope: Name): Promise<Statistics[]> {
  await using exchange = await client.open(scope, SUBSCRIBE, false);
  const found: Statistics[] = [];
  for await (const sample of samplesOf(exchange, scope)) found.push(sample);
  return found;
}

const escaped = (label: string): string =>
  label.replaceAll(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly of: (sample: Statistics) => readonly (readonly [labels: string, value: number])[];
}

const one = (of: (sample: Statistics) => number): Metric['of'] => {
  return (sample) => [['', of(sample)]];
};
const networks = (of: (network: Statistics['networks'][number]) => number): Metric['of'] => {
  return (sample) => sample.networks.map((network) => [`,network="${escaped(network.name)}"`, of(network)]);
};

const METRICS: readonly Metric[] = [
  {
    name: 'cpu_seconds_total',
    help: 'CPU time used',
    type: 'counter',
    of: one(({ cpu }) => cpu.user + cpu.system),
  },
  {
    name: 'resident_bytes',
    help: 'Memory resident',
    type: 'gauge',
    of: one(({ memory }) => memory.resident),
  },
  {
    name: 'network_received_bytes_total',
    help: 'Bytes that came to it',
    type: 'counter',
    of: networks((n) => n.in.bytes),
  },
  {
    name: 'network_sent_bytes_total',
    help: 'Bytes that it sent',
    type: 'counter',
    of: networks((n) => n.out.bytes),
  },
  {
    name: 'network_dropped_total',
    help: 'Frames lost either way',
    type: 'counter',
    of: networks((n) => n.in.dropped + n.out.dropped),
  },
];

function* exposition(states: readonly Status[], found: readonly Statistics[]): Generator<string, void> {
  const head = (name: string, help: string, type: string): string =>
    `# HELP kittiwake_unikernel_${name} ${help}.\n# TYPE kittiwake_unikernel_${name} ${type}\n`;
  yield head('state', 'Whether it is in this state', 'gauge');
  for (const { name, state } of states)
    yield `kittiwake_unikernel_state{name="${escaped(shownName(name))}",state="${state.kind}"} 1\n`;
  for (const { name, help, type, of } of METRICS) {
    yield head(name, help, type);
    for (const sample of found)
      for (const [labels, value] of of(sample))
        yield `kittiwake_unikernel_${name}{name="${escaped(sample.name)}"${labels}} ${value}\n`;
  }
}

export const statistics = {
  async getStatistics({ client, subject }) {
    await stateNamed(client, subject);
    const [found] = await samples(client, subject);
    if (found) return found;
    throw new HttpProblem('conflict', `statistics of ${formatName(subject)}: it does not run`);
  },
  async followStatistics({ client, subject }) {
    const exchange = await client.open(subject, SUBSCRIBE);
    async function* sent(): AsyncGenerator<Sent, void> {
      for await (const data of samplesOf(exchange, subject)) yield { data };
    }
    return eventsOf(exchange, sent());
  },
  async getMetrics({ client, subject }) {
    const states = await told(client, subject, { kind: 'kittiwake', value: { kind: 'states' } }, 'states');
    return [...exposition(states, await samples(client, subject))].join('');
  },
} satisfies Partial<Handlers>;
