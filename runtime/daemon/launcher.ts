// Starts tenders on this host, and finds those again that an earlier daemon started. A tender is nobody's to wait for: what it prints comes by a FIFO,
// how it ended stands in a file, and that it has ended is the end of the FIFO, whoever began it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { paced } from './console-limit.ts';
import { formatName, parseName } from '../protocol/name.ts';
import type { Cgroups } from './cgroups.ts';
import { bootId, identify, programOf, runs, signalTo, type Identity } from './identity.ts';
import { notesOf, tenderOf } from './image.ts';
import type { Image } from '../image/notes.ts';
import { describeEnd, type Ended } from './ended.ts';
import { RunFolder, type RunRecord } from './run-folder.ts';
import { childrenOf } from './statistics.ts';
import { KILL_AFTER_MS, type Adopted, type Launcher, type Output, type Running } from './supervisor.ts';
import { fingerprint, blockOf, type Unikernel } from './table.ts';
import { addTaps, removeTaps, tapName, type Ip } from './taps.ts';
import { tenderArguments, type Attached } from './tender.ts';

/** Longest from a tender's start to its guest's. */
const START_LIMIT_MS = 60_000;
/** How often it is looked whether a guest has started. */
const LOOK_MS = 2;
/** Bytes of what a tender says that are looked at for the reason. */
const REASON_MAX = 1024;
/** Images whose notes are kept in memory. */
const IMAGES_MAX = 64;
/** Longest the shell takes to become the tender. */
const BECOME_LIMIT_MS = 10_000;

/**
 * What waits until its number is written down, and then becomes the tender: if the daemon dies before, its end of the pipe closes, and nothing was
 * started. Descriptor 3 is for the tender's events.
 */
const WAIT = 'read -r word && [ "$word" = go ] && exec "$@" </dev/null';

export interface Host {
  /** Where the folders of runs are; empty after the host's start. */
  readonly runs: string;
  readonly tender: (abi: 'hvt' | 'spt') => string;
  /** The file of the image of `digest`. */
  readonly image: (digest: string) => string;
  /** The file of a block device. */
  readonly block: (name: string) => string;
  readonly ip: Ip;
  /** Of the CPUs the host has: one that may use all of them is not bound to any. */
  readonly cpus: readonly number[];
  /** Undefined: there are none to be had. */
  readonly cgroups?: Cgroups | undefined;
  /** What went wrong and did no harm, in one line. */
  readonly log: (line: string) => void;
}

export class HostLauncher implements Launcher {
  readonly #host: Host;
  /** What images say of themselves, by their digests: of those that were started last. */
  readonly #images = new Map<string, Image>();

  constructor(host: Host) {
    this.#host = host;
  }

