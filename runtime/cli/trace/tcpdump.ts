// Shows a capture with tcpdump(8) instead of our own lines: it reads the frames, checked, from a pipe.
import { spawn, type ChildProcess } from 'node:child_process';
import { drained } from '../../drained.ts';
import { CommandError, EXIT } from '../errors.ts';
import { head, written, type Frame } from './capture.ts';

export class Tcpdump {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  /** It reads no more: it has ended, or is about to. */
  closed = false;

  constructor(args: readonly string[]) {
    this.#child = spawn('tcpdump', ['-l', '-n', '-r', '-', ...args], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (status) => resolve(status ?? EXIT.host));
    });
    this.#ended.catch(() => undefined).finally(() => (this.closed = true));
    this.#child.stdin?.on('error', () => (this.closed = true));
    this.#child.stdin?.write(head());
  }

  async show(frame: Frame): Promise<void> {
    const stdin = this.#child.stdin;
    if (this.closed || !stdin || stdin.write(written(frame))) return;
    await drained(stdin).catch(() => undefined);
  }

  /** No more frames; its exit status. @throws CommandError when there is no tcpdump. */
  async end(): Promise<number> {
    this.#child.stdin?.end();
    try {
      return await this.#ended;
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      const cause = code === 'ENOENT' ? 'not installed' : `cannot be started (${code})`;
      throw new CommandError(
        EXIT.unavailable,
        `tcpdump: ${cause}; install it, or leave away what stands behind '--'`,
      );
    }
  }
}
