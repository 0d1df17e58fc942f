// Whoever was let in, and whoever they let in, with any certificates they have or write for themselves, presented in any order: by TLS, to a daemon.
import * as fs from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Client, locally } from '../../../runtime/client/socket.ts';
import { keyOf } from '../../../runtime/protocol/fingerprint.ts';
import type { Command } from '../../../runtime/protocol/command.ts';
import { issueAuthority, newKeys, type Issuer } from '../../../runtime/protocol/issue.ts';
import type { Keys } from '../../../runtime/protocol/x509/request.ts';
import { formatName } from '../../../runtime/protocol/name.ts';
import { exceeds, type Policy } from '../../../runtime/protocol/policy.ts';
import * as any from '../../protocol/arbitraries.ts';
import { config, create, IMAGE, INFO, text, World } from './world.ts';

const LIMIT_MS = 240_000;
const SEED = 20261121;

let world: World;
beforeEach(async () => {
  world = await World.begin({ perAddress: 200, revokedMs: 50 });
});
afterEach(() => world.end());

const PATHS = [['a'], ['a', 'b'], ['a', 'c'], ['a', 'b', 'd']] as const;
type Path = (typeof PATHS)[number];
const keyed = (path: readonly string[]): string => path.join(':');

/** A certificate of a path, and how many seconds ago it was issued: a smaller number counts. */
interface Issued {
  readonly issuer: Issuer;
  readonly policy: Policy;
  readonly ago: number;
}

/** Each path has one key, and any number of certificates: their holders write what they like for those below. */
class Authorities {
  /** Certificates count seconds. */
  readonly #begin = Math.floor(Date.now() / 1000) * 1000;
  readonly #keys = new Map<string, Keys>();
  readonly #issued = new Map<string, Issued[]>();

  #key(path: readonly string[]): Keys {
    const known = this.#keys.get(keyed(path)) ?? newKeys();
    this.#keys.set(keyed(path), known);
    return known;
  }

  issue(path: Path, policy: Policy, ago: number): void {
    const { publicKey, privateKey } = this.#key(path);
    const above = path.slice(0, -1);
    // Any certificate of an authority has its name and its key.
    const [signer] = this.of(above);
    const by =
      above.length === 0
        ? world.root
        : signer && { certificate: signer.issuer.certificate, key: signer.issuer.key };
    if (!by) return;
    vi.setSystemTime(this.#begin - ago * 1000);
    const certificate = issueAuthority(by, path.at(-1) ?? '', publicKey, policy);
    vi.useRealTimers();
    this.of(path).push({ issuer: { certificate, key: privateKey }, policy, ago });
  }

  of(path: readonly string[]): Issued[] {
    const known = this.#issued.get(keyed(path)) ?? [];
    this.#issued.set(keyed(path), known);
    return known;
  }
}

const policy: fc.Arbitrary<Policy> = fc.record(
  {
    cpuids: fc.subarray([0, 1], { minLength: 1 }),
    unikernels: fc.integer({ min: 0, max: 4 }),
    memory: fc.integer({ min: 20, max: 150 }),
    block: fc.nat(20),
    bridges: fc.constant(['service']),
  },
  { requiredKeys: ['cpuids', 'unikernels', 'memory', 'bridges'] },
);
/** One that those above may well allow. */
const fitting = (depth: number): fc.Arbitrary<Policy> =>
  fc.record({
    cpuids: fc.constant([0, 1]),
    unikernels: fc.integer({ min: 5 - depth, max: 6 - depth }),
    memory: fc.integer({ min: 140 - depth * 30, max: 160 - depth * 30 }),
    block: fc.integer({ min: 80 - depth * 20, max: 90 - depth * 20 }),
    bridges: fc.constant(['service']),
  });
const issuing = fc.constantFrom(...PATHS).chain((path) =>
  fc.record({
    path: fc.constant(path),
    policy: fc.oneof({ weight: 4, arbitrary: fitting(path.length) }, { weight: 1, arbitrary: policy }),
    ago: fc.integer({ min: 20, max: 60 }),
  }),
);
const smallest = (depth: number): Policy => ({
  ...{ cpuids: [0, 1], unikernels: 4 - depth, memory: 130 - depth * 30, block: 50 - depth * 10 },
  bridges: ['service'],
});
const step = fc.record({
  path: fc.constantFrom(...PATHS),
  chosen: fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
  label: fc.constantFrom('x', 'y', 'z'),
  does: fc.oneof(
    { weight: 5, arbitrary: fc.constant('create' as const) },
    { weight: 2, arbitrary: fc.constant('forceCreate' as const) },
    { weight: 1, arbitrary: fc.constant('destroy' as const) },
    { weight: 2, arbitrary: fc.constant('add' as const) },
  ),
  memory: fc.integer({ min: 1, max: 70 }),
  cpu: fc.nat(1),
});

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** What the daemon itself says are the limits, by their paths. */
async function standing(): Promise<Map<string, Policy>> {
  const asked = { kind: 'policy', value: { kind: 'info' } } as const;
  const said = await new Client(locally(world.folder)).ask({ path: [] }, asked);
  const all = said.kind === 'policies' ? said.value : [];
  return new Map(all.map(({ name, policy: limit }) => [keyed(name.path), limit]));
}

interface Had {
  readonly path: readonly string[];
  readonly memory: number;
  readonly cpu: number;
}

