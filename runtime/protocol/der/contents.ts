// What the bytes of simple types may be, so that each value has one form only. Texts and times are judged where somebody asks what they say.
import { TAG } from './block.ts';

/** Bytes of the longest OBJECT IDENTIFIER: its numbers may be as long as it is, and are multiplied. */
const IDENTIFIER_MAX = 64;

type Judge = (content: Uint8Array) => string | undefined;

const integer: Judge = ({ length, 0: first = 0, 1: second = 0 }) => {
  if (length === 0) return 'an INTEGER has a byte at least';
  const isLonger = length > 1 && ((first === 0 && second < 128) || (first === 255 && second >= 128));
  return isLonger ? 'an INTEGER is not the shortest' : undefined;
};

/** After the first byte, which says how many bits of the last one are not used: those are 0. */
const bits: Judge = (content) => {
  const [unused = 8] = content;
  const last = content.length > 1 ? (content.at(-1) ?? 0) : 255;
  return unused > 7 || (last & ((1 << unused) - 1)) !== 0 ? 'a BIT STRING with wrong unused bits' : undefined;
};

/** Numbers to the base 128, all but the last digit of each marked by the highest bit. */
const identifier: Judge = (content) => {
  if (content.length > IDENTIFIER_MAX) return `an OBJECT IDENTIFIER of ${content.length} bytes is too large`;
  let previous = 0;
  for (const byte of content) {
    if (previous < 128 && byte === 128) return 'an OBJECT IDENTIFIER that is not the shortest';
    previous = byte;
  }
  return content.length === 0 || previous >= 128 ? 'an OBJECT IDENTIFIER that is cut off' : undefined;
};

const JUDGES: Readonly<Record<number, Judge>> = {
  // Of those that mean true DER has 255 only; peers take any, and so it is here.
  [TAG.boolean]: ({ length }) => (length === 1 ? undefined : `a BOOLEAN of ${length} bytes`),
  [TAG.integer]: integer,
  [TAG.bits]: bits,
  [TAG.nothing]: ({ length }) => (length === 0 ? undefined : 'a NULL that is not empty'),
  [TAG.identifier]: identifier,
  [TAG.enumerated]: integer,
  [TAG.relativeIdentifier]: identifier,
};

/** Why `content` is not what DER has for the universal type `tagNumber`; undefined where it may be. */
export const contentFlaw = (tagNumber: number, content: Uint8Array): string | undefined =>
  JUDGES[tagNumber]?.(content);
