// The labs as the site needs them: read once a build, with the evidence of their last run beside each part.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readEvidence, type Evidence as Files } from '../../labs/runner/evidence.ts';
import { partDigests, type Lab, type Part, type Recorded } from '../../labs/runner/lab.ts';
import { readLabs, type LabWithRecording } from '../../labs/runner/labs.ts';
import type { Results } from '../../labs/runner/results.ts';
import { placesOf, type Place } from '../../labs/runner/places.ts';
import { evidenceOf, type Evidence } from './evidence.ts';

/** Builds run in the project's folder. */
const labsFolder = join(process.cwd(), 'labs');

/** Where the last run here leaves its evidence, then where it is kept with the project. */
const EVIDENCE = ['build/labs', 'labs'];

let labs: Promise<readonly LabWithRecording[]> | undefined;
let images: Promise<Results['images']> | undefined;
let runs: Promise<readonly Results[]> | undefined;

export function handbookLabs(): Promise<readonly LabWithRecording[]> {
  return (labs ??= readLabs(labsFolder));
}

/** All there is of a kind, the last first. @throws Error that names the file that is wrong, and what to do. */
async function readAll<K extends keyof Files>(kind: K): Promise<readonly Files[K][]> {
  const read = await Promise.all(EVIDENCE.map((folder) => readEvidence(kind, join(folder, `${kind}.json`))));
  return read.filter((one) => one !== undefined);
}

/** What somebody measured: here, or else before it was published. Undefined where nobody has. */
export async function readProof<K extends keyof Files>(kind: K): Promise<Files[K] | undefined> {
  return (await readAll(kind))[0];
}

/** sha256 of each image that the lab VM would carry now, by file name. */
async function readImages(): Promise<Results['images']> {
  const { images } = JSON.parse(await readFile('fixtures/images/index.json', 'utf8')) as {
    images: { file: string; sha256: string }[];
  };
  return Object.fromEntries(images.map(({ file, sha256 }) => [file, sha256]));
}

/** @throws Error that begins with `page` and names the lab nobody wrote. */
async function find(page: string, id: string): Promise<LabWithRecording> {
  const all = await handbookLabs();
  const found = all.find(({ lab }) => lab.id === id);
  if (!found)
    throw new Error(`${page}: no lab '${id}'; there are ${all.map(({ lab }) => lab.id).join(', ')}`);
  return found;
}

/** A lab that `page`, the file of a chapter, names. */
export async function handbookLab(page: string, id: string): Promise<Lab> {
  return (await find(page, id)).lab;
}

/** The commands of a part of a lab, or of what is around its parts. @throws Error that names what nobody wrote. */
export async function handbookCommands(page: string, id: string, name: string): Promise<string> {
  const { prepare, restore } = await handbookLab(page, id);
  const section = [prepare, restore].find((one) => one?.name === name);
  return (section ?? (await handbookPart(page, id, name)).part).commands;
}

export interface HandbookPart {
  readonly part: Part;
  /** Where it is typed. */
  readonly place: Place;
  /** Its place in the lab, from 1. */
  readonly number: number;
  /** How many parts the lab has. */
  readonly of: number;
  /** As results have it, and what a reader has done. */
  readonly digest: string;
  /** What it prints, if somebody has recorded it. */
  readonly recorded: Recorded | undefined;
  readonly evidence: Evidence;
}

/** A part of a lab that `page`, the file of a chapter, names. @throws Error that names the part nobody wrote. */
export async function handbookPart(page: string, id: string, name: string): Promise<HandbookPart> {
  const { lab, recording } = await find(page, id);
  const part = lab.parts.find((one) => one.name === name);
  const place = placesOf(lab, recording).get(name);
  if (!part || !place) {
    const names = lab.parts.map((one) => one.name).join(', ');
    throw new Error(`${page}: lab '${id}' has no part '${name}'; it has ${names}`);
  }
  const digest = partDigests(lab, recording).get(name) ?? '';
  const evidence = evidenceOf(
    await (runs ??= readAll('results')),
    id,
    name,
    digest,
    await (images ??= readImages()),
  );
  return {
    part,
    place,
    number: lab.parts.indexOf(part) + 1,
    of: lab.parts.length,
    digest,
    recorded: recording.get(name),
    evidence,
  };
}
