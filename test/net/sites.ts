// Small tar archives for the website image.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A site in a folder of its own under the system's temporary files. */
export interface Site extends Disposable {
  /** The archive, for `--block:data=`. */
  readonly archive: string;
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
