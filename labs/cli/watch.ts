// Labs while somebody writes them: run again as their files change, from the first part that is another one.
import { watch } from 'node:fs/promises';
import { checkRecording, LabError, partDigests } from '../runner/lab.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import type { Handbook } from './handbook.ts';
import type { Asked } from './options.ts';
import { runAloud } from './queue.ts';

/** An editor writes a file in several steps. */
const SETTLED_AFTER_MS = 200;

/** The first part of `now` that is another one, or expected to do something else, than it was. */
export function firstChanged(
  was: LabWithRecording | undefined,
  { lab, recording }: LabWithRecording,
): string | undefined {
  const before = was && partDigests(was.lab, was.recording);
  const after = partDigests(lab, recording);
  return lab.parts.find(({ name }) => before?.get(name) !== after.get(name))?.name;
}

/** Waits for changes of those of `labs` that were asked for, and runs what changed, until somebody ends it. */
export async function watchLabs(
  handbook: Handbook,
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  asked: Asked,
): Promise<never> {
  if (!handbook.source)
    throw new Error('--watch: the labs of this handbook are not read from files of their own');
  const { folder, read } = handbook.source;
  const known = new Map(labs.map((one) => [one.lab.id, one]));
  for (;;) {
    console.error('waiting for a change; Ctrl-C ends it');
    await changed(folder);
    try {
      for (const one of (await read()).filter(({ lab }) => known.has(lab.id))) {
        const from = firstChanged(known.get(one.lab.id), one);
        if (from === undefined) continue;
        checkRecording(one.lab, one.recording);
        known.set(one.lab.id, one);
        await runAloud(handbook, one, snapshot, { ...asked, from });
      }
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      console.error(error.message);
    }
  }
}

/** Resolves when something under `folder` has changed, and no more changes. */
async function changed(folder: string): Promise<void> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const { filename } of watch(folder, { recursive: true, signal: stop.signal })) {
      if (filename === null || !/\.(sh|out)$/.test(filename)) continue;
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), SETTLED_AFTER_MS);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}
