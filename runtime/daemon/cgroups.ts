// A control group (cgroup v2) for each unikernel, in a folder that the service manager has delegated. Paths are folders, so that what is below one of them
// shares what it gets, whatever its unikernels are given among each other: `team:web` is in FOLDER/team:/:web. No file of the kernel's has a colon.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Limits } from '../protocol/limits.ts';
import type { Name } from '../protocol/name.ts';

/** What is limited, and counted. */
const CONTROLLERS = ['cpu', 'memory', 'pids'];
/** Where processes go that are in the delegated folder itself: one with limits below it may have none of its own. */
const KEEP = 'keep';
/** Microseconds that a share of a processor is of (Linux's own choice). */
const PERIOD = 100_000;
const WEIGHT_DEFAULT = 100;
/** Tender, keeper, shell, threads: a handful. */
const PIDS_MAX = 32;
/** Milliseconds until a process that has ended is out of its group. */
const LEAVE_LIMIT_MS = 2_000;
const LEAVE_LOOK_MS = 10;
const MB = 1 << 20;

/**
 * Bytes a unikernel of `memory` MB may have: its own, and what its tender and the kernel need for it. An idle one was
 * measured to have 1.7 MB in all under spt and 1.9 MB under hvt, its image among it; page tables are two thousandths of memory, and buffers of
 * interfaces count as well. Who meets the limit is ended, so there is room.
 */
const memoryMax = (memory: number): number => memory * MB + Math.ceil((memory * MB) / 32) + 32 * MB;

/** The kernel's side, so that a test can stand in for it. Each throws as Node's functions do. */
export interface Kernel {
  readonly read: (path: string) => string;
  /** To a file that is there. */
  readonly write: (path: string, text: string) => void;
  readonly mkdir: (path: string) => void;
  readonly rmdir: (path: string) => void;
  /** Names of the folders in one. */
  readonly folders: (path: string) => string[];
}

const system: Kernel = {
  read: (path) => fs.readFileSync(path, 'latin1'),
  write(path, text) {
    fs.writeFileSync(path, text, { flag: 'r+' });
  },
  mkdir(path) {
    fs.mkdirSync(path, { mode: 0o755 });
  },
  rmdir: (path) => fs.rmdirSync(path),
  folders: (path) =>
    fs
      .readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name),
};

const code = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** A counter of a group, named as the file and the line it is in: `cpu.stat.usage_usec`. */
export interface GroupCounter {
  readonly name: string;
  readonly value: bigint;
}

export class Cgroups {
  readonly #root: string;
  readonly #kernel: Kernel;

  private constructor(root: string, kernel: Kernel) {
    this.#root = root;
    this.#kernel = kernel;
  }

  /** Takes over the folder `root`, and takes away what is empty in it. @throws Error with one line where it cannot be used. */
  static open(root: string, kernel: Kernel = system): Cgroups {
    const groups = new Cgroups(root, kernel);
    let there: string[];
    try {
      there = kernel.read(join(root, 'cgroup.controllers')).trim().split(' ');
    } catch (error) {
      throw new Error(
        `cgroup ${root}: it cannot be read (${code(error) ?? 'unknown'}); is it one of version 2?`,
      );
    }
    const missing = CONTROLLERS.filter((controller) => !there.includes(controller));
    if (missing.length > 0)
      throw new Error(`cgroup ${root}: ${missing.join(', ')} not delegated; its unit needs Delegate=yes`);
    try {
      groups.#vacate();
      groups.#enable(root);
      for (const name of kernel.folders(root)) if (name !== KEEP) groups.#trim(join(root, name));
    } catch (error) {
      throw new Error(`cgroup ${root}: it cannot be written (${code(error) ?? 'unknown'}); is it delegated?`);
    }
    return groups;
  }

  /** Moves the processes of the folder itself to one below it. */
  #vacate(): void {
    const pids = this.#kernel.read(join(this.#root, 'cgroup.procs')).split('\n').filter(Boolean);
    if (pids.length === 0) return;
    const keep = join(this.#root, KEEP);
    this.#make(keep);
    for (const pid of pids) this.#kernel.write(join(keep, 'cgroup.procs'), pid);
  }

