// The heads of DER, tag and length, before the library sees any of it. Each has one form only, so that nobody else finds other values in the same
// bytes; and what the library reads at more than its bytes are worth is bounded.

const LENGTH = 'it is BER, not DER: a length is not the shortest';
const TAG = 'it is BER, not DER: a tag is not the shortest';
const CUT = 'it is not DER (cut off)';

/** Bytes of the longest OBJECT IDENTIFIER: the library makes an object of each of its numbers, and of megabytes of them gigabytes. */
const IDENTIFIER_MAX = 64;
const IDENTIFIERS: readonly number[] = [6, 13];

interface Head {
  readonly tag: number;
  /** Where its content begins, and where that ends. */
  readonly start: number;
  readonly end: number;
}

/** The head at `at` of a value that ends at `limit` at the latest; or why there is none. */
function headAt(bytes: Uint8Array, at: number, limit: number): Head | string {
  let next = at;
  const octet = (): number => (next < limit ? (bytes[next++] ?? 0) : NaN);
  const tag = octet();
  if ((tag & 31) === 31) {
    let number = 0;
    for (let more = true; more;) {
      const part = octet();
      if (Number.isNaN(part)) return CUT;
      if (number === 0 && part === 128) return TAG;
      number = number * 128 + (part & 127);
      if (number > 0xffffff) return 'it is not DER (a tag is too large)';
      more = part >= 128;
    }
    if (number < 31) return TAG;
  }
  const first = octet();
  let length = first;
  if (first === 128) return LENGTH;
  if (first > 128) {
    const count = first - 128;
    // It is longer than anything that is read.
    if (count > 4) return CUT;
    length = 0;
    for (let left = count; left > 0; left -= 1) length = length * 256 + octet();
    if (length < 128 || length < 256 ** (count - 1)) return LENGTH;
  }
  // Which is so as well of NaN, where the head itself is cut off.
  if (!(length <= limit - next)) return CUT;
  return { tag, start: next, end: next + length };
}

/** Why a value with this head is not to be read. */
function unfit({ tag, start, end }: Head): string | undefined {
  const universal = tag < 64;
  const number = tag & 31;
  if (!universal) return undefined;
  if (number === 0) return 'it is not DER (a tag of no type)';
  if (!IDENTIFIERS.includes(number)) return undefined;
  if (tag & 32) return 'it is BER, not DER: an OBJECT IDENTIFIER is in parts';
  return end - start > IDENTIFIER_MAX
    ? `an OBJECT IDENTIFIER of ${end - start} bytes is too large`
    : undefined;
}

/** Why `bytes` are not one value in DER, no deeper than `deepest`, as far as heads tell; undefined where they are. */
export function flawOf(bytes: Uint8Array, deepest: number): string | undefined {
  const ends = [bytes.length];
  let at = 0;
  do {
    const head = headAt(bytes, at, ends.at(-1) ?? 0);
    if (typeof head === 'string') return head;
    const flaw = unfit(head);
    if (flaw !== undefined) return flaw;
    if (head.tag & 32) {
      if (ends.length > deepest) return `it is not DER (deeper than ${deepest})`;
      ends.push(head.end);
      at = head.start;
    } else at = head.end;
    while (ends.length > 1 && at === ends.at(-1)) ends.pop();
  } while (ends.length > 1);
  return at < bytes.length ? `${bytes.length - at} bytes follow it` : undefined;
}
