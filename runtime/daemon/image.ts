// Images as clients send and get them: zlib (RFC 1950), or as they are. And what an image says it needs.
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { parseImage } from '../image/notes.ts';
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

/** The tender an image is for, once it is sure that it is given the devices it wants, and no others. @throws Error, one line. */
export function tenderOf(bytes: Buffer, config: Pick<Config, 'blocks' | 'bridges'>): 'hvt' | 'spt' {
  const image = parseImage('image', (offset, length) => bytes.subarray(offset, offset + length));
  if (image.machine !== 'x86_64')
    throw new Error(`image: it is built for ${image.machine}, this host is x86_64`);
  const { target } = image.abi;
  if (target !== 'hvt' && target !== 'spt')
    throw new Error(`image: it is built for ${target}, which has no tender here; build it for hvt or spt`);
  const wants = (type: string): string[] =>
    image.devices.filter((device) => device.type === type).map(({ name }) => name);
  check('network', wants('NET_BASIC'), config.bridges);
  check('block', wants('BLOCK_BASIC'), config.blocks);
  return target;
}

function check(kind: string, wanted: readonly string[], given: readonly { readonly name: string }[]): void {
  const names = given.map(({ name }) => name);
  const missing = wanted.find((name) => !names.includes(name));
  if (missing !== undefined)
    throw new Error(`image: it wants the ${kind} device ${missing}, which it is not given; add it`);
  const extra = names.find((name, at) => !wanted.includes(name) || names.indexOf(name) !== at);
  if (extra !== undefined)
    throw new Error(
      `${kind} device ${extra}: the image ${wanted.length > 0 ? `wants ${wanted.join(', ')}, each once` : 'wants none'}`,
    );
}
