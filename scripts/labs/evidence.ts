// What runs of labs leave for others: build/labs/*.json, and labs/*.json when they are published.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { writeWhole } from '../../labs/runner/labs.ts';
import type { Circumstances, Control, Ledger, Results } from '../../labs/runner/results.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { runtimeTree } from '../runtime.ts';
import { root } from '../setup/root.ts';

interface Evidence {
  readonly results: Results;
  readonly flakes: Ledger;
  readonly control: Control;
}

const DIRTY =
  '--publish: the tree has changes that are not committed, so this run proves no commit; commit them';

/** Whether files differ from the commit, but for the evidence itself. */
async function isDirty(): Promise<boolean> {
  const { stdout } = await $({ cwd: root, quiet: true })`git status --porcelain -- . :!labs/*.json`;
  return stdout !== '';
}

/** @throws Error if a run could not be published, before anybody waits for it. */
export async function mayPublish(): Promise<void> {
  if (await isDirty()) throw new Error(DIRTY);
}

/** Begins to keep the time; what is returned says at the end what a run was made of and on. */
export function begin(snapshot: Snapshot): () => Promise<Circumstances> {
  const startedAt = new Date().toISOString();
  const started = performance.now();
  return async () => {
    const commit = (await $({ cwd: root, quiet: true })`git rev-parse HEAD`).stdout.trim();
    const index = JSON.parse(
      await readFile(join(runtimeTree, 'share', 'kittiwake', 'images', 'index.json'), 'utf8'),
    ) as { images: { file: string; sha256: string }[] };
    return {
      version: 1,
      commit,
      dirty: await isDirty(),
      startedAt,
      durationMs: Math.round(performance.now() - started),
      vm: { digest: snapshot.digest, accelerator: snapshot.accelerator.name, qemu: snapshot.qemu },
      images: Object.fromEntries(index.images.map(({ file, sha256 }) => [file, sha256])),
    };
  };
}

/**
 * Leaves `evidence` under build/labs, and under labs where it is to be published. Returns it as it was written.
 * @throws Error if it may not be published.
 */
export async function leave<K extends keyof Evidence>(
  kind: K,
  evidence: Evidence[K],
  publish: boolean,
): Promise<string> {
  const text = `${JSON.stringify(evidence, null, 2)}\n`;
  await mkdir(join(root, 'build', 'labs'), { recursive: true });
  await writeWhole(join(root, 'build', 'labs', `${kind}.json`), text);
  if (publish) {
    if (evidence.dirty) throw new Error(DIRTY);
    await writeWhole(join(root, 'labs', `${kind}.json`), text);
    console.error(`published: labs/${kind}.json`);
  }
  return text.trimEnd();
}
