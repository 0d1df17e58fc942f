// The host's end of the line to one persistent bash in the VM (root/usr/lib/lab/agent is the other end).
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { VmError } from './errors.ts';

/** Begins a marker; no text holds it by accident, and the nonce behind it no program can guess. */
const MARK = '\x1e';

export interface Ended {
  /** The exit status of the last command; null when the time was over. */
  readonly exit: number | null;
  /** The shell itself ended, by `exit` or a signal: nothing more can be run in it. */
  readonly gone: boolean;
}

export interface RunOptions {
  readonly timeoutMs: number;
  /** Gets what the commands print, as it comes. */
  readonly onOutput: (text: string) => void;
}

export class Shell {
  readonly #line: Duplex;
  readonly #nonce: string;
  readonly #decoder = new StringDecoder('utf8');
  #pending = '';
  #current: { readonly onOutput: (text: string) => void; readonly end: (ended: Ended) => void } | undefined;
  #gone = false;

  /** Greets the agent behind `line`, which starts the shell. */
  constructor(line: Duplex) {
    this.#line = line;
    this.#nonce = randomBytes(16).toString('hex');
    line.on('data', (bytes: Buffer) => this.#onText(this.#decoder.write(bytes)));
    line.on('error', () => undefined);
    line.on('close', () => this.#end({ exit: null, gone: true }));
    line.write(`hello ${this.#nonce}\n`);
  }

  /**
   * Runs `commands` in the shell, without standard input, and waits for their end, but not longer than `timeoutMs`.
   * What background jobs of earlier runs print meanwhile counts as this run's output.
   * @throws VmError if the shell is gone, or still busy.
   */
  async run(commands: string, { timeoutMs, onOutput }: RunOptions): Promise<Ended> {
    if (this.#gone) throw new VmError('the shell in the VM has ended');
    if (this.#current) throw new VmError('the shell in the VM is busy');
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end({ exit: null, gone: false }), timeoutMs);
      this.#current = {
        onOutput,
        end: (ended) => {
          clearTimeout(timer);
          resolve(ended);
        },
      };
      const encoded = Buffer.from(commands).toString('base64');
      this.#line.write(
        `eval "$(printf %s ${encoded} | base64 -d)" </dev/null 251>&-; printf '\\036${this.#nonce} done %d\\n' "$?" >&251\n`,
      );
    });
  }

  #onText(text: string): void {
    this.#pending += text;
    for (;;) {
      const start = this.#pending.indexOf(MARK);
      if (start < 0) return this.#flush(this.#pending.length);
      this.#flush(start);
      const end = this.#pending.indexOf('\n');
      const longest = `${MARK}${this.#nonce} done 255`.length;
      if (end < 0 && this.#pending.length <= longest) return; // the rest is still on its way
      const [, word, status] =
        new RegExp(`^${MARK}${this.#nonce} (done|gone) (\\d+)$`).exec(
          this.#pending.slice(0, Math.max(end, 0)),
        ) ?? [];
      if (word === undefined) {
        this.#flush(1); // a byte like ours, printed by somebody else
        continue;
      }
      this.#pending = this.#pending.slice(end + 1);
      this.#end({ exit: Number(status), gone: word === 'gone' });
    }
  }

  #flush(size: number): void {
    if (size === 0) return;
    const text = this.#pending.slice(0, size);
    this.#pending = this.#pending.slice(size);
    this.#current?.onOutput(text);
  }

  #end(ended: Ended): void {
    this.#gone ||= ended.gone;
    const current = this.#current;
    this.#current = undefined;
    current?.end(ended);
  }
}
