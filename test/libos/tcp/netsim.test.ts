// Whole transfers over bad wires: every byte arrives, both ends close, nothing is left, and the goodput stays what it was.
import { describe, expect, test } from 'vitest';
import { decode } from '../../segments.ts';
import { converse, Sim, type Wire } from './netsim.ts';

const MEMORY = 1 << 24;

function expectNothingLeft(sim: Sim, memory = MEMORY): void {
  for (const host of [sim.a, sim.b]) {
    expect(host.count('connections')).toBe(0);
    expect(host.count('halfOpen')).toBe(0);
    expect(host.count('timeWaits')).toBe(0);
    expect(host.count('memory')).toBe(memory);
  }
}

const wires: [string, Wire][] = [
  ['a good wire', {}],
  ['loss', { loss: 0.05, delay: 5 }],
  ['much loss', { loss: 0.12, delay: 5 }],
  ['reordering', { jitter: 10, delay: 5 }],
  ['duplicates', { duplicates: 0.2, delay: 5 }],
  ['damage', { damage: 0.05, delay: 5 }],
  ['all of it', { loss: 0.03, jitter: 8, duplicates: 0.05, damage: 0.02, delay: 10 }],
  ['a narrow wire with a short queue', { rate: 10, queue: 15_000, delay: 10 }],
];

describe.each(wires)('over %s', (_, wire) => {
  test.each([1, 2, 3])('both send at once, seed %i', async (seed) => {
    const sim = await Sim.create({ wire, seed });
    const { clients, servers } = converse(sim, { client: { send: 200_000 }, server: { send: 300_000 } });
    sim.run();
    expect(servers[0]).toMatchObject({
      received: 200_000,
      sent: 300_000,
      ended: true,
      reset: false,
      timedOut: false,
    });
    expect(clients[0]).toMatchObject({
      received: 300_000,
      sent: 200_000,
      ended: true,
      reset: false,
      timedOut: false,
    });
    expectNothingLeft(sim);
  });

  test('in small pieces, without delay', async () => {
    const sim = await Sim.create({ wire, seed: 9 });
    const { clients, servers } = converse(sim, {
      client: { send: 20_000, chunk: 97, noDelay: true },
      server: { send: 20_000, chunk: 1000 },
    });
    sim.run();
    expect(servers[0]).toMatchObject({ received: 20_000, ended: true, reset: false, timedOut: false });
    expect(clients[0]).toMatchObject({ received: 20_000, ended: true, reset: false, timedOut: false });
    expectNothingLeft(sim);
  });

  test('a reader that stops and goes on, and buffers of 16 KiB', async () => {
    const sim = await Sim.create({ wire, seed: 4 });
    sim.b.limit({ buffer: 16384 });
    const { clients, servers } = converse(sim, {
      client: { send: 200_000 },
      server: { pause: 700, pauseEvery: 30_000 },
    });
    sim.run();
    expect(servers[0]).toMatchObject({ received: 200_000, ended: true, reset: false, timedOut: false });
    expect(clients[0]).toMatchObject({ ended: true, reset: false, timedOut: false });
    expectNothingLeft(sim);
  });

  test('many at once', async () => {
    const sim = await Sim.create({ wire, seed: 5 });
    const { clients, servers } = converse(sim, {
      count: 60,
      client: { send: 3000 },
      server: { send: 10_000 },
    });
    sim.run();
    expect(servers.map(({ received }) => received)).toEqual(clients.map(() => 3000));
    expect(clients.map(({ received }) => received)).toEqual(clients.map(() => 10_000));
    expect(
      [...clients, ...servers].filter(({ ended, reset, timedOut }) => !ended || reset || timedOut),
    ).toEqual([]);
    expectNothingLeft(sim);
  });

  test('one side gives up', async () => {
    const sim = await Sim.create({ wire, seed: 6 });
    const { clients, servers } = converse(sim, {
      count: 10,
      client: { send: 500_000 },
      server: { abortAt: 50_000, send: 100_000 },
    });
    sim.run();
    expect(servers.every(({ ended }) => ended)).toBe(true);
    expect(clients.every(({ ended }) => ended)).toBe(true);
    expect(clients.some(({ reset }) => reset)).toBe(true);
    expectNothingLeft(sim);
  });
});