test(
  'no sequence of certificates gives more than the newest policy of every path above',
  async () => {
    let [made, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(issuing, { minLength: 8, maxLength: 12 }),
        fc.array(step, { minLength: 20, maxLength: 30 }),
        async (issues, steps) => {
          await world.end();
          world = await World.begin({ perAddress: 200 });
          const authorities = new Authorities();
          // Those above first, so that there is somebody to issue those below.
          for (const path of PATHS) authorities.issue(path, smallest(path.length), 70);
          for (const { path, policy: given, ago } of issues) authorities.issue(path, given, ago);
          const running = new Map<string, Had>();
          const blocks = new Map<string, { readonly path: readonly string[]; readonly size: number }>();
          /** Of each path, all that were presented, and how long ago the newest was issued that was presented with success. */
          const presented = new Map<string, Issued[]>();
          const newest = new Map<string, number>();
          for (const { path, chosen, label, does, memory, cpu } of steps) {
            const chain = path.map((_, depth) => {
              const candidates = authorities.of(path.slice(0, depth + 1));
              return candidates[(chosen[depth] ?? 0) % candidates.length] as Issued;
            });
            const [leaf, ...above] = chain.map(({ issuer }) => issuer).reverse();
            const name = formatName({ path, label });
            const wanted = { ...config, image: IMAGE, memory, cpuids: [cpu] };
            const command: Command =
              does === 'add'
                ? { kind: 'block', value: { kind: 'add', value: memory } }
                : does === 'destroy'
                  ? { kind: 'unikernel', value: { kind: 'destroy' } }
                  : { kind: 'unikernel', value: { kind: does, value: wanted } };
            for (const [depth, one] of chain.entries()) {
              const key = keyed(path.slice(0, depth + 1));
              presented.set(key, [...(presented.get(key) ?? []), one]);
            }
            const shown = world.leaf(leaf as Issuer, above, label, command);
            const [answer] = await world.ask(shown);
            if (answer?.payload.kind !== 'success') {
              refused += 1;
              continue;
            }
            if (does === 'destroy') {
              running.delete(name);
              continue;
            }
            made += 1;
            if (does === 'add') blocks.set(name, { path, size: memory });
            else running.set(name, { path, memory, cpu });
            const limits = await standing();
            for (const [depth, { ago }] of chain.entries()) {
              const key = keyed(path.slice(0, depth + 1));
              const limit = limits.get(key);
              if (!limit) throw new Error(`${key} has no limit`);
              const latest = Math.min(newest.get(key) ?? Infinity, ago);
              newest.set(key, latest);
              // It comes from a certificate that was presented, and from none older than one that counted before.
              const sources = presented.get(key)?.filter((one) => one.ago <= latest) ?? [];
              expect(sources.some((one) => exceeds(limit, one.policy) === undefined)).toBe(true);
              const below = <T extends { readonly path: readonly string[] }>(of: Map<string, T>): T[] =>
                [...of.values()].filter(({ path: its }) => keyed(its.slice(0, depth + 1)) === key);
              if (does === 'add')
                expect(sum(below(blocks).map(({ size }) => size))).toBeLessThanOrEqual(limit.block ?? 0);
              else {
                expect(below(running).length).toBeLessThanOrEqual(limit.unikernels);
                expect(sum(below(running).map((had) => had.memory))).toBeLessThanOrEqual(limit.memory);
                expect(limit.cpuids).toContain(cpu);
              }
            }
          }
          const [all] = await world.ask(world.leaf(world.root, [], undefined, INFO));
          const listed =
            all?.payload.kind === 'success' && all.payload.value.kind === 'unikernels'
              ? all.payload.value.value
              : [];
          expect(listed.map((one) => formatName(one.name)).sort()).toEqual([...running.keys()].sort());
        },
      ),
      { numRuns: 5, seed: SEED, endOnFailure: true },
    );
    // The property says nothing where nothing is made, or nothing refused.
    expect(Math.min(made, refused)).toBeGreaterThan(20);
  },
  LIMIT_MS,
);

test(
  'who was revoked can do nothing, whatever they ask for, and nor can whom they have let in',
  async () => {
    const wide: Policy = { cpuids: [0, 1], unikernels: 50, memory: 2000, block: 500, bridges: ['service'] };
    const authority = (by: Issuer, name: string): Issuer => {
      const { publicKey, privateKey } = newKeys();
      return { certificate: issueAuthority(by, name, publicKey, wide), key: privateKey };
    };
    const team = authority(world.root, 'team');
    const anna = authority(team, 'anna');
    const here = await world.ask(world.leaf(team, [], 'here', create()));
    expect(here[0]?.payload).toEqual(text('created unikernel'));
    await world.ask(world.leaf(team, [], 'disk', { kind: 'block', value: { kind: 'add', value: 1 } }));
    const before = [...world.events];
    await fs.writeFile(world.revoked, `key ${keyOf(team.certificate)}\n`);
    const verbs = new Set<string>();
    // Each kind of command, with whatever arguments, about what is there and what is not.
    for (const command of fc.sample(any.command, { numRuns: 400, seed: SEED })) {
      const verb = `${command.kind} ${command.value.kind}`;
      if (verbs.has(verb)) continue;
      verbs.add(verb);
      for (const [issuer, above] of [
        [team, []],
        [anna, [team]],
      ] as const)
        for (const label of ['here', 'disk']) {
          const [answer, ...more] = await world.ask(world.leaf(issuer, above, label, command));
          expect({ verb, ...answer?.payload }).toEqual({
            ...{ verb, kind: 'failure', value: 'certificate: "CN=team" was revoked' },
          });
          expect(more).toEqual([]);
        }
    }
    expect(verbs.size).toBeGreaterThanOrEqual(30);
    expect(world.events).toEqual(before);
    await fs.writeFile(world.revoked, '');
    const [info] = await world.ask(world.leaf(team, [], undefined, INFO));
    expect(info?.payload).toMatchObject({ value: { value: [{ name: { label: 'here' } }] } });
  },
  LIMIT_MS,
);
