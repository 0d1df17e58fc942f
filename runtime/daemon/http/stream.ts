// Pieces as a stream of the kind that requests and responses have. Each is asked for when there is room for it.
import { ReadableStream as NodeStream } from 'node:stream/web';

/** What TypeScript knows of browsers' streams has no `from` yet. */
export const streamOf = (pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> =>
  NodeStream.from(pieces) as unknown as ReadableStream<Uint8Array<ArrayBuffer>>;

/** What `body` says; `over` is called when that has ended, however it does. */
export function watched(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  over: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            controller.enqueue(value);
            return;
          }
          over();
          controller.close();
        } catch (error) {
          over();
          controller.error(error);
        }
      },
      async cancel(reason) {
        over();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
