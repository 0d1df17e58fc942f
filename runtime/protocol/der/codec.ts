// A codec is one type of the protocol, both ways: it knows what values in DER mean. Which bytes are DER is decided before (read.ts).
import { malformed } from '../errors.ts';
import { CONTEXT, write, type Block } from './block.ts';
import { parse } from './read.ts';

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

/** The tag as people write it: `[3]`, `INTEGER`'s as `universal 2`. */
function tagName({ tagClass, tagNumber }: Block): string {
  return tagClass === CONTEXT
    ? `[${tagNumber}]`
    : `${['universal', 'application', '', 'private'][tagClass]} ${tagNumber}`;
}

/** Decodes `block`, which must be a `codec`. */
export function expect<T>(codec: Codec<T>, block: Block | undefined, what = codec.what): T {
  if (block === undefined) throw malformed(what, 'it is missing');
  if (!codec.accepts(block)) throw malformed(what, `${tagName(block)} is not what belongs there`);
  return codec.decode(block);
}

/** The parts of a constructed block. */
export function parts({ held }: Block, what: string): readonly Block[] {
  if (held instanceof Uint8Array) throw malformed(what, 'it has no parts');
  return held;
}

/** The bytes of a primitive block; not a copy. */
export function content({ held }: Block, what: string): Uint8Array {
  if (held instanceof Uint8Array) return held;
  throw malformed(what, 'it is in parts; DER has it in one');
}

/** `value` as DER. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer> {
  return write(codec.encode(value));
}

/**
 * The `codec` in `bytes`, nothing after it.
 * @throws ProtocolError (malformed)
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return expect(codec, parse(bytes, codec.what));
}
