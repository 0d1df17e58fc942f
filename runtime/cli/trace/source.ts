// Where a capture's bytes come from: a file that may still grow, a named pipe, or standard input.
import { closeSync, createReadStream, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';
import { Capture, type Frame } from './capture.ts';

/** How often a file that has ended is looked at again. */
const LOOK_MS = 100;
/** Standard input's name, and its descriptor. */
const STDIN = '-';

export interface Following {
  readonly follow: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** A new capture has taken the old one's place, as when its unikernel was started again. */
  readonly renewed: () => void;
}

/**
 * The frames of the capture at `path`; when all that is there was read, and after each look for more, undefined.
 * @throws CommandError `noImage` when it cannot be read, `image` when it is no capture, or is damaged.
 */
export async function* frames(path: string, following: Following): AsyncGenerator<Frame | undefined> {
  const name = path === STDIN ? 'standard input' : printable(path);
  try {
    if (path !== STDIN && statSync(path).isFile()) yield* growing(path, name, following);
    else yield* streamed(path, name, following.signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof CommandError || code === undefined) throw error;
    if (following.signal.aborted) return;
    const cause = code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`;
    throw new CommandError(EXIT.noImage, `${name}: ${cause}; name the file of a tender's '--pcap:NAME=FILE'`);
  }
}

function* drain(capture: Capture): Generator<Frame> {
  for (let frame = capture.next(); frame; frame = capture.next()) yield frame;
}

async function* growing(path: string, name: string, following: Following): AsyncGenerator<Frame | undefined> {
  const { follow, signal, renewed } = following;
  for (;;) {
    const fd = openSync(path, 'r');
    try {
      const capture = new Capture(name);
      while (!signal.aborted) {
        const room = capture.room;
        const count = readSync(fd, room, 0, room.length, null);
        capture.taken(count);
        yield* drain(capture);
        if (count > 0) continue;
        if (!follow) {
          refuseCut(capture, name);
          return;
        }
        yield undefined;
        if (isReplaced(fd, path)) break;
        await setTimeout(LOOK_MS, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      closeSync(fd);
    }
    if (signal.aborted) return;
    renewed();
  }
}

/** Whether there is another file at `path` now: a tender removes the old capture before it begins. */
function isReplaced(fd: number, path: string): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.isFile() && now.ino !== fstatSync(fd).ino;
}

async function* streamed(path: string, name: string, signal: AbortSignal): AsyncGenerator<Frame | undefined> {
  const stream = path === STDIN ? process.stdin : createReadStream(path);
  const stop = (): void => {
    stream.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  const capture = new Capture(name);
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      for (let rest = part; rest.length > 0;) {
        const count = rest.copy(capture.room);
        capture.taken(count);
        rest = rest.subarray(count);
        yield* drain(capture);
      }
      yield undefined;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
  refuseCut(capture, name);
}

function refuseCut(capture: Capture, name: string): void {
  if (capture.isCut)
    throw new CommandError(
      EXIT.image,
      `${name}: ends within a frame; it is being written (try --follow), or was cut`,
    );
}
