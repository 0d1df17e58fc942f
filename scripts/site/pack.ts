// Packs the built pages as the archive the `website` image serves: each file, what it is compressed where that pays, the headers
// of its answers, and the checksums.
import { randomUUID } from 'node:crypto';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { $ } from 'zx';
import { root } from '../setup/root.ts';
import { makeArchive, type ArchiveFile } from './archive.ts';
import { headersFile } from './headers.ts';

export interface Packed {
  readonly files: number;
  /** Files that are also there compressed, by brotli and by gzip. */
  readonly brotli: number;
  readonly gzip: number;
  /** Of the whole archive. */
  readonly bytes: number;
}

/** A compressed file is kept when it is at most this part of the plain one: below that it is not worth its place. */
const WORTH = 0.95;

/** The files in `folder`, none of them hidden. */
async function readFolder(folder: string): Promise<ArchiveFile[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  const files = await Promise.all(
    paths.map(async (path) => ({
      name: relative(folder, path).split(sep).join('/'),
      content: await readFile(path),
    })),
  );
  return files.filter(({ name }) => !name.split('/').some((segment) => segment.startsWith('.')));
}

/** `file` compressed to NAME.br and NAME.gz, each only where it is smaller. */
async function variants({ name, content }: ArchiveFile): Promise<ArchiveFile[]> {
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(content, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
      },
    }),
    promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }),
  ]);
  return [
    { name: `${name}.br`, content: br },
    { name: `${name}.gz`, content: gz },
  ].filter((variant) => variant.content.length <= content.length * WORTH);
}

/** Seconds since 1970 that all files are of: SOURCE_DATE_EPOCH, else the last commit's, else 0. */
export async function packingTime(): Promise<number> {
  const told = process.env['SOURCE_DATE_EPOCH'];
  if (told !== undefined) {
    if (/^\d{1,11}$/.test(told)) return Number(told);
    throw new Error(`SOURCE_DATE_EPOCH is '${told}'; give seconds since 1970, or unset it`);
  }
  const commit = await $({ cwd: root, quiet: true, nothrow: true })`git log -1 --format=%ct`;
  return commit.exitCode === 0 ? Number(commit.stdout) : 0;
}

/** Packs the pages in `folder` to `file`: the same bytes for the same pages and the same commit. */
export async function packFolder(folder: string, file: string): Promise<Packed> {
  const files = await readFolder(folder);
  const compressed = (await Promise.all(files.map(variants))).flat();
  const archive = await makeArchive([...files, ...compressed, headersFile(files)], await packingTime());
  // Nobody may see half an archive, nor one who packs take away another's.
  const next = `${file}.${randomUUID()}.next`;
  try {
    await writeFile(next, archive);
    await rename(next, file);
  } finally {
    await rm(next, { force: true });
  }
  const count = (end: string): number => compressed.filter(({ name }) => name.endsWith(end)).length;
  return { files: files.length, brotli: count('.br'), gzip: count('.gz'), bytes: archive.length };
}
