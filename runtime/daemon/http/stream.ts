// Pieces as a stream of the kind that requests and responses have. Each is asked for when there is room for it.
import { ReadableStream as NodeStream } from 'node:stream/web';

/** What TypeScript knows of browsers' streams has no `from` yet. */
export const streamOf = (pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> =>
  NodeStream.from(pieces) as unknown as ReadableStream<Uint8Array<ArrayBuffer>>;
