// Serves the packed handbook from the `website` image over a tap.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Served } from './server.ts';
import { makeTap, useTap } from './tap.ts';

export interface Site {
  /** The installed runtime that starts the image. */
  readonly runtime: string;
  /** A prebuilt image's name, or a file. */
  readonly image: string;
  /** The packed site. */
  readonly archive: string;
  /** A tap that is there; without, one is made. */
  readonly tap: string | undefined;
  /** Arguments for the image besides its address. */
  readonly args?: readonly string[];
}

export interface ServedByUnikernel extends Served {
  /** Resolves when it ends by itself, with the words for it. */
  readonly ended: Promise<string>;
}

/** Longest a unikernel may take to answer for the first time. */
const ANSWER_MS = 10_000;
const ASK_EVERY_MS = 50;

const MEMORY_MIB = 16;

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(1000) });
    return true;
  } catch {
    return false;
  }
}

/** Starts the image and waits until it answers. Its console goes to standard error. @throws Error that says why it does not answer. */
export async function serveUnikernel({
  runtime,
  image,
  archive,
  tap: name,
  args = [],
}: Site): Promise<ServedByUnikernel> {
  const tap = name === undefined ? makeTap() : useTap(name);
  const { guest, prefix } = tap.wire;
  const options = [`--mem=${MEMORY_MIB}`, `--net:service=${tap.name}`, `--block-ro:data=${archive}`];
  const child = spawn(
    join(runtime, 'bin', 'kittiwake'),
    ['run', ...options, image, '--', `--ipv4=${guest}/${prefix}`, '--port=80', ...args],
    { stdio: ['ignore', 2, 2] },
  );
  // However this process ends, neither of the two stays behind.
  const leave = (): void => {
    child.kill('SIGTERM');
    tap.close();
  };
  process.once('exit', leave);
  const ended = once(child, 'exit').then(() => {
    process.off('exit', leave);
    tap.close();
    return `the unikernel ended with ${child.signalCode ?? `status ${child.exitCode}`}, see above`;
  });
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  const url = `http://${guest}/`;
  const gone = ended.then((words) => {
    throw new Error(words);
  });
  const until = performance.now() + ANSWER_MS;
  while (!(await Promise.race([answers(url), gone]))) {
    if (performance.now() > until) {
      await close();
      throw new Error(`${image} did not answer at ${url} in ${ANSWER_MS / 1000} s; its console is above`);
    }
    await sleep(ASK_EVERY_MS);
  }
  gone.catch(() => undefined); // From here on the caller is told by `ended`.
  return { url, close, ended };
}
