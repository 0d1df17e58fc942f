// Orchestrators elsewhere that somebody has given a name: a folder with a file for each, in that person's own folder. There is nothing secret in them:
// they say where the certificates are.
import * as fs from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { publishFile, removeFile } from '../files.ts';
import { label } from '../protocol/name.ts';
import type { Kept, Remote } from './remote-format.ts';

/** Bytes of the largest file that is looked into. */
const FILE_MAX = 16 << 10;
/** Remotes that are listed; nobody has as many. */
const REMOTES_MAX = 1000;

/** Loaded where there is a file only: most hosts that are asked have no name here. */
const format = async (): Promise<typeof Kept> => (await import('./remote-format.ts')).Kept;

/** Where the remotes of whoever runs this are (XDG Base Directory Specification). */
export function remotesFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CONFIG_HOME: config = '' } = environment;
  return join(isAbsolute(config) ? config : join(homedir(), '.config'), 'kittiwake', 'remotes');
}

/** @throws ProtocolError (name) where no remote is called so. */
const fileOf = (folder: string, name: string): string => join(folder, `${label(name)}.json`);

async function read(path: string): Promise<Remote> {
  try {
    if ((await fs.stat(path)).size > FILE_MAX) throw new Error('too large');
    const text = await fs.readFile(path, 'utf8');
    return (await format()).parse(JSON.parse(text));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    throw new Error(`${path}: it says nothing about a remote; remove it, and add that again`, {
      cause: error,
    });
  }
}

/** Remembers `remote` as `name`. @throws Error with code EEXIST where there is one of that name. */
export async function addRemote(folder: string, name: string, remote: Remote): Promise<void> {
  const path = fileOf(folder, name);
  const kept = (await format()).parse(remote);
  await fs.mkdir(folder, { recursive: true, mode: 0o700 });
  await publishFile(path, `${JSON.stringify(kept, null, 2)}\n`, 0o600);
}

/** @throws Error with code ENOENT where there is none. */
export async function removeRemote(folder: string, name: string): Promise<void> {
  const path = fileOf(folder, name);
  await fs.access(path);
  await removeFile(path);
}

/** All there are, by name; `damaged` is told of files that are none. */
export async function listRemotes(
  folder: string,
  damaged: (line: string) => void,
): Promise<(Remote & { readonly name: string })[]> {
  const files = await fs.readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const found: (Remote & { readonly name: string })[] = [];
  const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  for (const name of names.sort().slice(0, REMOTES_MAX)) {
    try {
      found.push({ name, ...(await read(join(folder, `${name}.json`))) });
    } catch (error) {
      damaged((error as Error).message);
    }
  }
  return found;
}

/** The remote `name`; undefined where nobody gave that name to any. */
export async function remoteOf(folder: string, name: string): Promise<Remote | undefined> {
  try {
    return await read(fileOf(folder, name));
  } catch (error) {
    const { code, name: kind } = error as NodeJS.ErrnoException;
    // An address is no name, and no file.
    if (kind === 'ProtocolError' || code === 'ENOENT') return undefined;
    throw error;
  }
}
