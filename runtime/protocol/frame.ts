// Framing, the same on Unix sockets and inside TLS: four bytes of length, big-endian with a sign, then as many bytes. A length of zero or less ends a
// stream of raw frames (an image, the data of a block device); between messages it is the end of the connection.
import { ProtocolError } from './errors.ts';

const HEAD = 4;

/** Largest message or raw frame that is taken unless told otherwise: an image of 64 MiB, with what is said around it. */
export const FRAME_MAX = 65 * 1024 * 1024;

/** `body` as a frame. */
export function frame(body: Uint8Array): Uint8Array {
  const framed = Buffer.allocUnsafe(HEAD + body.length);
  framed.writeInt32BE(body.length, 0);
  framed.set(body, HEAD);
  return framed;
}

/** What ends a stream of raw frames. */
export const STREAM_END: Uint8Array = new Uint8Array(HEAD);

/**
 * Takes a stream apart into frames, whatever pieces it comes in. It holds at most one frame that is not complete, and of that no more than has come:
 * a length costs nothing until its bytes are there.
 */
export class Deframer {
  readonly #max: number;
  #pieces: Uint8Array[] = [];
  #held = 0;

  /** @param max - Bytes of the largest frame that is taken. */
  constructor(max = FRAME_MAX) {
    this.#max = max;
  }

  /** Bytes that wait for the rest of their frame. */
  get held(): number {
    return this.#held;
  }

  /** The frame that begins what is held, once all of it has come; empty for an end. */
  #next(): Uint8Array | undefined {
    if (this.#held < HEAD) return undefined;
    const length = Math.max(0, this.#peekLength());
    if (length > this.#max)
      throw new ProtocolError('limit', `frame: ${length} bytes are announced, ${this.#max} are the most`);
    if (this.#held < HEAD + length) return undefined;
    const all = this.#joined();
    const body = all.subarray(HEAD, HEAD + length);
    const rest = all.subarray(HEAD + length);
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    return body;
  }

  #joined(): Uint8Array {
    const [first] = this.#pieces;
    const all = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }

  #peekLength(): number {
    let [head] = this.#pieces;
    if (head === undefined || head.length < HEAD) head = this.#joined();
    return Buffer.from(head.buffer, head.byteOffset, HEAD).readInt32BE(0);
  }

  /**
   * The frames that are complete with `chunk`, in order, each its bytes; an empty one is an end.
   * @throws ProtocolError (limit) when one is announced that is larger than allowed; the stream cannot be read on after that.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void> {
    if (chunk.length > 0) this.#pieces.push(chunk);
    this.#held += chunk.length;
    for (let body = this.#next(); body !== undefined; body = this.#next()) yield body;
  }
}
