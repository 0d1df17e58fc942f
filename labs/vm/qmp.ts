// QEMU's control socket (QEMU Machine Protocol): one command at a time, each with its answer; and events.
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { VmError } from './errors.ts';

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
}

/** QEMU answers at once; one that has not by then hangs. */
const ANSWER_LIMIT_MS = 30_000;

export class Qmp {
  readonly #socket: Socket;
  readonly #limitMs: number;
  readonly #expected: {
    name: string;
    resolve: (value: undefined) => void;
    reject: (reason: Error) => void;
  }[] = [];
  readonly #waiting: { resolve: (value: unknown) => void; reject: (reason: Error) => void }[] = [];

  /** Takes over a socket that is connected. An answer may take `limitMs`. */
  constructor(socket: Socket, limitMs = ANSWER_LIMIT_MS) {
    this.#socket = socket;
    this.#limitMs = limitMs;
    // Whatever ends the socket is heard of by its closing; readline would throw it as an error of its own.
    createInterface({ input: socket })
      .on('line', (line) => this.#onLine(line))
      .on('error', () => undefined);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#giveUp(new VmError('QEMU ended')));
  }

  /** Connects to the control socket at `path` and makes it ready for commands. */
  static async open(path: string): Promise<Qmp> {
    const qmp = new Qmp(await connect(path));
    await qmp.run('qmp_capabilities');
    return qmp;
  }

  /** Runs a command. @throws VmError with QEMU's own words, or if it ended or does not answer in time. */
  async run(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.#socket.destroyed) throw new VmError('QEMU ended');
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.push({ resolve, reject });
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    // After a missing answer nobody could tell which command the next one belongs to.
    const timer = setTimeout(() => {
      this.#giveUp(new VmError(`QEMU does not answer '${command}' (waited ${this.#limitMs / 1000} s)`));
    }, this.#limitMs);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Waits for the next event called `name`, as QEMU's QMP reference has them. @throws VmError if QEMU ended, or after `limitMs`. */
  async event(name: string, limitMs?: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    if (this.#socket.destroyed) reject(new VmError('QEMU ended'));
    else this.#expected.push({ name, resolve, reject });
    const late = (): void =>
      reject(new VmError(`QEMU does not tell of ${name} (waited ${(limitMs ?? 0) / 1000} s)`));
    const timer = limitMs === undefined ? undefined : setTimeout(late, limitMs);
    await promise.finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#socket.destroy();
  }

  #onLine(line: string): void {
    let answer: Answer;
    try {
      answer = JSON.parse(line) as Answer;
    } catch {
      this.#giveUp(new VmError('QEMU broke off in the middle of an answer'));
      return;
    }
    if (answer.event !== undefined) {
      const matching = this.#expected.filter(({ name }) => name === answer.event);
      for (const one of matching)
        this.#expected.splice(this.#expected.indexOf(one), 1)[0]?.resolve(undefined);
      return;
    }
    if (!('return' in answer) && !answer.error) return; // the greeting
    const waiting = this.#waiting.shift();
    if (answer.error) waiting?.reject(new VmError(`QEMU: ${answer.error.desc}`));
    else waiting?.resolve(answer.return);
  }

  /** Gives the line up: everybody who waits is told why. */
  #giveUp(reason: VmError): void {
    this.#socket.destroy();
    for (const { reject } of [...this.#waiting.splice(0), ...this.#expected.splice(0)]) reject(reason);
  }
}

/** A connection to the Unix socket at `path`. */
export async function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => resolve(socket.off('error', reject)));
    socket.once('error', reject);
  });
}
