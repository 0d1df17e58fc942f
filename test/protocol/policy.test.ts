// Whether one policy allows no more than another.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exceeds, type Policy } from '../../runtime/protocol/policy.ts';
import { policy } from './arbitraries.ts';

const above: Policy = { cpuids: [0, 1], unikernels: 4, memory: 512, block: 100, bridges: ['service', 'lan'] };

test.each<[string, Partial<Policy>, string | undefined]>([
  ['the same', {}, undefined],
  ['less of everything', { cpuids: [1], unikernels: 1, memory: 16, block: 0, bridges: [] }, undefined],
  ['more unikernels', { unikernels: 5 }, 'unikernels: 5, of 4 allowed'],
  ['no limit of unikernels', { unikernels: Infinity }, 'unikernels: Infinity, of 4 allowed'],
  ['more memory', { memory: 513 }, 'memory: 513 MB, of 512 MB allowed'],
  ['another CPU', { cpuids: [0, 2] }, 'CPU 2 is not allowed'],
  ['another bridge', { bridges: ['wan'] }, 'bridge wan is not allowed'],
  ['more block devices', { block: 101 }, 'block devices: 101 MB, of 100 MB allowed'],
])('%s', (_, changed, cause) => {
  expect(exceeds({ ...above, ...changed }, above)).toBe(cause);
});

test('where block devices are not allowed, none may be', () => {
  const { cpuids, unikernels, memory, bridges } = above;
  const none: Policy = { cpuids, unikernels, memory, bridges };
  expect(exceeds(above, none)).toBe('block devices are not allowed');
  expect(exceeds(none, above)).toBeUndefined();
});

test('no policy allows more than itself, and two that each allow no more are alike', () => {
  fc.assert(
    fc.property(policy, policy, (one, other) => {
      expect(exceeds(one, one)).toBeUndefined();
      if (exceeds(one, other) === undefined && exceeds(other, one) === undefined) {
        expect(new Set(one.cpuids)).toEqual(new Set(other.cpuids));
        expect([one.unikernels, one.memory, one.block]).toEqual([
          other.unikernels,
          other.memory,
          other.block,
        ]);
      }
    }),
    { numRuns: 2000, seed: 2 },
  );
});
