// The lab machine as QEMU's command line, and its process. The same devices at boot and at restore, or no snapshot loads.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { QEMU, type Accelerator } from './accelerator.ts';
import { VmError } from './errors.ts';
import { connect, Qmp } from './qmp.ts';
import { optionValue } from './quote.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import { waitFor } from './wait.ts';

/** MiB of memory. */
const MEMORY = 1024;
const CONTROL_LIMIT_MS = 30_000;
const END_LIMIT_MS = 10_000;

/** Lines to agents with a shell each: root's for the host's own housekeeping, and those of a lab's parts, operator's and root's. */
export const AGENTS = ['root', 'operator', 'superuser'] as const;
export type Agent = (typeof AGENTS)[number];

/** 'resume' ends at what wakes the machine, 'terminal' at a console for people. */
export type Line = Agent | 'resume' | 'terminal';

export interface Hardware {
  readonly accelerator: Accelerator;
  readonly kernel: string;
  readonly initrd: string;
  /** A qcow2 of the root file system that this machine may write to. */
  readonly disk: string;
  /** A tar of what is installed under /usr/local. */
  readonly runtime: string;
  /** The state of a machine that was saved, to go on with. */
  readonly state?: string;
}

/**
 * No guards against who else is on a processor, nor against errors of the kernel's own: nobody else is on this one, and each guard costs time.
 * Memory is not cleared before it is given away, so that it is not cleared twice. And programs at the same addresses each time, since QEMU's
 * emulation knows code again by its address: it translates a program once, and not at every start.
 */
const BARE = [
  ...['mitigations=off', 'randomize_kstack_offset=off', 'hardened_usercopy=off', 'init_on_alloc=0'],
  ...['psi=0', 'lsm=landlock,yama', 'transparent_hugepage=madvise', 'norandmaps'],
].join(' ');

/** The descriptor by which QEMU reads a state, behind those that every process has. Through a pipe it takes half as long again. */
const STATE_FD = 3;

/** In milliseconds; what is missing to the time that has passed, it had nothing to do. */
export interface Processor {
  readonly ranMs: number;
  /** Had something to do, and none of the host's processors to do it on. */
  readonly waitedMs: number;
}

