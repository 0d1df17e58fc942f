// The protocol's simple types. Numbers of the wire are OCaml's: 63 bits, with the largest meaning "no limit".
import { isUtf8 } from 'node:buffer';
import { malformed } from '../errors.ts';
import { isTagged, primitive, TAG, UNIVERSAL, type Block } from './block.ts';
import { content, type Codec } from './codec.ts';

const tagged =
  (tagNumber: number) =>
  (block: Block): boolean =>
    isTagged(block, UNIVERSAL, tagNumber);

/** OCaml's max_int: what stands for no limit. */
const NO_LIMIT = 4611686018427387903n;

function bigint(block: Block, what: string): bigint {
  const bytes = content(block, what);
  if (bytes.length > 8) throw malformed(what, `an INTEGER of ${bytes.length} bytes is too large`);
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
}

/** The shortest two's complement of `value`. */
function shortest(value: bigint): Block {
  let size = 1;
  while (BigInt.asIntN(8 * size, value) !== value) size += 1;
  const bytes = Buffer.alloc(size);
  for (let at = size - 1, rest = value; at >= 0; at -= 1, rest >>= 8n) bytes[at] = Number(rest & 255n);
  return primitive(UNIVERSAL, TAG.integer, bytes);
}

/** An INTEGER from `min` to `max`, both included. */
export function integer(what: string, min = 0, max = Number.MAX_SAFE_INTEGER): Codec<number> {
  const checked = (value: number): number => {
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw malformed(what, `${value} is not from ${min} to ${max}`);
  };
  return {
    what,
    accepts: tagged(TAG.integer),
    encode: (value) =>
      checked(value) >= 0 && value < 128
        ? primitive(UNIVERSAL, TAG.integer, Uint8Array.of(value))
        : shortest(BigInt(value)),
    decode(block) {
      const bytes = content(block, what);
      // A BigInt is dear where there is one byte, as nearly everywhere.
      const [only = 128] = bytes;
      return checked(bytes.length === 1 && only < 128 ? only : Number(bigint(block, what)));
    },
  };
}

/** A count from 0 on; Infinity is no limit. */
export function limit(what: string): Codec<number> {
  const counted = integer(what);
  return {
    ...counted,
    encode: (value) => (value === Infinity ? shortest(NO_LIMIT) : counted.encode(value)),
    decode: (block) => (bigint(block, what) === NO_LIMIT ? Infinity : counted.decode(block)),
  };
}

export function octets(what: string, length?: number): Codec<Uint8Array> {
  const checked = (bytes: Uint8Array): Uint8Array => {
    if (length === undefined || bytes.length === length) return bytes;
    throw malformed(what, `it has ${bytes.length} bytes, not ${length}`);
  };
  return {
    what,
    accepts: tagged(TAG.octets),
    encode: (value) => primitive(UNIVERSAL, TAG.octets, checked(value)),
    decode: (block) => checked(content(block, what)),
  };
}

/** 64 bits with a sign, as 8 bytes, the highest first. */
export function int64(what: string): Codec<bigint> {
  const bytes = octets(what, 8);
  return {
    ...bytes,
    encode(value) {
      if (BigInt.asIntN(64, value) !== value) throw malformed(what, `${value} has more than 64 bits`);
      const view = new DataView(new ArrayBuffer(8));
      view.setBigInt64(0, value);
      return bytes.encode(new Uint8Array(view.buffer));
    },
    decode(block) {
      const { buffer, byteOffset } = bytes.decode(block);
      return new DataView(buffer, byteOffset, 8).getBigInt64(0);
    },
  };
}

/** A TextDecoder is much to load for who reads no lines. */
let lenient: TextDecoder | undefined;

function string(what: string, read: (bytes: Uint8Array) => string): Codec<string> {
  return {
    what,
    accepts: tagged(TAG.utf8),
    encode: (value) => primitive(UNIVERSAL, TAG.utf8, Buffer.from(value)),
    decode: (block) => read(content(block, what)),
  };
}

/** Text that must be UTF-8. */
export function text(what: string): Codec<string> {
  return string(what, (bytes) => {
    if (!isUtf8(bytes)) throw malformed(what, 'it is not UTF-8');
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  });
}

/** What a unikernel prints: any bytes, though the protocol calls them UTF-8. What is not becomes U+FFFD. */
export function line(what: string): Codec<string> {
  return string(what, (bytes) => (lenient ??= new TextDecoder('utf-8', { ignoreBOM: true })).decode(bytes));
}

export function boolean(what: string): Codec<boolean> {
  return {
    what,
    accepts: tagged(TAG.boolean),
    encode: (value) => primitive(UNIVERSAL, TAG.boolean, Uint8Array.of(value ? 255 : 0)),
    decode: (block) => content(block, what)[0] !== 0,
  };
}

export const nothing: Codec<undefined> = {
  what: 'NULL',
  accepts: tagged(TAG.nothing),
  encode: () => primitive(UNIVERSAL, TAG.nothing, new Uint8Array(0)),
  decode: () => undefined,
};

/**
 * The moment that `written` is, of which `digits` go from the year to the second. What is no digit there, or too many or few of them, is found out.
 * @throws ProtocolError (malformed) where it is none.
 */
export function moment(what: string, written: string, digits: string, fraction = ''): Date {
  const two = (at: number): string => digits.slice(at, at + 2);
  const iso = `${digits.slice(0, 4)}-${two(4)}-${two(6)}T${two(8)}:${two(10)}:${two(12)}`;
  const date = new Date(digits.length === 14 ? `${iso}${fraction.slice(0, 4)}Z` : NaN);
  // Date takes 31 February for 3 March, and much that is no number for one.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(iso))
    throw malformed(what, `${JSON.stringify(written.slice(0, 40))} is no time`);
  return date;
}

/** A moment to the millisecond, years 0000 to 9999. */
export function time(what: string): Codec<Date> {
  return {
    what,
    accepts: tagged(TAG.generalizedTime),
    encode(value) {
      const iso = Number.isNaN(value.getTime()) ? '' : value.toISOString();
      const [, date, fraction] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{3})Z$/.exec(iso) ?? [];
      if (date === undefined) throw malformed(what, 'it is no time of the years 0000 to 9999');
      const digits = `${date.replaceAll(/[-T:]/g, '')}${fraction === '.000' ? '' : fraction}Z`;
      return primitive(UNIVERSAL, TAG.generalizedTime, Buffer.from(digits));
    },
    decode(block) {
      const written = Buffer.from(content(block, what)).toString('latin1');
      const [, digits = '', fraction] = /^(\d{14})(\.\d{1,9})?Z$/.exec(written) ?? [];
      return moment(what, written, digits, fraction);
    },
  };
}
