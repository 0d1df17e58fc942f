// Small tar archives for the website image, and bytes that are easy to make and easy to check.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A site in a folder of its own under the system's temporary files. */
export interface Site extends Disposable {
  /** The archive, for `--block:data=`. */
  readonly archive: string;
}

/** `size` bytes that look random and are the same for the same seed (xorshift32). */
export function noise(size: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return Buffer.from(words.buffer, 0, size);
}

/** Packs `files`, by their paths in the site, as tar(1) does: ustar, owner 0, records of whole sectors. */
export function site(files: Readonly<Record<string, string | Uint8Array>>): Site {
  const folder = mkdtempSync(join(tmpdir(), 'kittiwake-site-'));
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, 'site', name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  const archive = join(folder, 'site.tar');
  const options = ['--format=ustar', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@1700000000'];
  execFileSync('tar', [...options, '-C', join(folder, 'site'), '-cf', archive, ...Object.keys(files)]);
  return { archive, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
