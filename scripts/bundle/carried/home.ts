// Where the bundle lies that this program, lib/handbook.mjs, is part of. Nothing is ever written there.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Contents } from './files.ts';

/** Its folder. */
export const home = join(import.meta.dirname, '..');

/** A file or folder of the bundle's. */
export const carried = (...names: readonly string[]): string => join(home, ...names);

export const contents = JSON.parse(readFileSync(carried('bundle.json'), 'utf8')) as Contents;

/** For what is to stay: `$XDG_STATE_HOME/kittiwake`, else `~/.local/state/kittiwake`. */
export const stateFolder = join(
  process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'),
  'kittiwake',
);
