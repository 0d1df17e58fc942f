// Where networks are remembered: one file a network, `_host.json` for what was changed about the host, and a lock. A file is replaced whole or not
// at all, and is on the disk before anything that depends on it happens.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NetworkError } from './errors.ts';
import { missingTool, toolEnvironment } from './exec.ts';
import { NETWORK_NAME_MAX, type Network } from './model.ts';
import { Damage, formatChanges, formatNetwork, parseChanges, parseNetwork } from './state.ts';
import type { Change } from './sysctl.ts';

export const STATE_FOLDER = '/var/lib/kittiwake/networks';

/** Largest file that is read: a full network is 300 kB. */
const SIZE_MAX = 1 << 20;
/** How long somebody else may hold the lock, in seconds. */
const LOCK_WAIT = 30;
const HOST = '_host';

export interface Store {
  /** Runs `action` while nobody else may; waits for others as many seconds. */
  readonly locked: <Result>(action: () => Result, wait?: number) => Result;
  readonly names: () => string[];
  readonly read: (name: string) => Network | undefined;
  readonly write: (network: Network) => void;
  readonly remove: (name: string) => void;
  readonly readChanges: () => Change[];
  readonly writeChanges: (changes: readonly Change[]) => void;
}

/** The store in `folder`, which is made when something is first written. */
export function folderStore(folder: string = STATE_FOLDER): Store {
  const path = (name: string): string => join(folder, `${name}.json`);
  return {
    locked: (action, wait = LOCK_WAIT) => {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      const lock = openSync(
        join(folder, '.lock'),
        constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
        0o600,
      );
      try {
        take(lock, folder, wait);
        return action();
      } finally {
        closeSync(lock); // With it goes the lock, and it would go with the process.
      }
    },
    names: () => {
      if (!existsSync(folder)) return [];
      const names = readdirSync(folder).flatMap((file) => /^([a-z][a-z0-9-]*)\.json$/.exec(file)?.[1] ?? []);
      return names.filter((name) => name.length <= NETWORK_NAME_MAX).sort();
    },
    read: (name) => parsed(path(name), (text) => parseNetwork(name, text)),
    write: (network) => replace(folder, path(network.name), formatNetwork(network)),
    remove: (name) => {
      rmSync(path(name), { force: true });
      syncFolder(folder);
    },
    readChanges: () => parsed(path(HOST), parseChanges) ?? [],
    writeChanges: (changes) => {
      if (changes.length > 0) return replace(folder, path(HOST), formatChanges(changes));
      rmSync(path(HOST), { force: true });
      syncFolder(folder);
    },
  };
}

/** flock(1) locks the open file it inherits, and the lock outlives it because the file is ours: Node has no flock(2). */
function take(lock: number, folder: string, wait: number): void {
  const { error, status } = spawnSync('flock', ['--exclusive', '--wait', String(wait), '3'], {
    stdio: ['ignore', 'ignore', 'ignore', lock],
    env: toolEnvironment,
  });
  if (error) throw missingTool('flock', error);
  if (status !== 0)
    throw new NetworkError(
      'conflict',
      `${folder}: another kittiwake net has been at work for ${wait} s; wait for it, or end it`,
    );
}

function parsed<Content>(path: string, parse: (text: string) => Content): Content | undefined {
  const text = readBounded(path);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    throw new NetworkError(
      'state',
      `${path}: damaged (${error.message}); put back a copy, or remove it and what it described by hand`,
    );
  }
}

function readBounded(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new NetworkError('state', `${path}: cannot be read (${code}); it must be a file that you may read`);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > SIZE_MAX)
      throw new NetworkError('state', `${path}: not a file of ours; move it away`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** The new content is on the disk under another name before it takes the place of the old. */
function replace(folder: string, path: string, text: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const next = `${path}.new`;
  rmSync(next, { force: true });
  const file = openSync(next, 'wx', 0o644);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
  syncFolder(folder);
}

/** Puts what was made and removed in `folder` on the disk. */
export function syncFolder(folder: string): void {
  const file = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
