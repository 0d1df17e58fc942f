// The host's end of the line to one persistent bash in the VM (root/usr/lib/lab/agent is the other end).
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { VmError } from './errors.ts';
import { lineWord } from './quote.ts';

/** Begins a marker; no text holds it by accident, and the nonce behind it no program can guess. */
const MARK = '\x1e';

/** Of a marker, in characters: two paths of the kernel's greatest length, quoted. */
const MARKER_MAX = 40_000;

export interface Ended {
  /** The exit status of the last command; null when the time was over. */
  readonly exit: number | null;
  /** The shell itself ended, by `exit` or a signal: nothing more can be run in it. */
  readonly gone: boolean;
  /** Where it is now, as its prompt would show it: `~` is home. Words as bash quotes them. */
  readonly directory?: string;
}

export interface RunOptions {
  readonly timeoutMs: number;
  /** Gets what the commands print, as it comes. */
  readonly onOutput: (text: string) => void;
}

export class Shell {
  /** What tells its markers from what programs print. Who knows it can take the shell up again. */
  readonly nonce: string;
  readonly #line: Duplex;
  readonly #hear = (bytes: Buffer): void => this.#onText(this.#decoder.write(bytes));
  readonly #decoder = new StringDecoder('utf8');
  #pending = '';
  #current: { readonly onOutput: (text: string) => void; readonly end: (ended: Ended) => void } | undefined;
  #gone = false;
  #busy = false;
  #directory: string | undefined;

  /** Greets the agent behind `line`, which starts the shell; or takes up the one that `nonce` started, as its machine was frozen. */
  constructor(line: Duplex, nonce?: string) {
    this.#line = line;
    this.nonce = nonce ?? randomBytes(16).toString('hex');
    line.on('data', this.#hear);
    line.on('error', () => undefined);
    line.on('close', () => this.#end({ exit: null, gone: true }));
    if (nonce === undefined) line.write(`hello ${this.nonce}\n`);
  }

  /** Whether it is there and waits for something to run: what was given up when its time was over may still run. */
  get idle(): boolean {
    return !this.#gone && !this.#busy;
  }

  /** Where it was when it last ended something, as its prompt would show it: `~` is home. */
  get directory(): string | undefined {
    return this.#directory;
  }

  /**
   * Runs `commands` in the shell, without standard input, and waits for their end, but not longer than `timeoutMs`.
   * What background jobs of earlier runs print meanwhile counts as this run's output.
   * @throws VmError if the shell is gone, or still busy.
   */
  async run(commands: string, { timeoutMs, onOutput }: RunOptions): Promise<Ended> {
    if (this.#gone) throw new VmError('the shell in the VM has ended');
    if (this.#busy) throw new VmError('the shell in the VM is busy');
    this.#busy = true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end({ exit: null, gone: false }), timeoutMs);
      this.#current = {
        onOutput,
        end: (ended) => {
          clearTimeout(timer);
          resolve(ended);
        },
      };
      this.#line.write(
        `eval ${lineWord(commands)} </dev/null 251>&-; printf '\\036${this.nonce} done %d %q\\037%q\\n' "$?" "\${HOME-}" "$PWD" >&251\n`,
      );
    });
  }

  /** Listens no more, so that what a later shell says on the same line is none of its output. What runs in it ends as if the line had. */
  leave(): void {
    this.#line.off('data', this.#hear);
    this.#end({ exit: null, gone: true });
  }

  #onText(text: string): void {
    this.#pending += text;
    for (;;) {
      const start = this.#pending.indexOf(MARK);
      if (start < 0) return this.#flush(this.#pending.length);
      this.#flush(start);
      const end = this.#pending.indexOf('\n');
      const mine = `${MARK}${this.nonce} `;
      const begins = mine.startsWith(this.#pending.slice(0, mine.length));
      if (end < 0 && begins && this.#pending.length <= MARKER_MAX) return; // the rest is still on its way
      const [, word, status, home = '', directory] =
        new RegExp(`^${mine}(done|gone) (\\d+)(?: (.*)\\x1f(.*))?$`).exec(
          this.#pending.slice(0, Math.max(end, 0)),
        ) ?? [];
      if (word === undefined) {
        this.#flush(1); // a byte like ours, printed by somebody else
        continue;
      }
      this.#pending = this.#pending.slice(end + 1);
      const exit = Number(status);
      this.#busy = false;
      if (directory === undefined) this.#end({ exit, gone: word === 'gone' });
      else this.#end({ exit, gone: false, directory: asPrompted(directory, home) });
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
    this.#directory = ended.directory ?? this.#directory;
    const current = this.#current;
    this.#current = undefined;
    current?.end(ended);
  }
}

/** A directory as a prompt shows it. */
function asPrompted(directory: string, home: string): string {
  if (directory === home) return '~';
  return home.length > 1 && directory.startsWith(`${home}/`) ? `~${directory.slice(home.length)}` : directory;
}
