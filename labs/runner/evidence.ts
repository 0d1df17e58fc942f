// Files of evidence as they are read again: somebody's run wrote them, perhaps of another version, so every field is checked before it is believed.
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import type { History } from './history.ts';
import { printable } from './report.ts';
import type { Control, Ledger, Results } from './results.ts';

/** What there is of each kind, in a file of its name. */
export interface Evidence {
  readonly results: Results;
  readonly flakes: Ledger;
  readonly control: Control;
  readonly history: History;
}

/** Bytes of the largest file that is read: a hundred times what all labs of this handbook leave. */
export const FILE_MAX = 32 * 2 ** 20;

const time = z.iso.datetime();
const duration = z.number().nonnegative();
const count = z.int().nonnegative();
const digest = z.string().regex(/^[0-9a-f]{16,64}$/, 'no digest in hexadecimal');
// Of a handbook that is in no repository there is none.
const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})?$/, 'no commit');

const circumstances = {
  version: z.literal(1),
  commit,
  dirty: z.boolean(),
  startedAt: time,
  durationMs: duration,
  vm: z.object({ digest, accelerator: z.enum(['kvm', 'tcg']), qemu: z.string().max(100) }),
  images: z.record(z.string(), digest),
};

const part = z.object({
  part: z.string(),
  digest,
  outcome: z.enum(['passed', 'failed', 'not-run']),
  exit: z.int().min(0).max(255).nullable(),
  durationMs: duration,
  // 64 KiB, and the line that says it was cut.
  transcript: z.string().max(65_536 + 200),
  console: z.string().max(65_536).optional(),
  endsIn: z.string().exactOptional(),
  slow: z.boolean().optional(),
});

const SCHEMAS: { readonly [K in keyof Evidence]: z.ZodType<Evidence[K]> } = {
  results: z.object({
    ...circumstances,
    labs: z.array(
      z.object({
        lab: z.string(),
        title: z.string(),
        startedAt: time,
        durationMs: duration,
        busy: z.object({ ranMs: duration, idleMs: duration }).exactOptional(),
        parts: z.array(part),
      }),
    ),
  }),
  flakes: z.object({
    ...circumstances,
    seed: count,
    labs: z.array(
      z.object({
        lab: z.string(),
        parts: z.array(z.object({ part: z.string(), digest, runs: count, passed: count })),
      }),
    ),
  }),
  control: z.object({
    ...circumstances,
    parts: z.array(
      z.object({
        lab: z.string(),
        part: z.string(),
        digest,
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
      z.array(z.object({ at: time, commit, outcome: z.enum(['passed', 'failed']), durationMs: duration })),
    ),
  }),
};

/** What mends a file of each kind, once it is out of the way. */
const REMEDIES: { readonly [K in keyof Evidence]: string } = {
  results: 'remove it, and run the labs again',
  flakes: 'remove it, and run the labs again with --repeat',
  control: 'remove it, and run the labs again with --control',
  history: 'remove it, or take it from an earlier commit',
};

/**
 * What the file of a `kind` holds; undefined where there is none.
 * @throws Error, one line, that names the file, the field and what to do.
 */
export async function readEvidence<K extends keyof Evidence>(
  kind: K,
  file: string,
): Promise<Evidence[K] | undefined> {
  const wrong = (what: string, cause?: unknown): Error =>
    new Error(`${file}: ${what}; ${REMEDIES[kind]}`, { cause });
  let json: unknown;
  try {
    const found = await stat(file);
    if (!found.isFile()) throw wrong('it is no file');
    if (found.size > FILE_MAX) throw wrong(`larger than the ${FILE_MAX} bytes that are read`);
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw wrong('no JSON', error);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = SCHEMAS[kind].safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // Names in the path are the file's, and come to a terminal.
  throw wrong(printable(`${issue?.path.join('.')}: ${issue?.message}`));
}
