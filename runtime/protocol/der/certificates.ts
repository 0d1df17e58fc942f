// Types that certificates have and messages have not.
import { malformed } from '../errors.ts';
import { base128, bytesOf, CONTEXT, isTagged, primitive, TAG, UNIVERSAL, type Block } from './block.ts';
import { content, type Codec } from './codec.ts';
import { mapped } from './compose.ts';
import { moment, text } from './primitives.ts';
import { parse } from './read.ts';

/** Any value at all. */
export const any = (what: string): Codec<Block> => ({
  what,
  accepts: () => true,
  encode: (block) => block,
  decode: (block) => block,
});

/** Any value at all, as the bytes it was read from: what is signed, compared or handed on must not change. */
export const anyBytes = (what: string): Codec<Uint8Array> =>
  mapped(any(what), bytesOf, (bytes) => parse(bytes, what));

/** `[number]`, whatever is in it: of no use here. */
export const ignored = (number: number, what: string): Codec<Block> => ({
  ...any(what),
  accepts: (block) => isTagged(block, CONTEXT, number),
});

/** `[number] IMPLICIT` of a type that is bytes. */
export const tagged = (number: number, what: string): Codec<Uint8Array> => ({
  what,
  accepts: (block) => isTagged(block, CONTEXT, number),
  encode: (bytes) => primitive(CONTEXT, number, bytes),
  decode: (block) => content(block, what),
});

/** An INTEGER of any size, as its bytes. */
export const integerBytes = (what: string): Codec<Uint8Array> => ({
  what,
  accepts: (block) => isTagged(block, UNIVERSAL, TAG.integer),
  encode: (bytes) => primitive(UNIVERSAL, TAG.integer, bytes),
  decode: (block) => content(block, what),
});

export interface Bits {
  readonly bytes: Uint8Array;
  /** Of the last byte, at its end. */
  readonly unused: number;
}

export function bits(what: string): Codec<Bits> {
  return {
    what,
    accepts: (block) => isTagged(block, UNIVERSAL, TAG.bits),
    encode: ({ bytes, unused }) =>
      primitive(UNIVERSAL, TAG.bits, Buffer.concat([Uint8Array.of(unused), bytes])),
    decode(block) {
      const all = content(block, what);
      return { bytes: all.subarray(1), unused: all[0] ?? 0 };
    },
  };
}

/** The numbers of an OBJECT IDENTIFIER: seven bits in a byte, the eighth where more follow; the first two are one. */
function dotted(bytes: Uint8Array): string {
  const numbers: (number | bigint)[] = [];
  let number: number | bigint = 0;
  for (const byte of bytes) {
    // Numbers are small, but for what somebody has made of a UUID, or to see what happens.
    number =
      typeof number === 'number' && number < 2 ** 40
        ? number * 128 + (byte & 127)
        : BigInt(number) * 128n + BigInt(byte & 127);
    if (byte >= 128) continue;
    numbers.push(number);
    number = 0;
  }
  const [both = 0, ...rest] = numbers;
  const first = both < 40 ? 0 : both < 80 ? 1 : 2;
  const next = typeof both === 'number' ? both - 40 * first : both - 80n;
  return [first, next, ...rest].join('.');
}

const exactly = (digits: string): number | bigint => (digits.length < 10 ? Number(digits) : BigInt(digits));

/** The first two numbers, which are written as one. */
function both(first: number, digits: string): number | bigint {
  const next = exactly(digits);
  return typeof next === 'number' ? 40 * first + next : 40n * BigInt(first) + next;
}

function undotted(written: string, what: string): Uint8Array {
  if (!/^([01]\.[1-3]?\d|2\.(0|[1-9]\d*))(\.(0|[1-9]\d*))*$/.test(written))
    throw malformed(what, `${JSON.stringify(written.slice(0, 40))} is no OBJECT IDENTIFIER`);
  const [first = '', next = '', ...rest] = written.split('.');
  return Uint8Array.from([both(Number(first), next), ...rest.map(exactly)].flatMap(base128));
}

/** An OBJECT IDENTIFIER, as `1.2.840`. */
export const identifier = (what: string): Codec<string> => ({
  what,
  accepts: (block) => isTagged(block, UNIVERSAL, TAG.identifier),
  encode: (value) => primitive(UNIVERSAL, TAG.identifier, undotted(value, what)),
  decode: (block) => dotted(content(block, what)),
});

/** A second, UTCTime or GeneralizedTime: whichever RFC 5280 has for the year. */
export const second = (what: string): Codec<Date> => ({
  what,
  accepts: (block) =>
    isTagged(block, UNIVERSAL, TAG.utcTime) || isTagged(block, UNIVERSAL, TAG.generalizedTime),
  encode(value) {
    const iso = Number.isNaN(value.getTime()) ? '' : value.toISOString();
    const [digits] = /^\d{14}/.exec(iso.replaceAll(/[-T:]/g, '')) ?? [];
    if (digits === undefined) throw malformed(what, 'it is no time of the years 0000 to 9999');
    const isShort = digits >= '1950' && digits < '2050';
    return isShort
      ? primitive(UNIVERSAL, TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`))
      : primitive(UNIVERSAL, TAG.generalizedTime, Buffer.from(`${digits}Z`));
  },
  decode(block) {
    const written = Buffer.from(content(block, what)).toString('latin1');
    const isShort = isTagged(block, UNIVERSAL, TAG.utcTime);
    const century = isShort ? (written < '50' ? '20' : '19') : '';
    return moment(what, written, written.endsWith('Z') ? `${century}${written.slice(0, -1)}` : '');
  },
});

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Characters of four bytes each, the highest first. */
function utf32(bytes: Uint8Array): string {
  const [view, characters] = [Buffer.from(bytes), [] as string[]];
  for (let at = 0; at < view.length; at += 4) characters.push(String.fromCodePoint(view.readUInt32BE(at)));
  return characters.join('');
}

const TEXTS: Readonly<Record<number, (bytes: Uint8Array) => string>> = {
  [TAG.printable]: latin1,
  [TAG.teletex]: latin1,
  [TAG.ia5]: latin1,
  [TAG.universal]: utf32,
  [TAG.bmp]: (bytes) => Buffer.from(bytes).swap16().toString('utf16le'),
};

/** The text that `block` is; undefined where it is something else. @throws ProtocolError (malformed) where it is text that cannot be read. */
export function textOf(block: Block, what: string): string | undefined {
  if (block.tagClass !== UNIVERSAL) return undefined;
  if (block.tagNumber === TAG.utf8) return text(what).decode(block);
  try {
    return TEXTS[block.tagNumber]?.(content(block, what));
  } catch {
    throw malformed(what, `it is no text of type ${block.tagNumber}`);
  }
}