  async start(unikernel: Unikernel, addName: boolean, output: Output): Promise<Running> {
    const { name, config, digest } = unikernel;
    const path = this.#host.image(digest);
    const abi = tenderOf(await this.#notes(digest), config);
    const folder = RunFolder.of(this.#host.runs, name);
    await this.#clear(folder);
    const taps = config.bridges.map((device) => ({
      device: device.name,
      tap: tapName(name, device.name),
      bridge: device.bridge ?? device.name,
    }));
    const record: RunRecord = {
      name: formatName(name),
      fingerprint: fingerprint(unikernel),
      taps: taps.map(({ tap }) => tap),
    };
    try {
      await folder.make(record);
      await both(folder.makePipe(), addTaps(taps, this.#host.ip));
      const attached: Attached = {
        taps: new Map(taps.map(({ device, tap }) => [device, tap])),
        blocks: new Map(
          config.blocks.map((device) => {
            const block = formatName(blockOf(name, device));
            return [block, this.#host.block(block)];
          }),
        ),
      };
      const command = [
        ...this.#binding(config.cpuids),
        this.#host.tender(abi),
        ...['--sysexits', '--events=3'],
        // Under spt the keeper would wake each second, to count what the host counts as well (runtime/tender/README.md).
        ...(abi === 'hvt' ? [`--stats=${folder.stats}`] : []),
        ...tenderArguments(unikernel, path, attached, addName),
      ];
      return await this.#launch(folder, record, command, output, (pid) =>
        this.#group(unikernel, [pid], this.#host.cgroups !== undefined),
      );
    } catch (error) {
      await this.#clear(folder);
      throw error;
    }
  }

  async #notes(digest: string): Promise<Image> {
    const notes = this.#images.get(digest) ?? notesOf(await fs.readFile(this.#host.image(digest)));
    this.#images.delete(digest);
    this.#images.set(digest, notes);
    const [oldest = ''] = this.#images.keys();
    if (this.#images.size > IMAGES_MAX) this.#images.delete(oldest);
    return notes;
  }

  /** Words that keep a program on the CPUs `ids`. */
  #binding(ids: readonly number[]): string[] {
    const all = this.#host.cpus.every((id) => ids.includes(id));
    return all || ids.length === 0 ? [] : ['taskset', '--cpu-list', ids.join(',')];
  }

  /** Puts a unikernel's processes into its control group. Where that fails they run without, unless they were to be limited. */
  #group({ name, config, limits = {} }: Unikernel, pids: readonly number[], needed: boolean): void {
    const { cgroups, log } = this.#host;
    const limited = Object.keys(limits).length > 0;
    try {
      cgroups?.attach(name, pids, config.memory, limits);
      if (limited && !cgroups) throw new Error('there are no control groups');
    } catch (error) {
      if (limited && needed) throw error;
      log(`${formatName(name)}: ${(error as Error).message}; it runs without limits of its own`);
    }
  }

  async #launch(
    folder: RunFolder,
    record: RunRecord,
    command: readonly string[],
    output: Output,
    group: (pid: number) => void,
  ): Promise<Running> {
    // Opened to read as well as to write: a tender whose daemon has gone fills its FIFO, and is not ended by it.
    const writer = await fs.open(folder.console, 'r+');
    const events = await fs.open(folder.events, 'r+');
    let child: ChildProcess;
    try {
      child = spawn('/bin/sh', ['-c', WAIT, 'kittiwaked', ...command], {
        stdio: ['pipe', writer.fd, writer.fd, events.fd],
        detached: true,
        cwd: '/',
      });
      child.stdin?.on('error', () => undefined); // It has ended; its end tells how.
      child.unref();
    } catch (error) {
      await Promise.all([writer.close(), events.close()]);
      throw error;
    }
    const exited = new Promise<Ended>((resolve) => {
      child.once('error', () => resolve({ status: 255 }));
      child.once('exit', (status, signal) =>
        resolve(signal === null ? { status: status ?? 255 } : { signal }),
      );
    });
    try {
      const process = child.pid === undefined ? undefined : await identify(child.pid);
      if (process === undefined) throw new Error('/bin/sh: it cannot be started');
      await folder.write({ ...record, process });
      group(process.pid);
      // What it says where its guest never begins is the reason.
      let tail: Buffer | undefined = Buffer.alloc(0);
      const heard: Output = (bytes) => {
        if (tail) tail = Buffer.concat([tail, bytes]).subarray(-REASON_MAX);
        output(bytes);
      };
      const run = this.#watch(folder, record.taps, process, heard, () => exited);
      await Promise.all([writer.close(), events.close()]);
      child.stdin?.end('go\n');
      const running = await begun(folder, run, () => tail?.toString('utf8').trim().split('\n').at(-1));
      tail = undefined;
      return running;
    } catch (error) {
      // What was not told to go ends now.
      child.stdin?.destroy();
      await Promise.allSettled([writer.close(), events.close()]);
      throw error;
    }
  }

  /** Hears what the tender prints, and when it has ended; then takes its interfaces away. */
  #watch(
    folder: RunFolder,
    taps: readonly string[],
    process: Identity,
    output: Output,
    otherwise: () => Promise<Ended>,
  ): Watched {
    const reader = readerOf(folder);
    const over = once(reader, 'close');
    paced(reader, output);
    reader.on('error', () => undefined); // 'close' follows.
    const watched = { left: false };
    const ended = (async (): Promise<Ended> => {
      await over;
      // Left alone it goes on: nobody is told anything any more.
      if (watched.left) return new Promise(() => undefined);
      const result = (await folder.told()).ended ?? (await otherwise());
      await removeTaps(taps, this.#host.ip);
      return result;
    })();
    const leave = (): void => {
      watched.left = true;
      reader.destroy();
    };
    // If the daemon dies now, the next one sees an end that was asked for, and goes by what is written down.
    const kill = (signal: 'SIGTERM' | 'SIGKILL'): void =>
      void folder
        .ask()
        .catch(() => undefined)
        .then(() => signalTo(process, signal));
    return { pid: process.pid, ended, leave, kill };
  }

  async adopt(unikernel: Unikernel, output: Output): Promise<Adopted> {
    const folder = RunFolder.of(this.#host.runs, unikernel.name);
    const record = await folder.read();
    const { process, taps = [] } = record ?? {};
    if (
      process === undefined ||
      process.boot !== (await bootId()) ||
      record?.fingerprint !== fingerprint(unikernel) ||
      folder.asked
    ) {
      await this.#clear(folder);
      return { kind: 'none' };
    }
    await becomesTender(process);
    // The reader first: what ends after it was opened is heard of.
    const killed = (): Promise<Ended> => Promise.resolve({ signal: 'SIGKILL' });
    const run = this.#watch(folder, taps, process, output, killed);
    const { started, ended } = await folder.told();
    if (await runs(process)) {
      // An earlier daemon may have had no groups, or others.
      this.#group(unikernel, [process.pid, ...childrenOf('/proc', process.pid)], false);
      return { kind: 'running', running: { ...run, since: started ?? new Date() } };
    }
    run.leave();
    if (started === undefined) {
      await this.#clear(folder);
      return { kind: 'none' };
    }
    // What tells how it ended stays until that is written down.
    await removeTaps(taps, this.#host.ip);
    return { kind: 'ended', ended: ended ?? (await folder.told()).ended ?? { signal: 'SIGKILL' } };
  }

  async release(unikernel: Unikernel): Promise<void> {
    await this.#clear(RunFolder.of(this.#host.runs, unikernel.name));
  }

  async sweep(wanted: ReadonlySet<string>): Promise<string[]> {
    const swept: string[] = [];
    for (const folder of await RunFolder.all(this.#host.runs)) {
      const name = (await folder.read())?.name;
      if (name !== undefined && wanted.has(name)) continue;
      await this.#clear(folder);
      if (name !== undefined) swept.push(name);
    }
    return swept;
  }

  /** Takes away whatever is left of a run. */
  async #clear(folder: RunFolder): Promise<void> {
    const record = await folder.read();
    const { process, taps = [], name } = record ?? {};
    if (process !== undefined) await end(process);
    if (name !== undefined && !(await (this.#host.cgroups?.remove(parseName(name)) ?? true)))
      this.#host.log(`${name}: its control group is in use still, and is left`);
    if (process === undefined || process.boot === (await bootId())) await removeTaps(taps, this.#host.ip);
    await folder.remove();
  }
}

/** Waits for both, whatever becomes of either. @throws the first error. */
async function both(...actions: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(actions))
    if (result.status === 'rejected') throw result.reason;
}

/** One whose guest may not have begun. */
type Watched = Omit<Running, 'since'>;

/** Waits for the guest's first instruction. @throws Error with the tender's own words where it does not come to that. */
async function begun(folder: RunFolder, run: Watched, said: () => string | undefined): Promise<Running> {
  const limit = Date.now() + START_LIMIT_MS;
  const over: Ended[] = [];
  void run.ended.then((ended) => over.push(ended));
  for (;;) {
    const [ended] = over;
    const { started, refusal } = await folder.told();
    if (started !== undefined) return { ...run, since: started };
    if (ended)
      throw new Error((refusal ?? said()) || `its tender ${describeEnd(ended)} before the guest began`);
    if (Date.now() > limit) {
      run.kill('SIGKILL');
      await run.ended;
      throw new Error(`the guest has not begun in ${START_LIMIT_MS / 1000} s`);
    }
    await after(LOOK_MS);
  }
}

/** The end of the FIFO that hears when nobody is left at the other. */
function readerOf(folder: RunFolder): Socket {
  const fd = openSync(folder.console, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** Waits until the shell that was to become a tender has, or has ended because nobody let it. */
async function becomesTender(process: Identity): Promise<void> {
  const limit = Date.now() + BECOME_LIMIT_MS;
  while (Date.now() < limit && !/^(kittiwake-|undefined)/.test(String(await programOf(process))))
    await after(LOOK_MS);
}

/** Ends it: asks, and takes it away where that does not help. */
async function end(process: Identity): Promise<void> {
  const limit = Date.now() + KILL_AFTER_MS;
  await signalTo(process, 'SIGTERM');
  while (await runs(process)) {
    if (Date.now() > limit) await signalTo(process, 'SIGKILL');
    await after(LOOK_MS);
  }
}
