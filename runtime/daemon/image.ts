// Images as clients send and get them: zlib (RFC 1950), or as they are.
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';

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
