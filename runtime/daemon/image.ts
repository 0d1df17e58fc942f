// Images as clients send and get them: zlib (RFC 1950), or as they are. And what an image says it needs.
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { devicesTrouble } from '../image/devices.ts';
import { parseImage, type Image } from '../image/notes.ts';
import type { Config } from '../protocol/config.ts';

const inflated = promisify(inflate);
const deflated = promisify(deflate);

/** Largest image, uncompressed, in bytes. */
export const IMAGE_MAX = 256 << 20;

/** @throws Error, one line, when it is no zlib stream or too large. */
export async function decompress(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await inflated(bytes, { maxOutputLength: IMAGE_MAX });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(
      code === 'ERR_BUFFER_TOO_LARGE'
        ? `image: it is larger than ${IMAGE_MAX >> 20} MiB`
        : `image: it is not compressed as it says (${message})`,
      { cause: error },
    );
  }
}

/** At a level from 1, fast, to 9, small. */
export function compress(bytes: Uint8Array, level: number): Promise<Uint8Array> {
  return deflated(bytes, { level });
}

/** What an image says of itself. @throws Error, one line. */
export const notesOf = (bytes: Buffer): Image =>
  parseImage('image', (offset, length) => bytes.subarray(offset, offset + length));

/** The tender an image is for, once it is sure that it is given the devices it wants, and no others. @throws Error, one line. */
export function tenderOf(image: Image, config: Pick<Config, 'blocks' | 'bridges'>): 'hvt' | 'spt' {
  if (image.machine !== 'x86_64')
    throw new Error(`image: it is built for ${image.machine}, this host is x86_64`);
  const { target } = image.abi;
  if (target !== 'hvt' && target !== 'spt')
    throw new Error(`image: it is built for ${target}, which has no tender here; build it for hvt or spt`);
  const cause = devicesTrouble(image, config);
  if (cause !== undefined) throw new Error(cause);
  return target;
}
