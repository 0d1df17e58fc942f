// The labs of a folder: finding them, reading them with their recordings, writing recordings.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatRecording, LabError, parseLab, parseRecording, type Lab, type Recording } from './lab.ts';
import { readText, writeWhole } from './text.ts';

/** Folders of labs/ that hold no labs. */
const NO_CHAPTERS = ['build', 'cli', 'markdown', 'runner', 'server', 'vm'];

export interface LabWithRecording {
  readonly lab: Lab;
  readonly recording: Recording;
}

/** All labs under `folder`, by name. @throws LabError that names the file and line that breaks the format. */
export async function readLabs(folder: string): Promise<LabWithRecording[]> {
  const chapters = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && !NO_CHAPTERS.includes(entry.name))
    .map(({ name }) => name);
  const ids: string[] = [];
  for (const chapter of chapters.sort()) {
    const files = (await readdir(join(folder, chapter))).sort();
    ids.push(
      ...files.filter((name) => name.endsWith('.sh')).map((name) => `${chapter}/${name.slice(0, -3)}`),
    );
    const orphan = files.find((name) => name.endsWith('.out') && !files.includes(`${name.slice(0, -4)}.sh`));
    if (orphan !== undefined)
      throw new LabError(`labs/${chapter}/${orphan}: a recording of no lab; remove it`);
  }
  return Promise.all(
    ids.map(async (id) => {
      const read = (name: string): Promise<string> => readText(join(folder, name), `labs/${name}`);
      const lab = parseLab(id, await read(`${id}.sh`));
      const recorded = existsSync(join(folder, `${id}.out`)) ? await read(`${id}.out`) : '';
      return { lab, recording: recorded === '' ? new Map() : parseRecording(id, recorded) };
    }),
  );
}

/** Writes the recording of lab `id` under `folder`. @throws LabError if it could not be read again. */
export async function writeRecording(folder: string, id: string, recording: Recording): Promise<void> {
  const text = formatRecording(recording);
  parseRecording(id, text);
  await writeWhole(join(folder, `${id}.out`), text);
}
