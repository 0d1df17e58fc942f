// The protocol's simple types. Numbers of the wire are OCaml's: 63 bits, with the largest meaning "no limit".
import { Boolean as AsnBoolean, GeneralizedTime, Integer, Null, OctetString, Utf8String } from 'asn1js';
import { content, isTagged, malformed, UNIVERSAL, type Block, type Codec } from './codec.ts';

const TAG = {
  boolean: 1,
  integer: 2,
  octetString: 4,
  nothing: 5,
  utf8String: 12,
  generalizedTime: 24,
} as const;

const tagged =
  (tagNumber: number) =>
  (block: Block): boolean =>
    isTagged(block, UNIVERSAL, tagNumber);

/** OCaml's max_int: what stands for no limit. */
const NO_LIMIT = 4611686018427387903n;

function bigint(block: Block, what: string): bigint {
  const bytes = content(block, what);
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 0) throw malformed(what, 'an INTEGER has a byte at least');
  if (bytes.length > 8) throw malformed(what, `an INTEGER of ${bytes.length} bytes is too large`);
  if (bytes.length > 1 && ((first === 0 && second < 128) || (first === 255 && second >= 128)))
    throw malformed(what, 'the INTEGER is not the shortest');
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
}

/** The shortest two's complement of `value`. The library's own writes a byte too many for some negative numbers. */
function shortest(value: bigint): Integer {
  let size = 1;
  while (BigInt.asIntN(8 * size, value) !== value) size += 1;
  const bytes = Buffer.alloc(size);
  for (let at = size - 1, rest = value; at >= 0; at -= 1, rest >>= 8n) bytes[at] = Number(rest & 255n);
  return new Integer({ valueHex: bytes });
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
    encode: (value) => shortest(BigInt(checked(value))),
    decode: (block) => checked(Number(bigint(block, what))),
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
    accepts: tagged(TAG.octetString),
    encode: (value) => new OctetString({ valueHex: checked(value) }),
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

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

function string(what: string, read: (bytes: Uint8Array) => string): Codec<string> {
  return {
    what,
    accepts: tagged(TAG.utf8String),
    encode: (value) => new Utf8String({ valueHex: encoder.encode(value) }),
    decode: (block) => read(content(block, what)),
  };
}

/** Text that must be UTF-8. */
export function text(what: string): Codec<string> {
  return string(what, (bytes) => {
    try {
      return strict.decode(bytes);
    } catch {
      throw malformed(what, 'it is not UTF-8');
    }
  });
}

/** What a unikernel prints: any bytes, though the protocol calls them UTF-8. What is not becomes U+FFFD. */
export function line(what: string): Codec<string> {
  return string(what, (bytes) => lenient.decode(bytes));
}

export function boolean(what: string): Codec<boolean> {
  return {
    what,
    accepts: tagged(TAG.boolean),
    encode: (value) => new AsnBoolean({ value }),
    decode(block) {
      const bytes = content(block, what);
      if (bytes.length !== 1) throw malformed(what, `a BOOLEAN of ${bytes.length} bytes`);
      // DER has 255 only for true; peers take whatever is not 0.
      return bytes[0] !== 0;
    },
  };
}

export const nothing: Codec<undefined> = {
  what: 'NULL',
  accepts: tagged(TAG.nothing),
  encode: () => new Null(),
  decode(block) {
    if (block.valueBlock.blockLength > 0) throw malformed('NULL', 'it is not empty');
    return undefined;
  },
};

/** The moment that `digits` are, from the year to the second. @throws ProtocolError (malformed) where it is none. */
export function moment(what: string, digits: string, fraction = ''): Date {
  const iso = digits.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6');
  const date = new Date(`${iso}${fraction.slice(0, 4)}Z`);
  // Date takes 31 February for 3 March.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(iso))
    throw malformed(what, `${JSON.stringify(digits.slice(0, 40))} is no time`);
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
      return new GeneralizedTime({ valueHex: encoder.encode(digits) });
    },
    decode(block) {
      const digits = Buffer.from(content(block, what)).toString('latin1');
      const [, whole = digits, fraction] = /^(\d{14})(\.\d{1,9})?Z$/.exec(digits) ?? [];
      return moment(what, whole, fraction);
    },
  };
}
