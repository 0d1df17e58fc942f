// Serves the handbook, wherever its pages and its runtime lie: by the unikernel it is about, else by a plain server, and the lab server with it.
import { constants } from 'node:os';
import { freePort } from '../setup/free-port.ts';
import { serveFront } from './front.ts';
import { labsBeside, type LabsOptions } from './labs.ts';
import { HOST, NAMES, serveFolder } from './server.ts';
import { serveUnikernel } from './unikernel.ts';

export interface HandbookFiles {
  /** The installed runtime. */
  readonly runtime: string;
  /** The image `website`, a file. */
  readonly image: string;
  /** The folder of its pages. */
  readonly pages: string;
  /** The same packed, made where it is not there. */
  readonly archive: () => Promise<string>;
  /** Environment variables for the unikernel. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ServedHandbook {
  readonly url: string;
  /** What serves it, in words. */
  readonly by: string;
}

/** Longest the labs' machines may take to end, in ms. */
const END_MS = 5000;

/** When a signal ends this process, readers are told first, and what they have done is kept. A second signal does not wait for that. */
export function endWith(close: () => Promise<void>, onBegin: () => void = () => undefined): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const leave = (): never => process.exit(128 + constants.signals[signal]);
    // Those there are would leave at once; what they do besides is done as this process ends.
    process.removeAllListeners(signal).once(signal, () => {
      process.once(signal, leave);
      onBegin();
      setTimeout(leave, END_MS);
      void close().finally(leave);
    });
  }
}

/** The handbook at a port nobody is told of, and in front of it, at `port`, the one that is printed, where the lab server is, too. */
export async function serveWithLabs(
  files: HandbookFiles,
  labs: LabsOptions,
  port: number,
  plain: boolean,
): Promise<ServedHandbook> {
  const { beside, token } = await labsBeside(NAMES, labs);
  const { url: handbook, by } = await serveHandbook(files, await freePort(), plain);
  const { url, close } = await serveFront({ handbook, hosts: [HOST], port, names: NAMES, beside });
  endWith(close);
  return { url: `${url}#lab=${token}`, by };
}

/** The handbook alone, at 127.0.0.1:`port`. @throws Error with a remedy when the port cannot be had. */
export async function serveHandbook(
  { runtime, image, pages, archive, env = {} }: HandbookFiles,
  port: number,
  plain: boolean,
): Promise<ServedHandbook> {
  if (plain) return { url: (await serveFolder(pages, port)).url, by: 'a plain server' };
  try {
    const args = ['--no-access-log'];
    const at = { port };
    const { url, ended } = await serveUnikernel({ runtime, image, archive: await archive(), at, args, env });
    // Without it there is nothing left to serve.
    void ended.then((words) => {
      console.error(words);
      process.exit(1);
    });
    return { url, by: 'the unikernel website' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const served = await serveFolder(pages, port);
    return { url: served.url, by: `a plain server, because ${why}` };
  }
}
