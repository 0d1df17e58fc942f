// The labs as the site needs them: read once a build, with the evidence of their last run beside each part.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { partDigests, type Lab, type Part, type Recorded } from '../../labs/runner/lab.ts';
import { readLabs, type LabWithRecording } from '../../labs/runner/labs.ts';
import type { Results } from '../../labs/runner/results.ts';
import { evidenceOf, type Evidence } from './evidence.ts';

/** The attribute of a code block that names the part it shows, as `lab="hvt/hello#run"`. */
export const LAB_META = 'lab';

/** Builds run in the project's folder. */
const labsFolder = join(process.cwd(), 'labs');

/** The last run here, else the one kept with the project. */
const RESULTS = [join(process.cwd(), 'build', 'labs', 'results.json'), join(labsFolder, 'results.json')];

let labs: Promise<readonly LabWithRecording[]> | undefined;
let results: Promise<Results | undefined> | undefined;

async function readResults(): Promise<Results | undefined> {
  for (const file of RESULTS) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text) as Results;
  }
  return undefined;
}

/** @throws Error that names the lab nobody wrote. */
async function find(id: string): Promise<LabWithRecording> {
  const all = await (labs ??= readLabs(labsFolder));
  const found = all.find(({ lab }) => lab.id === id);
  if (!found) throw new Error(`no lab '${id}'; there are ${all.map(({ lab }) => lab.id).join(', ')}`);
  return found;
}

export async function handbookLab(id: string): Promise<Lab> {
  return (await find(id)).lab;
}

export interface HandbookPart {
  readonly part: Part;
  /** What it prints, if somebody has recorded it. */
  readonly recorded: Recorded | undefined;
  readonly evidence: Evidence;
}

/** One part of a lab. @throws Error that names the part nobody wrote. */
export async function handbookPart(id: string, name: string): Promise<HandbookPart> {
  const { lab, recording } = await find(id);
  const part = lab.parts.find((one) => one.name === name);
  if (!part) {
    throw new Error(
      `lab '${id}' has no part '${name}'; it has ${lab.parts.map((one) => one.name).join(', ')}`,
    );
  }
  const digest = partDigests(lab, recording).get(name) ?? '';
  const evidence = evidenceOf(await (results ??= readResults()), id, name, digest);
  return { part, recorded: recording.get(name), evidence };
}

/** The part a block's `lab` attribute names, undefined if there is none. */
export async function partOfMeta(meta: string): Promise<Part | undefined> {
  const [id = '', name = ''] = meta.split('#');
  const { part } = await handbookPart(id, name).catch(() => ({ part: undefined }));
  return part;
}
