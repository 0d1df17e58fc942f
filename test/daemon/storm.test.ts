// The daemon is killed at random instants, over and over, while clients create, stop, restart and destroy, set policies and fill block devices: after each
// start what it has is what it acknowledged, and what runs on the host is what it has. KITTIWAKED_KILLS says how often, KITTIWAKED_SEED which instants.
import * as fs from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ClientError } from '../../runtime/client/socket.ts';
import type { Command } from '../../runtime/protocol/command.ts';
import { formatName } from '../../runtime/protocol/name.ts';
import { seeded } from '../random.ts';
import { noNamespaces } from '../net/namespace.ts';
import { checker, create, DaemonHost, restart, unikernel } from './host.ts';
import { BlockStorm } from './storm-blocks.ts';

const KILLS = Number(process.env['KITTIWAKED_KILLS'] ?? 6);
const SEED = Number(process.env['KITTIWAKED_SEED'] ?? 20261121);
/** Clients at once, and the unikernels of each. */
const CLIENTS = 3;
const NAMES = 2;
/** Latest instant of a kill, in milliseconds after the first request. */
const LATEST_MS = 1500;
const LIMIT_MS = 120_000 + KILLS * 30_000;

type State = 'none' | 'running' | 'ended';

/** What is known of one unikernel: more than one state where nobody was told how the last request came out. */
type Known = ReadonlySet<State>;

interface Verb {
  readonly command: (address: string) => Promise<Command>;
  /** What becomes of each state; where there is none it is refused, and stays. */
  readonly leads: Partial<Record<State, State>>;
}

const VERBS: readonly Verb[] = [
  {
    command: async (address) => create(await checker(address)),
    leads: { none: 'running', ended: 'running' },
  },
  { command: () => Promise.resolve(restart), leads: { running: 'running', ended: 'running' } },
  {
    command: () => Promise.resolve({ kind: 'kittiwake', value: { kind: 'stop' } }),
    leads: { running: 'ended' },
  },
  { command: () => Promise.resolve(unikernel('destroy')), leads: { running: 'none', ended: 'none' } },
];

test.skipIf(noNamespaces !== undefined)(
  `killed ${KILLS} times it loses nothing and brings nothing back`,
  async () => {
    const random = seeded(SEED);
    await using host = await DaemonHost.open();
    const known = new Map<string, Known>();
    const names = Array.from({ length: CLIENTS * NAMES }, (_, at) => `storm:u${at}`);
    for (const name of names) known.set(name, new Set(['none']));
    let policy = new Set([0]);
    const blocks = new BlockStorm(host);
    let acknowledged = 0;

    /** Sends requests until the daemon is gone. */
    async function client(own: readonly string[], choices: (bound: number) => number): Promise<void> {
      for (;;) {
        const name = own[choices(own.length)] ?? '';
        const verb = VERBS[choices(VERBS.length)];
        if (!verb) continue;
        const { command, leads } = verb;
        const asked = await command(`10.0.1.${names.indexOf(name) + 1}`);
        const before = [...(known.get(name) ?? [])];
        const afterwards = before.map((state) => leads[state] ?? state);
        known.set(name, new Set([...before, ...afterwards]));
        try {
          await host.ask(name, asked);
          // Done: it was in a state in which that could be.
          known.set(name, new Set(before.flatMap((state) => leads[state] ?? [])));
          acknowledged += 1;
        } catch (error) {
          if (!(error instanceof ClientError)) throw error;
          if (error.failure !== 'refused') return;
          expect(error.message).toMatch(/already running|not found|does not run/);
          known.set(name, new Set(before.filter((state) => leads[state] === undefined)));
        }
      }
    }

    /** Sets one policy after the other; each allows another amount of memory. */
    async function policies(choices: (bound: number) => number): Promise<void> {
      for (;;) {
        const memory = 1000 + choices(1000);
        const value = { cpuids: [0], unikernels: 100, memory, bridges: ['br0'] };
        policy = new Set([...policy, memory]);
        try {
          await host.ask('storm:', { kind: 'policy', value: { kind: 'add', value } });
          policy = new Set([memory]);
          acknowledged += 1;
        } catch (error) {
          if (!(error instanceof ClientError) || error.failure === 'refused') throw error;
          return;
        }
      }
    }

    for (let kill = 0; kill < KILLS; kill += 1) {
      await host.start();
      await check(kill);
      const streams = Array.from({ length: CLIENTS }, (_, at) =>
        client(names.slice(at * NAMES, (at + 1) * NAMES), seeded(SEED + kill * 100 + at)),
      );
      streams.push(policies(seeded(SEED + kill * 100 + CLIENTS)));
      const stored = blocks.client(seeded(SEED + kill * 100 + CLIENTS + 1));
      await after(random(LATEST_MS));
      await host.end('SIGKILL');
      await Promise.all(streams);
      acknowledged += await stored;
    }
    await host.start();
    await check(KILLS);
    for (const name of names) await host.ask(name, unikernel('destroy')).catch(() => undefined);
    expect(await host.tenders()).toEqual([]);
    expect(await fs.readdir(host.runs)).toEqual([]);
    expect(acknowledged).toBeGreaterThan(0);
    console.log(`${KILLS} kills, ${acknowledged} requests acknowledged, none lost, none brought back`);

    async function check(kill: number): Promise<void> {
      const where = `after kill ${kill} of seed ${SEED}`;
      const found = new Map((await host.states()).map(({ name, state }) => [formatName(name), state.kind]));
      for (const name of names) {
        const state = found.get(name) ?? 'none';
        expect([...(known.get(name) ?? [])], `${name} ${where}\n${host.log.slice(-3000)}`).toContain(state);
        known.set(name, new Set([state as State]));
      }
      const running = names.filter((name) => found.get(name) === 'running').sort();
      expect([...(await host.processes()).keys()].sort(), where).toEqual(running);
      const taps = await host.namespace.shell('ip -o link show type tun');
      expect(taps.match(/kwd[0-9a-f]{12}/g) ?? [], where).toHaveLength(running.length);
      const answer = await host.ask(':', { kind: 'policy', value: { kind: 'info' } });
      const standing =
        answer.kind === 'policies'
          ? answer.value.find(({ name }) => formatName(name) === 'storm:')
          : undefined;
      expect([...policy], where).toContain(standing?.policy.memory ?? 0);
      policy = new Set([standing?.policy.memory ?? 0]);
      await blocks.check(where);
      // Nothing runs that nobody knows of; a tender under spt is two processes, its keeper and its guest.
      expect(await host.tenders(), where).toHaveLength(running.length * 2);
    }
  },
  LIMIT_MS,
);
