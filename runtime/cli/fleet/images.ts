// Which image a fleet file means, and where its bytes are.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { imageOf } from '../../client/images.ts';
import type { Client } from '../../client/socket.ts';
import { devicesTrouble } from '../../image/devices.ts';
import { ImageError, parseImage } from '../../image/notes.ts';
import { formatName } from '../../protocol/name.ts';
import { saveFile } from '../files.ts';
import { prebuiltImages, type Install } from '../install.ts';
import type { ObservedUnikernel } from './observed.ts';
import type { WantedUnikernel } from './wanted.ts';
import type { WrittenUnikernel } from './schema.ts';

/** Bytes of the largest image that is read. */
const IMAGE_MAX = 256 << 20;

export interface LocalImage {
  /** As the file has it, for people. */
  readonly called: string;
  readonly path: string;
}

interface Found {
  readonly digest: string;
  readonly image?: LocalImage | undefined;
}
interface Lost {
  readonly field: 'image' | 'digest' | 'networks';
  readonly cause: string;
}

/** The bytes of an image, once they are sure to be of `digest`. @throws Error, one line. */
export async function bytesOf({ path }: LocalImage, digest: string): Promise<Uint8Array> {
  const bytes = await readFile(path);
  if (sha256(bytes) === digest) return bytes;
  throw new Error(`${path}: it has changed since it was looked at; try again`);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The image of a unikernel that is given the devices in `config`. */
export async function imageNamed(
  { image, digest }: Pick<WrittenUnikernel, 'image' | 'digest'>,
  config: Pick<WantedUnikernel['config'], 'bridges' | 'blocks'>,
  { file, install }: { readonly file: string; readonly install: Install },
): Promise<Found | Lost> {
  const local = image === undefined ? prebuiltOf(digest, install) : locate(image, dirname(file), install);
  if (local === undefined) {
    if (digest !== undefined) return { digest };
    const cause = `${image ?? ''}: neither a file in ${dirname(file)} nor a prebuilt image; 'kittiwake image list' lists those, and digest names one that the orchestrator has`;
    return { field: 'image', cause };
  }
  const lost = (cause: string): Lost => ({ field: image === undefined ? 'digest' : 'image', cause });
  const found = await stat(local.path).catch(() => undefined);
  if (!found?.isFile() || found.size > IMAGE_MAX)
    return lost(`${local.called}: not a file of ${IMAGE_MAX >> 20} MiB at most; name an image`);
  let bytes: Buffer;
  try {
    bytes = await readFile(local.path);
  } catch (error) {
    return lost(`${local.called}: ${(error as Error).message}; make it readable`);
  }
  const own = sha256(bytes);
  if (digest !== undefined && digest !== own)
    return {
      field: 'digest',
      cause: `${local.called} has the digest ${own}; write that, or name another image`,
    };
  try {
    const notes = parseImage('image', (offset, length) => bytes.subarray(offset, offset + length));
    const trouble = devicesTrouble(notes, config);
    if (trouble !== undefined) return lost(`${local.called}: ${trouble}`);
  } catch (error) {
    if (error instanceof ImageError) return lost(`${local.called}: ${error.message}`);
    throw error;
  }
  return { digest: own, image: local };
}

function locate(image: string, folder: string, install: Install): LocalImage | undefined {
  for (const path of [resolve(folder, image), join(install.images, image)])
    if (existsSync(path)) return { called: image, path };
  return undefined;
}

function prebuiltOf(digest: string | undefined, install: Install): LocalImage | undefined {
  if (!existsSync(join(install.images, 'index.json'))) return undefined;
  const known = prebuiltImages(install).find(({ sha256: own }) => own === digest);
  return known && { called: known.file, path: join(install.images, known.file) };
}

export interface SavingImages {
  readonly folder: string;
  /** The fleet file that names them. */
  readonly beside: string;
  /** Whether an image of that digest needs no file. */
  readonly isKnown: (digest: string) => boolean;
}

/** Makes files of the images of `unikernels`, and tells by their digests how a fleet file names them. One that is there already is not made again. */
export async function saveImages(
  unikernels: readonly ObservedUnikernel[],
  client: Client,
  { folder, beside, isKnown }: SavingImages,
): Promise<Map<string, string>> {
  const saved = new Map<string, string>();
  await mkdir(folder, { recursive: true });
  for (const { name, info } of unikernels) {
    const digest = Buffer.from(info.digest).toString('hex');
    if (isKnown(digest) || saved.has(digest)) continue;
    const { bytes } = await imageOf(client, name);
    const { abi } = parseImage(formatName(name), (offset, length) =>
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(offset, offset + length),
    );
    const path = join(folder, `${digest}.${abi.target}`);
    await saveFile(path, [bytes], { force: true, mode: 0o644 });
    saved.set(digest, relative(dirname(resolve(beside)), resolve(path)));
  }
  return saved;
}
