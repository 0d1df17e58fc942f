// What policies allow: case by case, and at random, where no order of events may exceed any of them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mayAddBlock, mayCreate, mayHavePolicy, mayReplace, usage } from '../../runtime/daemon/resources.ts';
import { changed, EMPTY, type Table, type Unikernel } from '../../runtime/daemon/table.ts';
import { formatName, parseName } from '../../runtime/protocol/name.ts';
import { exceeds, type Policy } from '../../runtime/protocol/policy.ts';

const plain: Unikernel['config'] = {
  typ: 'solo5',
  addName: true,
  failBehaviour: { kind: 'quit' },
  cpuids: [0],
  memory: 32,
  blocks: [],
  bridges: [],
  cpus: 1,
};
const wide: Policy = { cpuids: [0, 1], unikernels: 3, memory: 128, block: 100, bridges: ['service'] };

function running(table: Table, written: string, config = plain): Table {
  const name = parseName(written);
  const unikernel = { name, config, digest: '' };
  return { ...table, unikernels: changed(table.unikernels, formatName(name), unikernel) };
}
const limited = (table: Table, path: string, policy: Policy): Table => ({
  ...table,
  policies: changed(table.policies, path, policy),
});
function disk(table: Table, written: string, size: number): Table {
  const name = parseName(written);
  return { ...table, blocks: changed(table.blocks, formatName(name), { name, size }) };
}
const create = (
  table: Table,
  written: string,
  config: Partial<Unikernel['config']> = {},
): string | undefined => mayCreate(table, parseName(written), { ...plain, ...config });

describe('a unikernel', () => {
  const team = limited(EMPTY, 'team:', wide);
  const busy = running(running(team, 'team:a'), 'team:b');

  test.each<[string, string | undefined, string | undefined]>([
    ['where nothing is limited', create(EMPTY, 'x', { memory: 1 << 20 }), undefined],
    ['at the limit', create(busy, 'team:c', { memory: 64 }), undefined],
    [
      'above the memory',
      create(busy, 'team:c', { memory: 65 }),
      'policy of team: allows 128 MB of memory: 64 MB in use, 65 MB more wanted',
    ],
    [
      'above the number',
      create(running(busy, 'team:c'), 'team:d'),
      'policy of team: allows 3 of unikernels: 3 in use, 1 more wanted',
    ],
    ['of another path', create(running(busy, 'team:c'), 'other:d'), undefined],
    [
      'on another CPU',
      create(team, 'team:a', { cpuids: [1, 2] }),
      'policy of team: does not allow CPU 2; it allows 0, 1',
    ],
    [
      'on another bridge',
      create(team, 'team:a', { bridges: [{ name: 'service', bridge: 'lan' }] }),
      'policy of team: does not allow bridge lan; it allows service',
    ],
    ['on the bridge of its name', create(team, 'team:a', { bridges: [{ name: 'service' }] }), undefined],
    ['of a name that is taken', create(busy, 'team:a'), 'Unikernel with same name is already running'],
    [
      'below a path that is full',
      create(limited(running(busy, 'team:c'), 'team:anna:', wide), 'team:anna:d'),
      'policy of team: allows 3 of unikernels: 3 in use, 1 more wanted',
    ],
    ['with a disk', create(disk(team, 'team:data', 10), 'team:a', { blocks: [{ name: 'data' }] }), undefined],
    [
      'with a disk of another path',
      create(disk(team, 'data', 10), 'team:a', { blocks: [{ name: 'data' }] }),
      'block device team:data: there is none',
    ],
    [
      'with a disk that another has',
      create(
        running(disk(team, 'team:data', 10), 'team:b', {
          ...plain,
          blocks: [{ name: 'x', hostDevice: 'data' }],
        }),
        'team:a',
        { blocks: [{ name: 'data' }] },
      ),
      'block device team:data: team:b uses it',
    ],
  ])('%s', (_, answer, expected) => {
    expect(answer).toBe(expected);
  });

  test('as Albatross counts, only the path of its own limits it', () => {
    const full = limited(
      running(limited(EMPTY, 'team:', { ...wide, unikernels: 1 }), 'team:a'),
      'team:anna:',
      wide,
    );
    const name = parseName('team:anna:d');
    expect(mayCreate(full, name, plain, 'ancestors')).toMatch(/^policy of team:/);
    expect(mayCreate(full, name, plain, 'own')).toBeUndefined();
  });

  test('in place of another, what that one has is free again', () => {
    const full = running(limited(EMPTY, 'team:', { ...wide, unikernels: 1, memory: 32 }), 'team:a');
    expect(mayReplace(full, parseName('team:a'), plain)).toBeUndefined();
    expect(mayReplace(full, parseName('team:b'), plain)).toMatch(/unikernels/);
    expect(mayReplace(full, parseName('team:a'), { ...plain, memory: 33 })).toMatch(/memory/);
  });
});

