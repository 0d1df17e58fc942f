// What runs of labs leave for others: a JSON file of each kind, and a second one that is kept with the handbook when it is published.
import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { $ } from 'zx';
import { readEvidence, type Evidence } from '../runner/evidence.ts';
import { remembered } from '../runner/history.ts';
import { writeWhole } from '../runner/text.ts';
import type { Circumstances, Results } from '../runner/results.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import type { Handbook } from './handbook.ts';

/** What a run leaves; what is published of `results` goes into the history, too. */
type Left = Omit<Evidence, 'history'>;

const DIRTY =
  '--publish: the tree has changes that are not committed, so this run proves no commit; commit them';

/** Whether files differ from the commit, but for the evidence itself. */
async function isDirty({ root, published }: Handbook): Promise<boolean> {
  const evidence = published === undefined ? [] : [`:!${relative(root, published)}/*.json`];
  const { stdout } = await $({ cwd: root, quiet: true })`git status --porcelain -- . ${evidence}`;
  return stdout !== '';
}

/** @throws Error if a run could not be published, before anybody waits for it. */
export async function mayPublish(handbook: Handbook): Promise<void> {
  if (await isDirty(handbook)) throw new Error(DIRTY);
  if (handbook.published === undefined) return;
  // What is published goes on with what these hold; where one cannot be read, that would be lost.
  for (const kind of ['flakes', 'control', 'history'] as const)
    await readEvidence(kind, fileOf(handbook.published, kind));
}

function fileOf(folder: string, kind: keyof Evidence): string {
  return join(folder, `${kind}.json`);
}

/** What earlier runs have left of a kind: what is published, then what is here. A file that is wrong is told, and takes nothing from the other. */
export async function earlier<K extends keyof Left>(
  { evidence, published }: Handbook,
  kind: K,
): Promise<Left[K][]> {
  const found: Left[K][] = [];
  for (const folder of [published, evidence]) {
    if (folder === undefined) continue;
    try {
      const one = await readEvidence(kind, fileOf(folder, kind));
      if (one) found.push(one);
    } catch (error) {
      console.error(`not counted: ${(error as Error).message}`);
    }
  }
  return found;
}

/** What the repository says that `handbook` is; nothing where there is none. */
async function ofRepository(handbook: Handbook): Promise<{ commit: string; dirty: boolean }> {
  const head = await $({ cwd: handbook.root, quiet: true, nothrow: true })`git rev-parse HEAD`;
  if (head.exitCode !== 0) return { commit: '', dirty: true };
  return { commit: head.stdout.trim(), dirty: await isDirty(handbook) };
}

/** Begins to keep the time; what is returned says at the end what a run was made of and on. */
export function begin(handbook: Handbook, snapshot: Snapshot): () => Promise<Circumstances> {
  const startedAt = new Date().toISOString();
  const started = performance.now();
  return async () => {
    const { commit, dirty } = handbook.made ?? (await ofRepository(handbook));
    return {
      version: 1,
      commit,
      dirty,
      startedAt,
      durationMs: Math.round(performance.now() - started),
      vm: { digest: snapshot.digest, accelerator: snapshot.accelerator.name, qemu: snapshot.qemu },
      images: await handbook.images(),
    };
  };
}

/**
 * Leaves `evidence` where runs leave it, and where it is published if that is asked for; prints it where that is.
 * @throws Error if it may not be published.
 */
export async function leave<K extends keyof Left>(
  { evidence: folder, published }: Handbook,
  kind: K,
  evidence: Left[K],
  { publish, json }: { readonly publish: boolean; readonly json: boolean },
): Promise<void> {
  const text = `${JSON.stringify(evidence, null, 2)}\n`;
  await mkdir(folder, { recursive: true });
  await writeWhole(fileOf(folder, kind), text);
  if (publish && published !== undefined) {
    if (evidence.dirty) throw new Error(DIRTY);
    await writeWhole(fileOf(published, kind), text);
    if (kind === 'results') await remember(published, evidence as Results);
    console.error(`published: ${kind}.json`);
  }
  if (json) console.log(text.trimEnd());
}

/** Puts the runs of `results` behind those that were published before. */
async function remember(published: string, results: Results): Promise<void> {
  const file = fileOf(published, 'history');
  const before = await readEvidence('history', file);
  await writeWhole(file, `${JSON.stringify(remembered(before, results))}\n`);
}
