// Waiting for whoever reads a stream that is written to.
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Waits until `stream` has passed on what was written to it, or is closed. Nothing that waited stays behind. */
export async function drained(stream: Writable): Promise<void> {
  if (!stream.writableNeedDrain || stream.destroyed) return;
  const done = new AbortController();
  const { signal } = done;
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).finally(() =>
    done.abort(),
  );
}
