// A unikernel that runs in a network namespace: its console, and its end.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/setup/root.ts';
import type { Namespace } from './namespace.ts';

export const tender = join(root, 'build', 'tender', 'kittiwake-spt');

/** Longest a guest may take to say that it is ready. */
const READY_MS = 10_000;

export interface Start {
  readonly image: string;
  /** The guest's own arguments. */
  readonly args?: readonly string[];
  /** MiB. */
  readonly mem?: number;
  readonly tap?: string;
  /** The file behind the device `data`. */
  readonly data?: string;
  /** More of the tender's options. */
  readonly options?: readonly string[];
  /** Whose tender; ours when not said. */
  readonly tender?: string;
  /** What the tender is started by, such as taskset(1). */
  readonly by?: readonly string[];
}

/** A prebuilt image of ours. */
export function prebuilt(name: string): string {
  return join(root, 'fixtures', 'images', `${name}.spt`);
}

/** Why tests of the prebuilt image `name` cannot run, for a test's title; undefined where they can. */
export function noImage(name: string): string | undefined {
  return existsSync(prebuilt(name)) ? undefined : `fixtures/images/${name}.spt is not built`;
}

/** The command that starts a unikernel; upstream's tender takes it as well. */
export function command(start: Start): string[] {
  const { image, args = [], mem = 16, tap = 'tap0', data, options = [], by = [] } = start;
  const block = data === undefined ? [] : [`--block:data=${data}`];
  const tenderOptions = [...options, `--mem=${mem}`, `--net:service=${tap}`, ...block];
  return [...by, start.tender ?? tender, ...tenderOptions, image, ...args];
}

export class Unikernel implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #console = '';

  /** Starts it at once; `line` tells when it is ready. */
  constructor(namespace: Namespace, start: Start) {
    this.#child = namespace.start(command(start));
    this.#exit = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#console = (this.#console + text).slice(-65536);
      });
  }

  /** A unikernel whose console has said that it is ready. */
  static async ready(namespace: Namespace, start: Start): Promise<Unikernel> {
    const unikernel = new Unikernel(namespace, start);
    await unikernel.line(/ready/);
    return unikernel;
  }

  /** What it and its tender have said, the last 64 KiB. */
  get console(): string {
    return this.#console;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves once the console holds `pattern`. @throws Error with the console when the guest ends first or is late. */
  async line(pattern: RegExp): Promise<void> {
    const late = AbortSignal.timeout(READY_MS);
    const waits = [this.#child.stdout, this.#child.stderr];
    while (!pattern.test(this.#console)) {
      if (!this.running) throw new Error(`the guest ended before it said ${pattern}:\n${this.#console}`);
      try {
        const next = waits.filter((stream) => stream !== null).map((s) => once(s, 'data', { signal: late }));
        await Promise.race([...next, this.#exit]);
      } catch {
        throw new Error(`the guest did not say ${pattern} in ${READY_MS} ms:\n${this.#console}`);
      }
    }
  }

  /** Its exit status once it has ended by itself. */
  async status(): Promise<number | null> {
    await this.#exit;
    return this.#child.exitCode;
  }

  /** Ends it. @throws Error with its console, when it had ended by itself: a guest under test must live. */
  async stop(): Promise<void> {
    if (!this.running)
      throw new Error(`the guest ended by itself, status ${this.#child.exitCode}:\n${this.#console}`);
    this.#child.kill('SIGTERM');
    await this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) this.#child.kill('SIGKILL');
    await this.#exit;
  }
}