describe('bounds', () => {
  test('sequence numbers that wrap around in the middle, of both ends', async () => {
    // The clock that sequence numbers follow (4 microseconds) decides where they begin: a search for two that begin just before the end.
    const probe = await Sim.create();
    const isses: number[] = [];
    const note = (host: typeof probe.a): void => {
      const carry = host.onTransmit;
      host.onTransmit = (frame) => {
        const segment = decode(frame);
        if (segment?.flags.startsWith('S')) isses.push(segment.seq);
        carry(frame);
      };
    };
    note(probe.a);
    note(probe.b);
    converse(probe, { client: { send: 1 } });
    probe.run();
    for (const iss of isses) {
      const sim = await Sim.create({
        now: 1_000_000_000n + BigInt(2 ** 32 - 20_000 - iss) * 4000n,
        wire: { loss: 0.03, jitter: 4, delay: 5 },
      });
      const { clients, servers } = converse(sim, { client: { send: 200_000 }, server: { send: 200_000 } });
      sim.run();
      expect(servers[0]).toMatchObject({ received: 200_000, ended: true, reset: false, timedOut: false });
      expect(clients[0]).toMatchObject({ received: 200_000, ended: true, reset: false, timedOut: false });
    }
    expect(isses).toHaveLength(2);
  });

  test('too little memory for all at once: all come through in the end', async () => {
    const sim = await Sim.create({ wire: { loss: 0.01, delay: 5 } });
    const memory = 400_000;
    sim.b.limit({ memory });
    const { clients, servers } = converse(sim, {
      count: 40,
      client: { send: 30_000 },
      server: { send: 30_000 },
    });
    sim.run();
    expect(servers.map(({ received }) => received)).toEqual(clients.map(() => 30_000));
    expect(clients.map(({ received }) => received)).toEqual(clients.map(() => 30_000));
    expect(sim.b.count('memory')).toBe(memory);
    expect(sim.b.count('connections')).toBe(0);
  });

  test('more connections than there is room for half-open ones: SYN cookies let all in', async () => {
    const sim = await Sim.create({ wire: { delay: 20 } });
    sim.b.limit({ backlog: 8 });
    const { clients, servers } = converse(sim, {
      count: 100,
      client: { send: 3000 },
      server: { send: 3000 },
    });
    sim.run();
    expect(sim.b.count('cookiesTaken')).toBeGreaterThan(80);
    expect(servers.map(({ received }) => received)).toEqual(clients.map(() => 3000));
    expect(clients.map(({ received }) => received)).toEqual(clients.map(() => 3000));
    expectNothingLeft(sim);
  });

  test('a thousand connections, one after the other, leave the memory as it is', async () => {
    const sim = await Sim.create();
    const { clients } = converse(sim, { count: 100, client: { send: 2000 }, server: { send: 2000 } });
    sim.run();
    const { pages } = sim.b;
    for (let i = 0; i < 9; i++) {
      converse(sim, { count: 100, client: { send: 2000 }, server: { send: 2000 } });
      sim.run();
    }
    expect(clients).toHaveLength(100);
    expect(sim.b.pages).toBe(pages);
    expectNothingLeft(sim);
  });
});

/** Megabits in a second of a transfer of 2 MB over a wire of 100 Mbit/s. */
async function goodput(delay: number, loss: number): Promise<number> {
  const size = 2_000_000;
  const sim = await Sim.create({ wire: { delay, loss, rate: 100, queue: 128_000 }, seed: 7 });
  const { servers } = converse(sim, { client: { send: size } });
  sim.run();
  expect(servers[0]).toMatchObject({ received: size, ended: true, reset: false });
  const { connectedAt = 0, lastAt = 0 } = servers[0] ?? {};
  return (size * 8) / 1e6 / (lastAt - connectedAt);
}

test('goodput by delay (down, in ms one way) and loss (across)', async () => {
  const rows: string[] = ['delay    0%  0.1%    1%    5%'];
  for (const delay of [0.1, 1, 10, 50]) {
    const cells: string[] = [];
    for (const loss of [0, 0.001, 0.01, 0.05])
      cells.push((await goodput(delay, loss)).toFixed(1).padStart(6));
    rows.push(String(delay).padStart(5) + cells.join(''));
  }
  // Deterministic: a change of these numbers is a change of TCP, to be judged.
  expect(rows.join('\n')).toMatchInlineSnapshot(`
    "delay    0%  0.1%    1%    5%
      0.1  95.8  95.2  94.1  67.5
        1  94.7  92.0  52.5  17.7
       10  58.6  49.7   5.3   2.5
       50  12.9  10.6   1.2   0.5"
  `);
});
