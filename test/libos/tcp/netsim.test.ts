// Whole transfers over bad wires: every byte arrives, both ends close, nothing is left, and the goodput stays what it was.
import { describe, expect, test } from 'vitest';
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
