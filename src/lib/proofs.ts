// The files of evidence besides the last run's, as the site believes them: how often parts passed, what misses them, and the last runs.
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'astro/zod';

const time = z.iso.datetime();
const circumstances = {
  version: z.literal(1),
  commit: z.string().regex(/^[0-9a-f]{40}$/, 'no commit'),
  dirty: z.boolean(),
  startedAt: time,
  vm: z.object({
    digest: z.string().max(64),
    accelerator: z.enum(['kvm', 'tcg']),
    qemu: z.string().max(100),
  }),
};
const count = z.int().nonnegative();

const SCHEMAS = {
  flakes: z.object({
    ...circumstances,
    seed: count,
    labs: z.array(
      z.object({
        lab: z.string(),
        parts: z.array(z.object({ part: z.string(), digest: z.string(), runs: count, passed: count })),
      }),
    ),
  }),
  control: z.object({
    ...circumstances,
    parts: z.array(
      z.object({
        lab: z.string(),
        part: z.string(),
        digest: z.string(),
        at: time,
        noticed: z.discriminatedUnion('by', [
          z.object({ by: z.literal('itself') }),
          z.object({ by: z.literal('part'), part: z.string() }),
          z.object({ by: z.literal('teardown') }),
          z.object({ by: z.literal('nobody'), reason: z.string() }),
        ]),
      }),
    ),
  }),
  history: z.object({
    version: z.literal(1),
    parts: z.record(
      z.string(),
      z.array(
        z.object({
          at: time,
          commit: z.string(),
          outcome: z.enum(['passed', 'failed']),
          durationMs: z.number().nonnegative(),
        }),
      ),
    ),
  }),
} as const;

type Proofs = { readonly [K in keyof typeof SCHEMAS]: z.infer<(typeof SCHEMAS)[K]> };

/**
 * What somebody measured: here, or else before it was published. Undefined where nobody has.
 * @throws Error that names the file, the field and what to do.
 */
export function readProof<K extends keyof Proofs>(kind: K): Proofs[K] | undefined {
  const file = [`build/labs/${kind}.json`, `labs/${kind}.json`].find((name) => existsSync(name));
  return file === undefined ? undefined : parseProof(kind, file, readFileSync(file, 'utf8'));
}

/** @throws Error that names `file`, the field and what to do. */
export function parseProof<K extends keyof Proofs>(kind: K, file: string, text: string): Proofs[K] {
  const remedy = 'remove it, or measure again: npm run labs -- --help';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: no JSON; ${remedy}`, { cause: error });
  }
  const parsed = SCHEMAS[kind].safeParse(json);
  if (parsed.success) return parsed.data as Proofs[K];
  const [issue] = parsed.error.issues;
  throw new Error(`${file}: ${issue?.path.join('.')}: ${issue?.message}; ${remedy}`);
}
