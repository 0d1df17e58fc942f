// Reads DER, and nothing but DER: each value has one form only, so that nobody else finds other values in the same bytes. What hostile bytes can cost
// is bounded, before anybody asks what they mean.
import { malformed, type ProtocolError } from '../errors.ts';
import { TAG, UNIVERSAL, type Block } from './block.ts';
import { contentFlaw } from './contents.ts';

/** Deepest nesting that is read; the deepest message of the protocol needs 12. */
const MAX_DEPTH = 24;
/** Most values in one message: a thousand unikernels, each with some dozen. A hostile one costs no more than this. */
const MAX_VALUES = 50_000;
/** Largest number of a tag. The protocol's are below 31. */
const MAX_TAG = 0xffffff;

/** Numbers that no universal type has, or one that is made of others and that nobody uses: EXTERNAL, EMBEDDED PDV, CHARACTER STRING. */
const UNREAD: readonly number[] = [0, 8, 11, 15, 29];
const LAST_TYPE = 36;

const TAG_LENGTH = 'it is BER, not DER: a tag is not the shortest';
const LENGTH_LENGTH = 'it is BER, not DER: a length is not the shortest';
const CUT_OFF = 'it is not DER: cut off';

/** Why no universal type that is read has this tag; undefined where one may: all but SEQUENCE and SET are in one. */
function tagFlaw(tagNumber: number, isConstructed: boolean): string | undefined {
  if (tagNumber > LAST_TYPE || UNREAD.includes(tagNumber))
    return 'it is not DER: a tag of no type that is read';
  if (isConstructed === (tagNumber === TAG.sequence || tagNumber === TAG.set)) return undefined;
  return `it is BER, not DER: a value of type ${tagNumber} is ${isConstructed ? 'in parts' : 'not in parts'}`;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  #flaw(cause: string): ProtocolError {
    return malformed(this.#what, `${cause}, at byte ${this.#at}`);
  }

  #octet(limit: number): number {
    if (this.#at >= limit) throw this.#flaw(CUT_OFF);
    return this.#bytes[this.#at++] ?? 0;
  }

  #longTag(limit: number): number {
    let number = 0;
    for (;;) {
      const digit = this.#octet(limit);
      if (number === 0 && digit === 128) throw this.#flaw(TAG_LENGTH);
      number = number * 128 + (digit & 127);
      if (number > MAX_TAG) throw this.#flaw('it is not DER: a tag is too large');
      if (digit < 128) break;
    }
    if (number < 31) throw this.#flaw(TAG_LENGTH);
    return number;
  }

  #length(limit: number): number {
    const first = this.#octet(limit);
    if (first < 128) return first;
    const count = first - 128;
    // It is longer than anything that is read.
    if (count > 4) throw this.#flaw(CUT_OFF);
    let length = 0;
    for (let left = count; left > 0; left -= 1) length = length * 256 + this.#octet(limit);
    // As well of a length that is left open, which has no byte.
    if (length < 128 || length < 256 ** (count - 1)) throw this.#flaw(LENGTH_LENGTH);
    return length;
  }

  /** The next value, which ends at `limit` at the latest and is `depth` deep. */
  next(limit: number, depth: number): Block {
    this.#values += 1;
    if (this.#values > MAX_VALUES) throw this.#flaw(`it has more than ${MAX_VALUES} values`);
    const start = this.#at;
    const first = this.#octet(limit);
    const tagClass = first >> 6;
    const isConstructed = (first & 32) !== 0;
    const tagNumber = (first & 31) === 31 ? this.#longTag(limit) : first & 31;
    const length = this.#length(limit);
    if (length > limit - this.#at) throw this.#flaw(CUT_OFF);
    const end = this.#at + length;
    const cause = tagClass === UNIVERSAL ? tagFlaw(tagNumber, isConstructed) : undefined;
    if (cause !== undefined) throw this.#flaw(cause);
    const held = isConstructed ? this.#parts(end, depth) : this.#content(end, tagClass, tagNumber);
    return { tagClass, tagNumber, held, size: end - start, encoded: this.#bytes.subarray(start, end) };
  }

  #parts(end: number, depth: number): Block[] {
    if (depth > MAX_DEPTH) throw this.#flaw(`it is deeper than ${MAX_DEPTH}`);
    const parts: Block[] = [];
    while (this.#at < end) parts.push(this.next(end, depth + 1));
    return parts;
  }

  #content(end: number, tagClass: number, tagNumber: number): Uint8Array {
    const content = this.#bytes.subarray(this.#at, end);
    const cause = tagClass === UNIVERSAL ? contentFlaw(tagNumber, content) : undefined;
    if (cause !== undefined) throw this.#flaw(cause);
    this.#at = end;
    return content;
  }
}

/**
 * The only value in `bytes`, nothing after it. Byte strings in it are views of `bytes`.
 * @throws ProtocolError (malformed) that calls it `what`, when it is not DER.
 */
export function parse(bytes: Uint8Array, what: string): Block {
  // A Buffer's views cost more.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const block = new Reader(plain, what).next(plain.length, 1);
  if (block.size < plain.length) throw malformed(what, `${plain.length - block.size} bytes follow it`);
  return block;
}
