// Types that certificates have and messages have not.
import {
  BitString,
  GeneralizedTime,
  Integer,
  ObjectIdentifier,
  Primitive,
  UTCTime,
  type BaseStringBlock,
} from 'asn1js';
import {
  content,
  CONTEXT,
  encode,
  isTagged,
  malformed,
  parse,
  UNIVERSAL,
  type Block,
  type Codec,
} from './codec.ts';
import { mapped } from './compose.ts';
import { moment } from './primitives.ts';

const TAG = { integer: 2, bits: 3, identifier: 6, utcTime: 23, generalizedTime: 24 } as const;
/** UTF8String, PrintableString, TeletexString, IA5String, UniversalString, BMPString. */
const TEXTS: readonly number[] = [12, 19, 20, 22, 28, 30];

/** Any value at all. */
export const any = (what: string): Codec<Block> => ({
  what,
  accepts: () => true,
  encode: (block) => block,
  decode: (block) => block,
});

/** Any value at all, as the bytes it was read from: what is signed, compared or handed on must not change. */
export const anyBytes = (what: string): Codec<Uint8Array> =>
  mapped(
    any(what),
    (block) => block.valueBeforeDecodeView,
    (bytes) => parse(bytes, what),
  );

/** `[number]`, whatever is in it: of no use here. */
export const ignored = (number: number, what: string): Codec<Block> => ({
  ...any(what),
  accepts: (block) => isTagged(block, CONTEXT, number),
});

/** `[number] IMPLICIT` of a type that is bytes. */
export const tagged = (number: number, what: string): Codec<Uint8Array> => ({
  what,
  accepts: (block) => isTagged(block, CONTEXT, number),
  encode: (valueHex) => new Primitive({ idBlock: { tagClass: CONTEXT, tagNumber: number }, valueHex }),
  decode: (block) => content(block, what),
});

/** An INTEGER of any size, as its bytes. */
export const integerBytes = (what: string): Codec<Uint8Array> => ({
  what,
  accepts: (block) => isTagged(block, UNIVERSAL, TAG.integer),
  encode: (valueHex) => new Integer({ valueHex }),
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
    encode: ({ bytes, unused }) => new BitString({ valueHex: bytes, unusedBits: unused }),
    decode(block) {
      const bytes = content(block, what);
      const { unusedBits: unused, blockLength } = (block as BitString).valueBlock;
      const rest = (bytes.at(-1) ?? 255) & ((1 << unused) - 1);
      if (blockLength === 0 || rest !== 0) throw malformed(what, 'a BIT STRING with wrong unused bits');
      return { bytes, unused };
    },
  };
}

/** The numbers of an OBJECT IDENTIFIER: seven bits in a byte, the eighth where more follow; the first two are one. */
function dotted(bytes: Uint8Array, what: string): string {
  const numbers: bigint[] = [];
  let number = 0n;
  let more = true;
  for (const byte of bytes) {
    if (number === 0n && byte === 128) throw malformed(what, 'an OBJECT IDENTIFIER that is not the shortest');
    number = number * 128n + BigInt(byte & 127);
    more = byte >= 128;
    if (more) continue;
    numbers.push(number);
    number = 0n;
  }
  const [both = 0n, ...rest] = numbers;
  if (more) throw malformed(what, 'an OBJECT IDENTIFIER that is cut off');
  const first = both < 80n ? both / 40n : 2n;
  return [first, both - 40n * first, ...rest].join('.');
}

/** An OBJECT IDENTIFIER, as `1.2.840`. */
export const identifier = (what: string): Codec<string> => ({
  what,
  accepts: (block) => isTagged(block, UNIVERSAL, TAG.identifier),
  encode: (value) => new ObjectIdentifier({ value }),
  // The library takes longer forms for the same one. Its head is two bytes: it is not as long as to need more (heads.ts).
  decode: (block) => dotted(block.valueBeforeDecodeView.subarray(2), what),
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
    const valueHex = Buffer.from(`${isShort ? digits.slice(2) : digits}Z`);
    return isShort ? new UTCTime({ valueHex }) : new GeneralizedTime({ valueHex });
  },
  decode(block) {
    const written = Buffer.from(content(block, what)).toString('latin1');
    const isShort = isTagged(block, UNIVERSAL, TAG.utcTime);
    if (!(isShort ? /^\d{12}Z$/ : /^\d{14}Z$/).test(written))
      throw malformed(what, `${JSON.stringify(written.slice(0, 40))} is no time`);
    const century = isShort ? (written < '50' ? '20' : '19') : '';
    return moment(what, `${century}${written.slice(0, -1)}`);
  },
});

/** The text that `block` is; undefined where it is something else. */
export function textOf(block: Block): string | undefined {
  const isText = block.idBlock.tagClass === UNIVERSAL && TEXTS.includes(block.idBlock.tagNumber);
  return isText && !block.idBlock.isConstructed ? (block as BaseStringBlock).getValue() : undefined;
}

/** `block`, in DER again. */
export const bytesOf = (block: Block): Uint8Array => encode(any('value'), block);