  #enable(folder: string): void {
    this.#kernel.write(
      join(folder, 'cgroup.subtree_control'),
      CONTROLLERS.map((controller) => `+${controller}`).join(' '),
    );
  }

  #make(folder: string): void {
    try {
      this.#kernel.mkdir(folder);
    } catch (error) {
      if (code(error) !== 'EEXIST') throw error;
    }
  }

  /** The folders from the outermost path on, the unikernel's own last. */
  #folders({ path, label = '' }: Name): string[] {
    const steps = [...path.map((step) => `${step}:`), `:${label}`];
    return steps.map((_, at) => join(this.#root, ...steps.slice(0, at + 1)));
  }

  #own(name: Name): string {
    return this.#folders(name).at(-1) as string;
  }

  /**
   * Puts the processes `pids` of a unikernel with `memory` MB into its group, which is made where there is none, and limits it anew.
   * @throws Error with one line.
   */
  attach(name: Name, pids: readonly number[], memory: number, limits: Limits): void {
    try {
      this.#limited(name, memory, limits);
      for (const pid of pids) this.#kernel.write(join(this.#own(name), 'cgroup.procs'), String(pid));
    } catch (error) {
      throw new Error(`cgroup ${this.#own(name)}: ${(error as Error).message}`);
    }
  }

  #limited(name: Name, memory: number, limits: Limits): void {
    const all = this.#folders(name);
    for (const folder of all) {
      this.#make(folder);
      if (folder !== all.at(-1)) this.#enable(folder);
    }
    const own = this.#own(name);
    this.#kernel.write(join(own, 'memory.max'), String(memoryMax(memory)));
    // A keeper without its guest, or the reverse, is of no use.
    this.#kernel.write(join(own, 'memory.oom.group'), '1');
    this.#kernel.write(join(own, 'pids.max'), String(PIDS_MAX));
    this.apply(name, limits);
  }

  /** Limits what is in the group of `name` to `limits` from now on. */
  apply(name: Name, { cpuWeight = WEIGHT_DEFAULT, cpuMax }: Limits): void {
    const own = this.#own(name);
    this.#kernel.write(join(own, 'cpu.weight'), String(cpuWeight));
    const quota = cpuMax === undefined ? 'max' : String((cpuMax * PERIOD) / 100);
    this.#kernel.write(join(own, 'cpu.max'), `${quota} ${PERIOD}`);
  }

  /** Takes the group of one that has ended away, and the folders of its path that are empty then; whether it could. */
  async remove(name: Name): Promise<boolean> {
    const [own = '', ...above] = this.#folders(name).reverse();
    const limit = performance.now() + LEAVE_LIMIT_MS;
    while (!this.#removed(own)) {
      if (performance.now() > limit) return false;
      await after(LEAVE_LOOK_MS);
    }
    for (const folder of above) if (!this.#removed(folder)) break;
    return true;
  }

  #removed(folder: string): boolean {
    try {
      this.#kernel.rmdir(folder);
    } catch (error) {
      if (code(error) === 'ENOENT') return true;
      if (code(error) === 'EBUSY' || code(error) === 'ENOTEMPTY') return false;
      throw error;
    }
    return true;
  }

  /** Takes away what is empty at and below `folder`. */
  #trim(folder: string): void {
    for (const name of this.#kernel.folders(folder)) this.#trim(join(folder, name));
    this.#removed(folder);
  }

  /** What the kernel counts of the group of `name`; nothing where there is none. */
  counters(name: Name): GroupCounter[] {
    const own = this.#own(name);
    return ['cpu.stat', 'memory.current', 'memory.peak', 'memory.events', 'pids.current'].flatMap((file) => {
      try {
        return countersIn(file, this.#kernel.read(join(own, file)));
      } catch {
        return []; // An older kernel has not all of them; a group that was taken away has none.
      }
    });
  }
}

/** A file of one number, or of a name and a number in each line; what is neither is passed over. */
export function countersIn(file: string, text: string): GroupCounter[] {
  return text.split('\n').flatMap((line) => {
    const [, key, number] = /^(?:([a-z_.]{1,64}) )?(\d{1,20})$/.exec(line) ?? [];
    if (number === undefined) return [];
    return [{ name: key === undefined ? file : `${file}.${key}`, value: BigInt.asIntN(64, BigInt(number)) }];
  });
}
