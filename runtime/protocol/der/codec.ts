// A codec is one type of the protocol, both ways. The ASN.1 library reads and writes the bytes; a codec knows what they mean, and refuses what is
// not DER: every value has one encoding only.
import { fromBER, type AsnType } from 'asn1js';
import { ProtocolError } from '../errors.ts';
import { flawOf } from './heads.ts';

export type Block = AsnType;

export interface Codec<T> {
  /** What it is called in an error. */
  readonly what: string;
  /** Whether `block` can be one, by its tag: members that may be absent are told apart by it. */
  readonly accepts: (block: Block) => boolean;
  readonly encode: (value: T) => Block;
  /** @throws ProtocolError (malformed) when the block accepted is not one after all. */
  readonly decode: (block: Block) => T;
}

/** What a codec reads and writes. */
export type Of<C> = C extends Codec<infer T> ? T : never;

/** Class of a tag, as the ASN.1 library counts them. */
export const UNIVERSAL = 1;
export const CONTEXT = 3;

/** Deepest nesting that is read; the deepest message of the protocol needs 12. */
const MAX_DEPTH = 24;
/** Most values in one message: a thousand unikernels, each with some dozen. A hostile one costs no more than this. */
const MAX_NODES = 50_000;

export function malformed(what: string, cause: string): ProtocolError {
  return new ProtocolError('malformed', `${what}: ${cause}`);
}

export function isTagged(block: Block, tagClass: number, tagNumber: number): boolean {
  return block.idBlock.tagClass === tagClass && block.idBlock.tagNumber === tagNumber;
}

/** The tag as people write it: `[3]`, `INTEGER`'s as `universal 2`. */
function tagName({ idBlock }: Block): string {
  return idBlock.tagClass === CONTEXT ? `[${idBlock.tagNumber}]` : `universal ${idBlock.tagNumber}`;
}

/** Decodes `block`, which must be a `codec`. */
export function expect<T>(codec: Codec<T>, block: Block | undefined, what = codec.what): T {
  if (block === undefined) throw malformed(what, 'it is missing');
  if (!codec.accepts(block)) throw malformed(what, `${tagName(block)} is not what belongs there`);
  return codec.decode(block);
}

/** The parts of a constructed block. */
export function parts(block: Block, what: string): Block[] {
  const { value } = block.valueBlock as { value?: unknown };
  if (!block.idBlock.isConstructed || !Array.isArray(value)) throw malformed(what, 'it has no parts');
  return value as Block[];
}

/** The bytes of a primitive block; not a copy. */
export function content(block: Block, what: string): Uint8Array {
  const { valueHexView } = block.valueBlock as { valueHexView?: unknown };
  if (block.idBlock.isConstructed || !(valueHexView instanceof Uint8Array))
    throw malformed(what, 'it is in parts; DER has it in one');
  return valueHexView;
}

/** `value` as DER. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer> {
  return new Uint8Array(codec.encode(value).toBER());
}

/** What the library makes of `bytes`. It says some of what is wrong by what it returns, and some by throwing. */
function read(bytes: Uint8Array, what: string): ReturnType<typeof fromBER> {
  try {
    return fromBER(bytes, {
      maxDepth: MAX_DEPTH,
      maxNodes: MAX_NODES,
      maxContentLength: bytes.length,
      parseEmbedded: false,
      copyInput: false,
    });
  } catch (error) {
    throw malformed(what, `it is not DER (${error instanceof Error ? error.message : 'unreadable'})`);
  }
}

/**
 * The only value in `bytes`, nothing after it, before anybody asks what it means. Byte strings in it are views of `bytes`.
 * @throws ProtocolError (malformed) when it is not DER.
 */
export function parse(bytes: Uint8Array, what: string): Block {
  const flaw = flawOf(bytes, MAX_DEPTH);
  if (flaw !== undefined) throw malformed(what, flaw);
  const { offset, result } = read(bytes, what);
  if (offset !== bytes.length) throw malformed(what, `it is not DER (${result.error || 'unreadable'})`);
  return result;
}

/**
 * The `codec` in `bytes`, nothing after it.
 * @throws ProtocolError (malformed)
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return expect(codec, parse(bytes, codec.what));
}
