// A tar archive whose first file, `.digests`, holds the checksums by which the unikernels' store verifies all others. Its format
// stands in runtime/libos/store/digests.ts. Any tar unpacks it.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { packTar } from 'modern-tar';

export interface ArchiveFile {
  /** The path, without a leading slash. */
  readonly name: string;
  readonly content: Uint8Array;
}

const CHUNK = 16384;
const BLOCK = 512;
/** Of `.digests`: the fields before the files' records, and a record. */
const HEADER = 24;
const RECORD = 12;

const roundUp = (size: number, to: number): number => Math.ceil(size / to) * to;

async function tar(files: readonly ArchiveFile[], modified: number): Promise<Buffer> {
  const entries = files.map(({ name, content }) => ({
    header: {
      name,
      size: content.length,
      mtime: new Date(modified * 1000),
      mode: 0o644,
      uid: 0,
      gid: 0,
      uname: 'root',
      gname: 'root',
    },
    body: content,
  }));
  return Buffer.from(await packTar(entries));
}

function digests(files: readonly ArchiveFile[], modified: number, rest: Buffer): Buffer {
  const chunks = Math.ceil(rest.length / CHUNK);
  const used = HEADER + files.length * RECORD + chunks * 4 + 4;
  // With its own tar header it ends where a chunk ends.
  const table = Buffer.alloc(roundUp(BLOCK + used, CHUNK) - BLOCK);
  table.write('digests1', 'latin1');
  table.writeUInt32LE(CHUNK, 8);
  table.writeUInt32LE(files.length, 12);
  table.writeBigUInt64LE(BigInt(rest.length), 16);
  files.forEach(({ name, content }, index) => {
    const at = HEADER + index * RECORD;
    createHash('sha256').update(content).digest().copy(table, at, 0, 8);
    const told = Buffer.alloc(16);
    told.writeBigUInt64LE(BigInt(content.length));
    told.writeBigUInt64LE(BigInt(modified), 8);
    table.writeUInt32LE(crc32(told, crc32(name)), at + 8);
  });
  for (let chunk = 0; chunk < chunks; chunk++) {
    const sum = crc32(rest.subarray(chunk * CHUNK, (chunk + 1) * CHUNK));
    table.writeUInt32LE(sum, HEADER + files.length * RECORD + chunk * 4);
  }
  table.writeUInt32LE(crc32(table.subarray(0, -4)), table.length - 4);
  return table;
}

/**
 * The archive of `files` in the order of their names, all modified at `modified` (seconds since 1970), a multiple of 16 KiB long:
 * the same bytes for the same files.
 */
export async function makeArchive(files: readonly ArchiveFile[], modified: number): Promise<Buffer> {
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const body = await tar(sorted, modified);
  const rest = Buffer.concat([body], roundUp(body.length, CHUNK));
  const content = digests(sorted, modified, rest);
  const first = (await tar([{ name: '.digests', content }], modified)).subarray(0, BLOCK + content.length);
  return Buffer.concat([first, rest]);
}
