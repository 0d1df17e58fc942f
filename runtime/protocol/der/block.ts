// A value in DER: a tag, and the bytes or the values it holds. It was read (read.ts), or is made to be written.

/** Classes of tags, as in the two highest bits of one. */
export const UNIVERSAL = 0;
export const CONTEXT = 2;

/** Numbers of universal types. */
export const TAG = {
  ...{ boolean: 1, integer: 2, bits: 3, octets: 4, nothing: 5, identifier: 6, enumerated: 10 },
  ...{ utf8: 12, relativeIdentifier: 13, sequence: 16, set: 17, printable: 19, teletex: 20, ia5: 22 },
  ...{ utcTime: 23, generalizedTime: 24, universal: 28, bmp: 30 },
} as const;

export interface Block {
  readonly tagClass: number;
  readonly tagNumber: number;
  /** The bytes of a primitive value, not a copy; or what a constructed one is made of. */
  readonly held: Uint8Array | readonly Block[];
  /** Bytes of all of it. */
  readonly size: number;
  /** All of it, where it was read or written before; of what was only made, tag and length, which come before what it holds. */
  readonly encoded: Uint8Array | readonly number[];
}

export function isTagged(block: Block, tagClass: number, tagNumber: number): boolean {
  return block.tagClass === tagClass && block.tagNumber === tagNumber;
}

/** The digits of `value`, which is not negative, and of a number a safe integer, to the base 128: all but the last are marked by the highest bit. */
export function base128(value: number | bigint): number[] {
  if (typeof value === 'number' && value < 128) return [value];
  const whole = BigInt(value);
  const digits = [Number(whole & 127n)];
  for (let rest = whole >> 7n; rest > 0n; rest >>= 7n) digits.unshift(Number(rest & 127n) | 128);
  return digits;
}

function lengthOf(size: number): number[] {
  if (size < 128) return [size];
  const bytes: number[] = [];
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [128 + bytes.length, ...bytes];
}

function made(tagClass: number, form: number, tagNumber: number, held: Block['held'], size: number): Block {
  const first = (tagClass << 6) | form;
  const tag = tagNumber < 31 ? [first | tagNumber] : [first | 31, ...base128(tagNumber)];
  const encoded = [...tag, ...lengthOf(size)];
  return { tagClass, tagNumber, held, size: encoded.length + size, encoded };
}

/** A value that is bytes. They are read when it is written: until then they have to stay as they are. */
export function primitive(tagClass: number, tagNumber: number, content: Uint8Array): Block {
  return made(tagClass, 0, tagNumber, content, content.length);
}

/** A value made of others. */
export function constructed(tagClass: number, tagNumber: number, parts: readonly Block[]): Block {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return made(tagClass, 32, tagNumber, parts, size);
}

function put({ encoded, held }: Block, into: Uint8Array, at: number): void {
  into.set(encoded, at);
  if (encoded instanceof Uint8Array) return;
  let next = at + encoded.length;
  if (held instanceof Uint8Array) into.set(held, next);
  else
    for (const part of held) {
      put(part, into, next);
      next += part.size;
    }
}

/** `block` in DER, in bytes of its own: each byte string in it is copied once. */
export function write(block: Block): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(block.size);
  put(block, bytes, 0);
  return bytes;
}

/** `block` in DER: what was read is a view of what it was read from. */
export function bytesOf(block: Block): Uint8Array {
  return block.encoded instanceof Uint8Array ? block.encoded : write(block);
}
