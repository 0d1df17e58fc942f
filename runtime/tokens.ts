// Tokens of the HTTP API: a folder with a file for each, by its name. Of the token itself only a hash is there, so that who reads the files can do
// nothing with them. `kittiwake token` makes and removes files, kittiwaked-http looks into the one it was shown, each time: what is removed is over.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { VERBS } from './api/verbs.ts';
import { publishFile, removeFile } from './files.ts';
import { formatName, label, parseName } from './protocol/name.ts';

export const TOKENS = '/etc/kittiwaked/tokens';

/** Bytes of the largest file that is looked into. */
const FILE_MAX = 16 << 10;
const SECRET_BYTES = 32;

const Kept = z.strictObject({
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** A path, or one unikernel's name. */
  scope: z.string().transform((text, context) => {
    try {
      return formatName(parseName(text));
    } catch (error) {
      context.addIssue((error as Error).message);
      return z.NEVER;
    }
  }),
  verbs: z.array(z.enum(VERBS)).min(1),
  created: z.iso.datetime(),
  expires: z.iso.datetime(),
});
export type Kept = z.output<typeof Kept>;
export type Token = Omit<Kept, 'hash'> & { readonly name: string };

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** The file of the token `name`. @throws ProtocolError (name) where no token is called so. */
const fileOf = (folder: string, name: string): string => join(folder, `${label(name)}.json`);

const parsed = (text: string): Kept => Kept.parse(JSON.parse(text));

const shown = (name: string, { scope, verbs, created, expires }: Kept): Token => ({
  ...{ name, scope, verbs, created, expires },
});

/** Makes `folder`, and those above it, readable for kittiwaked-http whatever the umask: who keeps the token to themselves often has one. */
async function makeFolder(folder: string): Promise<void> {
  const first = await fs.mkdir(folder, { recursive: true });
  for (let at = resolve(folder); first !== undefined && at.length >= resolve(first).length; at = dirname(at))
    await fs.chmod(at, 0o755);
}

/** Makes a token. What is returned is told to nobody again. @throws Error with code EEXIST where there is one of that name. */
export async function makeToken(
  folder: string,
  name: string,
  allowed: Omit<Kept, 'hash' | 'created'>,
): Promise<string> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const path = fileOf(folder, name);
  const kept = Kept.parse({ hash: hashOf(secret), created: new Date().toISOString(), ...allowed });
  await makeFolder(folder);
  await publishFile(path, `${JSON.stringify(kept)}\n`, 0o644);
  return `kwt_${label(name)}_${secret}`;
}

/** @throws Error with code ENOENT where there is none. */
export async function removeToken(folder: string, name: string): Promise<void> {
  const path = fileOf(folder, name);
  await fs.access(path);
  await removeFile(path);
}

/** All there are, by name; `damaged` is told of files that are none. */
export async function listTokens(folder: string, damaged: (line: string) => void): Promise<Token[]> {
  const found: Token[] = [];
  const files = await fs.readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  for (const file of files.sort()) {
    if (!file.endsWith('.json')) continue;
    try {
      const kept = parsed(await fs.readFile(join(folder, file), 'utf8'));
      found.push(shown(file.slice(0, -'.json'.length), kept));
    } catch {
      damaged(`${join(folder, file)}: it is no token; remove it`);
    }
  }
  return found;
}

/** What `token` allows; undefined where it is none, or none any longer. */
export function tokenOf(folder: string, token: string, now = Date.now()): Token | undefined {
  const [, name = '', secret = ''] =
    /^kwt_([a-z0-9.][a-z0-9.-]{0,62})_([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
  if (name === '') return undefined;
  let kept: Kept;
  try {
    const text = readFileSync(fileOf(folder, name), 'utf8');
    if (text.length > FILE_MAX) return undefined;
    kept = parsed(text);
  } catch {
    return undefined;
  }
  const same = timingSafeEqual(Buffer.from(kept.hash, 'hex'), Buffer.from(hashOf(secret), 'hex'));
  if (!same || Date.parse(kept.expires) <= now) return undefined;
  return shown(name, kept);
}
