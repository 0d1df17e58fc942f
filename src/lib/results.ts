// The evidence file as the site believes it: somebody's run wrote it, so every field a page shows is checked first.
import { z } from 'astro/zod';
import type { Results } from '../../labs/runner/results.ts';

const time = z.iso.datetime();
const duration = z.number().nonnegative();
const digest = z.string().regex(/^[0-9a-f]{16,64}$/, 'no digest in hexadecimal');

const part = z.object({
  part: z.string(),
  digest,
  outcome: z.enum(['passed', 'failed', 'not-run']),
  exit: z.int().min(0).max(255).nullable(),
  durationMs: duration,
  // 64 KiB, and the line that says it was cut.
  transcript: z.string().max(65_536 + 200),
  console: z.string().max(65_536).optional(),
  slow: z.boolean().optional(),
});

const schema = z.object({
  version: z.literal(1),
  commit: z.string().regex(/^[0-9a-f]{40}$/, 'no commit'),
  dirty: z.boolean(),
  startedAt: time,
  durationMs: duration,
  vm: z.object({ digest, accelerator: z.enum(['kvm', 'tcg']), qemu: z.string().max(100) }),
  images: z.record(z.string(), digest),
  labs: z.array(
    z.object({
      lab: z.string(),
      title: z.string(),
      startedAt: time,
      durationMs: duration,
      parts: z.array(part),
    }),
  ),
});

/**
 * Reads the text of a results file.
 * @throws Error that names `file`, the field and what to do.
 */
export function parseResults(file: string, text: string): Results {
  const remedy = `remove it, or write it anew with 'npm run labs'`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(
      `${file}: no JSON (${error instanceof Error ? error.message : 'unreadable'}); ${remedy}`,
      {
        cause: error,
      },
    );
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${file}: ${issue?.path.join('.')}: ${issue?.message}; ${remedy}`);
}