test.each([
  ['data', 100, undefined],
  ['data', 101, 'policy of team: allows 100 MB of block devices: 0 MB in use, 101 MB more wanted'],
  ['taken', 1, 'block device with same name already exists'],
])('block device %s of %d MB', (label, size, expected) => {
  const table = disk(limited(EMPTY, 'team:', wide), 'team:taken', 0);
  expect(mayAddBlock(table, { name: { path: ['team'], label }, size })).toBe(expected);
});

test('where a policy has no block devices, none is made', () => {
  const { cpuids, unikernels, memory, bridges } = wide;
  const table = limited(EMPTY, 'team:', { cpuids, unikernels, memory, bridges });
  expect(mayAddBlock(table, { name: parseName('team:x'), size: 0 })).toBe(
    'policy of team: allows no block devices',
  );
});

describe('a policy', () => {
  const table = running(limited(limited(EMPTY, 'a:', wide), 'a:b:c:', { ...wide, memory: 64 }), 'a:b:x');
  const own = { path: ['a', 'b'] };

  test.each<[string, Partial<Policy>, string | undefined]>([
    ['between its neighbours', { memory: 100 }, undefined],
    ['above the one above', { memory: 129 }, 'policy of a: is exceeded: memory: 129 MB, of 128 MB allowed'],
    [
      'below the one below',
      { memory: 63 },
      'policy of a:b:c: would exceed it: memory: 64 MB, of 63 MB allowed',
    ],
  ])('%s', (_, changes, expected) => {
    expect(mayHavePolicy(table, own, { ...wide, ...changes })).toBe(expected);
  });

  test.each<[string, Partial<Policy>, string]>([
    ['memory', { memory: 31 }, '32 MB of memory are in use already'],
    ['unikernels', { unikernels: 0 }, '1 of unikernels are in use already'],
    ['CPUs', { cpuids: [1] }, 'CPU 0 is in use already'],
  ])('of fewer %s than are in use', (_, changes, expected) => {
    expect(mayHavePolicy(running(EMPTY, 'a:x'), { path: ['a'] }, { ...wide, ...changes })).toBe(expected);
  });

  test("is not limited by the root's, which is what the host has", () => {
    expect(mayHavePolicy(limited(EMPTY, ':', { ...wide, memory: 1 }), own, wide)).toBeUndefined();
  });
});

test('whatever is asked in whatever order, no path ever has more than its policy', () => {
  const path = fc.constantFrom([], ['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'd']);
  const label = fc.constantFrom('x', 'y', 'z');
  const name = fc.record({ path, label });
  const policy = fc.record(
    {
      cpuids: fc.subarray([0, 1]),
      unikernels: fc.nat(4),
      memory: fc.nat(100),
      block: fc.nat(50),
      bridges: fc.subarray(['s', 't']),
    },
    { requiredKeys: ['cpuids', 'unikernels', 'memory', 'bridges'] },
  );
  const event = fc.oneof(
    fc.record({
      kind: fc.constantFrom('create' as const, 'replace' as const),
      name,
      memory: fc.nat(60),
      cpuids: fc.subarray([0, 1], { minLength: 1 }),
      bridges: fc.subarray(['s', 't']),
    }),
    fc.record({ kind: fc.constant('destroy' as const), name }),
    fc.record({ kind: fc.constant('remove' as const), name }),
    fc.record({ kind: fc.constant('disk' as const), name, size: fc.nat(30) }),
    fc.record({ kind: fc.constant('policy' as const), path, policy }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let table = EMPTY;
      for (const asked of events) {
        if (asked.kind === 'policy') {
          if (mayHavePolicy(table, { path: asked.path }, asked.policy) === undefined)
            table = limited(table, formatName({ path: asked.path }), asked.policy);
        } else if (asked.kind === 'disk') {
          if (mayAddBlock(table, asked) === undefined)
            table = disk(table, formatName(asked.name), asked.size);
        } else if (asked.kind === 'destroy')
          table = { ...table, unikernels: changed(table.unikernels, formatName(asked.name), undefined) };
        else if (asked.kind === 'remove')
          table = {
            ...table,
            policies: changed(table.policies, formatName({ path: asked.name.path }), undefined),
          };
        else {
          const { memory, cpuids } = asked;
          const config = {
            ...plain,
            memory,
            cpuids,
            bridges: asked.bridges.map((bridge) => ({ name: bridge })),
          };
          const may = asked.kind === 'create' ? mayCreate : mayReplace;
          if (may(table, asked.name, config) === undefined)
            table = running(table, formatName(asked.name), config);
        }
        for (const [at, limit] of table.policies) {
          const used = usage(table, parseName(at));
          expect(used.unikernels).toBeLessThanOrEqual(limit.unikernels);
          expect(used.memory).toBeLessThanOrEqual(limit.memory);
          expect(used.block).toBeLessThanOrEqual(limit.block ?? 0);
          for (const [below, granted] of table.policies)
            if (at !== ':' && below.startsWith(at)) expect(exceeds(granted, limit)).toBeUndefined();
        }
      }
    }),
    { numRuns: 1500, seed: 9 },
  );
});