/** Machines that run; ended when this process is. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Qemu {
  readonly control: Qmp;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, control: Qmp) {
    this.#child = child;
    this.#folder = folder;
    this.control = control;
  }

  /** Starts QEMU; the machine runs, or waits if it goes on from a state, until `control` says otherwise. */
  static async start(hardware: Hardware): Promise<Qemu> {
    const state = hardware.state === undefined ? undefined : await open(hardware.state);
    const folder = await makeScratch('vm');
    // Should this process be killed outright, the kernel ends QEMU too.
    const command = ['--pdeathsig', 'KILL', QEMU, ...options(hardware, folder)];
    const child = spawn('setpriv', command, { stdio: ['ignore', 'ignore', 'pipe', state?.fd ?? 'ignore'] });
    running.add(child);
    let complaints = '';
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (complaints = (complaints + text).slice(-4096)));
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (error) => reject(new VmError(`${QEMU} could not be started: ${error.message}`)));
      child.once('exit', () =>
        reject(new VmError(`${QEMU} ended: ${complaints.trim() || 'it did not say why'}`)),
      );
    });
    failed.catch(() => undefined);
    child.once('exit', () => running.delete(child));
    const path = join(folder, 'control');
    try {
      await state?.close();
      const control = await Promise.race([waitFor(() => Qmp.open(path), CONTROL_LIMIT_MS), failed]);
      return new Qemu(child, folder, control);
    } catch (error) {
      child.kill('SIGKILL');
      await removeScratch(folder);
      throw error;
    }
  }

  /** Connects to one of the machine's lines, and waits until QEMU has noticed. */
  async line(name: Line): Promise<Socket> {
    const line = await connect(join(this.#folder, name));
    await waitFor(async () => {
      const all = (await this.control.run('query-chardev')) as { label: string; filename: string }[];
      if (all.find(({ label }) => label === name)?.filename.startsWith('disconnected:') !== false)
        throw new VmError(`QEMU does not take its line '${name}'`);
    }, CONTROL_LIMIT_MS);
    return line;
  }

  /** Of a file or socket that goes when QEMU does. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  /** What the kernel and the system wrote on their console, the last `size` bytes. */
  async console(size: number): Promise<string> {
    const text = await readFile(join(this.#folder, 'console'), 'utf8').catch(() => '');
    return text.slice(-size);
  }

  /** What its processor, the busiest of QEMU's threads, has done since it was started. Undefined where the host's kernel does not tell. */
  async processor(): Promise<Processor | undefined> {
    const threads = `/proc/${this.#child.pid}/task`;
    const told = await Promise.all(
      (await readdir(threads).catch(() => [])).map((id) =>
        readFile(join(threads, id, 'schedstat'), 'utf8').catch(() => ''),
      ),
    );
    // Nanoseconds on a processor and in wait of one (Documentation/scheduler/sched-stats.rst); zeros, where the kernel does not count.
    const each = told
      .map((line) => line.split(' ', 2).map((ns) => Number(ns) / 1e6))
      .map(([ranMs = 0, waitedMs = 0]) => ({ ranMs, waitedMs }))
      .filter(({ ranMs }) => ranMs > 0);
    return each.toSorted((one, other) => other.ranMs - one.ranMs)[0];
  }

  /** Resolves when QEMU has ended. */
  async ended(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }

  /** Ends QEMU as a power cut would, and removes what it left. */
  async stop(): Promise<void> {
    this.control.close();
    this.#child.kill('SIGKILL');
    // What hangs in a driver ends when it can.
    await Promise.race([this.ended(), delay(END_LIMIT_MS, undefined, { ref: false })]);
    await removeScratch(this.#folder);
  }
}

function options({ accelerator, kernel, initrd, disk, runtime, state }: Hardware, folder: string): string[] {
  const socket = (name: string): string =>
    `socket,id=${name},path=${optionValue(join(folder, name))},server=on,wait=off`;
  return [
    ...[
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
      '-machine',
      'q35,usb=off',
      '-m',
      String(MEMORY),
      // One, and room for what addProcessor() adds.
      '-smp',
      '1,maxcpus=2',
    ],
    ...accelerator.options,
    ...['-kernel', kernel, '-initrd', initrd],
    // no_timer_check: Linux gives the timer's first ticks a moment to come, and panics where the host is too busy to bring them.
    ...[
      '-append',
      `root=/dev/vda rw console=ttyS0 quiet loglevel=4 systemd.show_status=no no_timer_check ${BARE}`,
    ],
    // Nothing on it outlives the machine, so nothing has to reach the host's disk.
    ...['-drive', `file=${optionValue(disk)},format=qcow2,if=none,id=root,cache=unsafe,discard=unmap`],
    ...['-device', 'virtio-blk-pci,drive=root'],
    ...['-drive', `file=${optionValue(runtime)},format=raw,if=none,id=runtime,read-only=on`],
    ...['-device', 'virtio-blk-pci,drive=runtime'],
    ...[
      '-chardev',
      `file,id=console,path=${optionValue(join(folder, 'console'))}`,
      '-serial',
      'chardev:console',
    ],
    // Where a link to another machine is plugged in.
    ...['-device', 'pcie-root-port,id=spare,chassis=1'],
    ...['-device', 'virtio-serial-pci'],
    ...[...AGENTS, 'resume'].flatMap((name) => [
      ...['-chardev', socket(name), '-device', `virtserialport,chardev=${name},name=lab.${name}`],
    ]),
    ...['-chardev', socket('terminal'), '-device', 'virtconsole,chardev=terminal'],
    ...['-chardev', socket('control'), '-mon', 'chardev=control,mode=control'],
    // A newer QEMU would rather be told the file's name (file:), which 7.2 cannot be told; 10.0 takes both.
    ...(state === undefined ? [] : ['-incoming', `fd:${STATE_FD}`]),
  ];
}
