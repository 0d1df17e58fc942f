// What readers have done: a file each, which only says how each part went last. What was done with other commands does not count.
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../runner/text.ts';
import { newSecret } from './gate.ts';

const done = z.object({
  digest: z.string().max(64),
  outcome: z.enum(['passed', 'failed']),
  at: z.iso.datetime(),
});
/** How a part went last. */
export type Done = z.infer<typeof done>;

const file = z.object({ version: z.literal(1), labs: z.record(z.string(), z.record(z.string(), done)) });

/** Readers whose files are kept: those who were here last. */
const READERS_MAX = 200;
/** No file that we wrote is as long. */
const FILE_MAX = 1024 * 1024;
const READER = /^[\w-]{22}$/;

export class Progress {
  readonly #file: string;
  readonly #labs: Map<string, Map<string, Done>>;
  #writing = Promise.resolve();
  #dirty = false;

  private constructor(path: string, labs: Map<string, Map<string, Done>>) {
    this.#file = path;
    this.#labs = labs;
  }

  /** What `reader` has done, as kept in `folder`; undefined where that is nobody's name. */
  static async of(folder: string, reader: string): Promise<Progress | undefined> {
    if (!READER.test(reader)) return undefined;
    const path = join(folder, `${reader}.json`);
    const { size } = await stat(path).catch(() => ({ size: Infinity }));
    if (size > FILE_MAX) return undefined;
    try {
      const { labs } = file.parse(JSON.parse(await readFile(path, 'utf8')));
      return new Progress(
        path,
        new Map(Object.entries(labs).map(([id, of]) => [id, new Map(Object.entries(of))])),
      );
    } catch {
      return undefined;
    }
  }

  /** A new reader, who has done nothing yet. */
  static async begin(folder: string): Promise<{ readonly reader: string; readonly progress: Progress }> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await removeOldest(folder);
    const reader = newSecret();
    const progress = new Progress(join(folder, `${reader}.json`), new Map());
    progress.#save();
    await progress.saved();
    return { reader, progress };
  }

  /** Removes what is kept of `reader`. */
  static async forget(folder: string, reader: string): Promise<void> {
    if (READER.test(reader)) await rm(join(folder, `${reader}.json`), { force: true });
  }

  get(lab: string, part: string): Done | undefined {
    return this.#labs.get(lab)?.get(part);
  }

  set(lab: string, part: string, how: Done): void {
    const parts = this.#labs.get(lab) ?? new Map<string, Done>();
    this.#labs.set(lab, parts.set(part, how));
    this.#save();
  }

  /** When all is on the disk. */
  saved(): Promise<void> {
    return this.#writing;
  }

  #save(): void {
    if (this.#dirty) return; // what is written next has it
    this.#dirty = true;
    this.#writing = this.#writing.then(async () => {
      this.#dirty = false;
      const labs = Object.fromEntries([...this.#labs].map(([id, parts]) => [id, Object.fromEntries(parts)]));
      await writeWhole(this.#file, `${JSON.stringify({ version: 1, labs })}\n`).catch((error: unknown) =>
        console.error(`lab server: a reader's progress is not kept: ${(error as Error).message}`),
      );
    });
  }
}

async function removeOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  if (names.length < READERS_MAX) return;
  const aged = await Promise.all(
    names.map(async (name) => ({
      name,
      at: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  aged.sort((a, b) => b.at - a.at);
  for (const { name } of aged.slice(READERS_MAX - 1)) await rm(join(folder, name), { force: true });
}
