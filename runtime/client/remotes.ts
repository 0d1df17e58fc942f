// Orchestrators elsewhere that somebody has given a name: a folder with a file for each, in that person's own folder. There is nothing secret in them:
// they say where the certificates are.
import { accessSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { label } from '../protocol/name.ts';
import type { Kept, Remote } from './remote-format.ts';

/** Bytes of the largest file that is looked into. */
const FILE_MAX = 16 << 10;
/** Remotes that are listed; nobody has as many. */
const REMOTES_MAX = 1000;

/** Loaded where there is a file only: most hosts that are asked have no name here. */
const format = async (): Promise<typeof Kept> => (await import('./remote-format.ts')).Kept;

/** Loaded where something is written: most commands look for one remote. */
const files = () => import('../files.ts');

/** Where the remotes of whoever runs this are (XDG Base Directory Specification). */
export function remotesFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CONFIG_HOME: config = '' } = environment;
  return join(isAbsolute(config) ? config : join(homedir(), '.config'), 'kittiwake', 'remotes');
}

/** @throws ProtocolError (name) where no remote is called so. */
const fileOf = (folder: string, name: string): string => join(folder, `${label(name)}.json`);

async function read(path: string): Promise<Remote> {
  try {
    if (statSync(path).size > FILE_MAX) throw new Error('too large');
    const text = readFileSync(path, 'utf8');
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
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { publishFile } = await files();
  await publishFile(path, `${JSON.stringify(kept, null, 2)}\n`, 0o600);
}

/** @throws Error with code ENOENT where there is none. */
export async function removeRemote(folder: string, name: string): Promise<void> {
  const path = fileOf(folder, name);
  accessSync(path);
  const { removeFile } = await files();
  await removeFile(path);
}

function namesIn(folder: string): string[] {
  try {
    const found = readdirSync(folder).filter((file) => file.endsWith('.json'));
    return found.map((file) => file.slice(0, -'.json'.length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** All there are, by name; `damaged` is told of files that are none. */
export async function listRemotes(
  folder: string,
  damaged: (line: string) => void,
): Promise<(Remote & { readonly name: string })[]> {
  const names = namesIn(folder).sort().slice(0, REMOTES_MAX);
  const found: (Remote & { readonly name: string })[] = [];
  for (const name of names) {
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
