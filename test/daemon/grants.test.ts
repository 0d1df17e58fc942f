// Policies of certificates: whatever is presented, in whatever order, nobody gets more than the newest limits above them allow.
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { beyond, decided, granted } from '../../runtime/daemon/grants.ts';
import { mayCreate, usage } from '../../runtime/daemon/resources.ts';
import { changed, EMPTY, type Standing, type Table, type Unikernel } from '../../runtime/daemon/table.ts';
import { issueAuthority, issueRoot, newKeys } from '../../runtime/protocol/issue.ts';
import { formatName, type Name } from '../../runtime/protocol/name.ts';
import type { Policy } from '../../runtime/protocol/policy.ts';

const at = (second: number): Date => new Date(second * 1000);
const policy = (memory: number, more: Partial<Policy> = {}): Policy => ({
  ...{ cpuids: [0, 1], unikernels: 10, memory, block: 100, bridges: ['a', 'b'] },
  ...more,
});

test('the policy that was issued last stays, however often an older one is presented', () => {
  const first = granted(undefined, policy(1024), at(1));
  const lowered = granted(first, policy(256), at(2));
  expect(lowered).toEqual({ ...policy(256), issued: at(2) });
  expect(granted(lowered, policy(1024), at(1))).toBe(lowered);
  expect(granted(lowered, policy(2048), at(3))).toEqual({ ...policy(2048), issued: at(3) });
});

test('one that was set by a person is not raised by what was issued before', () => {
  const set: Standing = { ...policy(64), issued: at(50) };
  expect(granted(set, policy(1024), at(49))).toBe(set);
});

describe('a certificate begins to be valid before it is issued, and beside a policy that was set by a person', () => {
  afterEach(() => void vi.useRealTimers());

  const keys = newKeys();
  const root = { certificate: issueRoot('root', keys), key: keys.privateKey };
  /** The beginning of one that is issued at `ms`. */
  function begins(ms: number): Date {
    vi.setSystemTime(ms);
    return issueAuthority(root, 'team', keys.publicKey, policy(1024)).validFromDate;
  }
  const NOON = Date.parse('2026-11-21T12:00:00Z');

  test.for([0, 1, 500, 999])(
    '%i ms into a second what is issued after it counts, in the next second even',
    (ms) => {
      const set = decided(policy(64), NOON + ms);
      expect(granted(set, policy(1024), begins(NOON + 1000)).memory).toBe(1024);
    },
  );

  test.for([0, 1, 500, 999])('%i ms into a second what was issued before it does not', (ms) => {
    const set = decided(policy(64), NOON + ms);
    expect(granted(set, policy(1024), begins(NOON - 1))).toBe(set);
  });

  test.for([0, 1, 500, 999])('%i ms into a second what was issued in that second may narrow it', (ms) => {
    const set = decided(policy(64), NOON + ms);
    for (const same of [begins(NOON), begins(NOON + 999)]) {
      expect(granted(set, policy(1024), same).memory).toBe(64);
      expect(granted(set, policy(16), same).memory).toBe(16);
    }
  });
});

test('of two of the same second the narrower of both counts', () => {
  const one = granted(undefined, policy(64, { bridges: ['a'] }), at(1));
  expect(granted(one, policy(1024, { cpuids: [1], unikernels: 2 }), at(1))).toEqual({
    ...policy(64, { bridges: ['a'], cpuids: [1], unikernels: 2 }),
    issued: at(1),
  });
  const none = granted(undefined, { cpuids: [], unikernels: 1, memory: 1, bridges: [] }, at(1));
  expect(granted(none, policy(1), at(1)).block).toBeUndefined();
});

test('more than a path above has is refused, with both policies named', () => {
  const table: Table = { ...EMPTY, policies: new Map([['team:', policy(64)]]) };
  expect(beyond(table, { path: ['team', 'anna'] }, policy(65))).toBe(
    'policy of team:anna: is more than policy of team: allows: memory: 65 MB, of 64 MB allowed; have its certificate issued anew',
  );
  expect(beyond(table, { path: ['team'] }, policy(65))).toBeUndefined();
});

