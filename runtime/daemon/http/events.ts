// Server-sent events (HTML, section 9.2). What is said is asked for only when there is room for it, so that nothing is kept for whoever does not read:
// the orchestrator lets go of those who fall behind.
import type { Events, Sent } from './call.ts';

/** Milliseconds without an event after which something is said, so that what is between does not take the connection for dead. */
const SILENCE_MS = 15_000;
/** Milliseconds after which a client is to come back. */
const RETRY_MS = 2_000;

/** Milliseconds from one look at whether who listens may do so to the next. */
const WATCH_MS = 2_000;

const encoder = new TextEncoder();

const written = (event: string, { id, data }: Sent): string =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

/** @param ended - Why nobody may listen any longer. */
export function eventStream(
  event: string,
  { events, close }: Events,
  ended: () => string | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const source = events[Symbol.asyncIterator]();
  let next: ReturnType<typeof source.next> | undefined;
  const watch = setInterval(() => {
    if (ended() !== undefined) close();
  }, WATCH_MS);
  return new ReadableStream(
    {
      start(controller) {
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
      },
      async pull(controller) {
        next ??= source.next();
        const silence = Promise.withResolvers<undefined>();
        const timer = setTimeout(() => silence.resolve(undefined), SILENCE_MS);
        const said = await Promise.race([next, silence.promise]).finally(() => clearTimeout(timer));
        if (said === undefined) {
          controller.enqueue(encoder.encode(': nothing yet\n\n'));
          return;
        }
        next = undefined;
        if (said.done === true) {
          clearInterval(watch);
          close();
          controller.close();
        } else controller.enqueue(encoder.encode(written(event, said.value)));
      },
      cancel() {
        clearInterval(watch);
        close();
      },
    },
    // Nothing is asked for before it can be sent.
    { highWaterMark: 1 },
  );
}
