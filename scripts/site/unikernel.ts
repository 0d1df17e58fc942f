// Serves the packed handbook from the `website` image: over a tap, or at a port of this machine without any privilege.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
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
  /** How it is reached: over a tap that is there, over one that is made ('own tap'), or at a port of 127.0.0.1. */
  readonly at: { readonly tap: string } | { readonly port: number } | 'own tap';
  /** Arguments for the image besides its address. */
  readonly args?: readonly string[];
  /** Environment variables besides our own. */
  readonly env?: Readonly<Record<string, string>>;
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

/** What the image is told of its network, and where it can be reached. */
interface Reach {
  readonly url: string;
  readonly options: readonly string[];
  readonly args: readonly string[];
  /** Takes away what was made for it. */
  readonly close: () => void;
}

function reach(at: Site['at']): Reach {
  if (typeof at === 'object' && 'port' in at) {
    return {
      url: `http://127.0.0.1:${at.port}/`,
      options: [`--publish=${at.port}:80`],
      args: [],
      close: () => undefined,
    };
  }
  const tap = at === 'own tap' ? makeTap() : useTap(at.tap);
  const { guest, prefix } = tap.wire;
  return {
    url: `http://${guest}/`,
    options: [`--net:service=${tap.name}`],
    args: [`--ipv4=${guest}/${prefix}`, '--port=80'],
    close: tap.close,
  };
}

/** Starts the image and waits until it answers. Its console goes to standard error. @throws Error that says why it does not answer. */
export async function serveUnikernel({
  runtime,
  image,
  archive,
  at,
  args = [],
  env = {},
}: Site): Promise<ServedByUnikernel> {
  const way = reach(at);
  const options = [`--mem=${MEMORY_MIB}`, ...way.options, `--block-ro:data=${archive}`];
  const child = spawn(
    join(runtime, 'bin', 'kittiwake'),
    ['run', ...options, image, '--', ...way.args, ...args],
    { stdio: ['ignore', 2, 2], env: { ...process.env, ...env } },
  );
  // However this process ends, neither of the two stays behind.
  const leave = (): void => {
    child.kill('SIGTERM');
    way.close();
  };
  process.once('exit', leave);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  const ended = once(child, 'exit').then(() => {
    process.off('exit', leave);
    way.close();
    return `the unikernel ended with ${child.signalCode ?? `status ${child.exitCode}`}, see above`;
  });
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  const gone = ended.then((words) => {
    throw new Error(words);
  });
  const until = performance.now() + ANSWER_MS;
  while (!(await Promise.race([answers(way.url), gone]))) {
    if (performance.now() > until) {
      await close();
      throw new Error(`${image} did not answer at ${way.url} in ${ANSWER_MS / 1000} s; its console is above`);
    }
    await sleep(ASK_EVERY_MS);
  }
  gone.catch(() => undefined); // From here on the caller is told by `ended`.
  return { url: way.url, close, ended };
}