// A world of certificates: the root issues those of a path's first label, its holder those of the second and so on, with any policy and at any time.
// Their holder presents any chain of those that exist, in any order and as often as they like, and asks for a unikernel.
interface Issued {
  readonly path: readonly string[];
  readonly policy: Policy;
  readonly issued: number;
}

const PATHS = [['a'], ['a', 'b'], ['a', 'c'], ['a', 'b', 'd']];
const anyPolicy: fc.Arbitrary<Policy> = fc.record(
  {
    cpuids: fc.subarray([0, 1, 2], { minLength: 2 }),
    unikernels: fc.nat(4),
    memory: fc.nat(200),
    block: fc.nat(100),
    bridges: fc.subarray(['a', 'b'], { minLength: 1 }),
  },
  { requiredKeys: ['cpuids', 'unikernels', 'memory', 'bridges'] },
);
const certificates = fc.array(
  fc.record({ path: fc.constantFrom(...PATHS), policy: anyPolicy, issued: fc.nat(20) }),
  { minLength: 4, maxLength: 16 },
);
const attempt = fc.record({
  chosen: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
  path: fc.constantFrom(...PATHS),
  memory: fc.nat(60),
  cpu: fc.nat(2),
  bridge: fc.constantFrom('a', 'b'),
  destroys: fc.boolean(),
});

function unikernel(
  name: Name,
  { memory, cpu, bridge }: { memory: number; cpu: number; bridge: string },
): Unikernel {
  return {
    name,
    digest: '',
    config: {
      ...{ typ: 'solo5', addName: true, failBehaviour: { kind: 'quit' }, cpus: 1 },
      ...{ memory, cpuids: [cpu], blocks: [], bridges: [{ name: 'net', bridge }] },
    },
  };
}

test('no sequence of certificates gives more than the newest policy of every path above', () => {
  let made = 0;
  fc.assert(
    fc.property(certificates, fc.array(attempt, { maxLength: 40 }), (issued, attempts) => {
      let table: Table = EMPTY;
      /** Of each path, the newest that was presented; of several of one second, all. */
      const newest = new Map<string, Issued[]>();
      for (const [number, tried] of attempts.entries()) {
        const chain = tried.path.map((_, depth) => {
          const path = tried.path.slice(0, depth + 1);
          const candidates = issued.filter((one) => one.path.join() === path.join());
          return candidates[(tried.chosen[depth] ?? 0) % candidates.length];
        });
        // Without a certificate for each authority there is no chain.
        if (chain.includes(undefined)) continue;
        let refused = false;
        for (const one of chain as Issued[]) {
          const key = formatName({ path: one.path });
          if (beyond(table, { path: one.path }, one.policy) !== undefined) {
            refused = true;
            break;
          }
          const next = granted(table.policies.get(key), one.policy, at(one.issued));
          table = { ...table, policies: changed(table.policies, key, next) };
          const before = newest.get(key) ?? [];
          const latest = Math.max(one.issued, ...before.map((known) => known.issued));
          newest.set(
            key,
            [...before, one].filter((known) => known.issued === latest),
          );
        }
        const name: Name = { path: tried.path, label: `u${number}` };
        const wanted = unikernel(name, tried);
        if (tried.destroys) {
          const [first] = table.unikernels.keys();
          if (first !== undefined)
            table = { ...table, unikernels: changed(table.unikernels, first, undefined) };
        } else if (!refused && mayCreate(table, name, wanted.config) === undefined) {
          made += 1;
          table = { ...table, unikernels: changed(table.unikernels, formatName(name), wanted) };
          for (const depth of tried.path.keys()) {
            const above = { path: tried.path.slice(0, depth + 1) };
            const used = usage(table, above);
            for (const { policy: limit } of newest.get(formatName(above)) ?? []) {
              expect(used.unikernels).toBeLessThanOrEqual(limit.unikernels);
              expect(used.memory).toBeLessThanOrEqual(limit.memory);
              expect(limit.cpuids).toContain(tried.cpu);
              expect(limit.bridges).toContain(tried.bridge);
            }
          }
        }
      }
    }),
    { numRuns: 3000 },
  );
  // The property says nothing where nothing is made.
  expect(made).toBeGreaterThan(500);
});
