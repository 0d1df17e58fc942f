// QEMU's control socket (QEMU Machine Protocol): one command at a time, each with its answer.
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { VmError } from './errors.ts';

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
}

export class Qmp {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (value: unknown) => void; reject: (reason: Error) => void }[] = [];

  /** Takes over a socket that is connected. */
  constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => this.#onLine(line));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new VmError('QEMU ended'));
    });
  }

  /** Connects to the control socket at `path` and makes it ready for commands. */
  static async open(path: string): Promise<Qmp> {
    const qmp = new Qmp(await connect(path));
    await qmp.run('qmp_capabilities');
    return qmp;
  }

  /** Runs a command. @throws VmError with QEMU's own words. */
  async run(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new VmError('QEMU ended'));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #onLine(line: string): void {
    const answer = JSON.parse(line) as Answer;
    if (!('return' in answer) && !answer.error) return; // the greeting, events
    const waiting = this.#waiting.shift();
    if (answer.error) waiting?.reject(new VmError(`QEMU: ${answer.error.desc}`));
    else waiting?.resolve(answer.return);
  }
}

/** A connection to the Unix socket at `path`. */
export async function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => resolve(socket.off('error', reject)));
    socket.once('error', reject);
  });
}
