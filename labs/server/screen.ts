// A terminal's screen that two write to: the shell in the machine, and the server, which tells of the parts that are run. One story.
import type { Part } from '../runner/lab.ts';
import type { Row } from '../runner/align.ts';

/** Of what was drawn, so much is drawn again for a page that comes later. */
const KEPT_BYTES = 128 * 1024;
/** Of the line the cursor stands in: a prompt, and what is being typed. */
const LINE_BYTES = 4096;
/** Lines of a difference; the page has them all. */
const DIFFERENCES_MAX = 40;

const bold = (text: string): string => `\x1b[1m${text}\x1b[0m`;
const green = (text: string): string => `\x1b[32m${text}\x1b[0m`;
const red = (text: string): string => `\x1b[31m${text}\x1b[0m`;
const dim = (text: string): string => `\x1b[2m${text}\x1b[0m`;

/** Questions to a terminal. Drawn a second time they would be answered a second time, to whatever listens by then. */
const QUESTIONS = /\x1b\[[0-9;?>=]*[cn]|\x1b\[[0-9;?>]*\$p|\x1bP[^\x1b]*\x1b\\|\x05/g;
const FULL_SCREEN = /\x1b\[\?(?:1049|1047|47)([hl])/g;

/** What is wrong with how a part went; nothing where all is well. */
export interface Verdict {
  readonly causes: readonly string[];
  readonly rows: readonly Row[];
}

export class Screen {
  readonly #draw: (bytes: Uint8Array) => void;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  /** What the machine wrote into the line it is in. */
  #line = Buffer.alloc(0);
  /** A program has the whole screen, as an editor does: nobody else writes to it. */
  #taken = false;
  #partEndsLine = true;

  constructor(draw: (bytes: Uint8Array) => void) {
    this.#draw = draw;
  }

  /** All there is to draw for a page that comes now. */
  replay(): Uint8Array {
    return Buffer.from(Buffer.concat(this.#kept).toString('latin1').replace(QUESTIONS, ''), 'latin1');
  }

  /** A machine is gone: its last line is. */
  clear(): void {
    this.#line = Buffer.alloc(0);
    this.#taken = false;
  }

  /** What the machine's terminal writes. */
  machine(bytes: Uint8Array): void {
    const text = Buffer.from(bytes);
    for (const [, on] of text.toString('latin1').matchAll(FULL_SCREEN)) this.#taken = on === 'h';
    const newline = text.lastIndexOf('\n');
    const line = newline < 0 ? Buffer.concat([this.#line, text]) : text.subarray(newline + 1);
    this.#line = Buffer.from(line.subarray(-LINE_BYTES));
    this.#put(text);
  }

  /** A line of the server's own. */
  note(text: string): void {
    this.#aside(`${dim(text)}\n`);
    this.#backToLine();
  }

  /** A part begins: its commands, as if they were typed. */
  begin({ commands }: Part, prompt: string): void {
    const [first = '', ...more] = commands.split('\n');
    this.#aside(
      [`${bold(green(prompt))} ${first}`, ...more.map((line) => `${dim('>')} ${line}`), ''].join('\n'),
    );
    this.#partEndsLine = true;
  }

  /** What a part prints. */
  output(text: string): void {
    if (text === '') return;
    this.#partEndsLine = text.endsWith('\n');
    this.#write(text);
  }

  /** How it went. */
  end(part: string, { causes, rows, durationMs }: Verdict & { readonly durationMs: number }): void {
    if (!this.#partEndsLine) this.#write('\n');
    const took = dim(`(${(durationMs / 1000).toFixed(1)} s)`);
    const [mark, how] = causes.length === 0 ? [green('✓'), 'as expected'] : [red('✗'), causes.join('; ')];
    const differences = rows.flatMap((row) => {
      if (row.kind === 'same') return [];
      return [row.kind === 'missing' ? red(`  expected  ${row.expected}`) : green(`  printed   ${row.got}`)];
    });
    const lines = differences.slice(0, DIFFERENCES_MAX);
    if (differences.length > lines.length) lines.push(dim('  … and more, on the page'));
    this.#write([`${mark} ${part}: ${how} ${took}`, ...lines, ''].join('\n'));
    this.#backToLine();
  }

  /** Begins something of the server's in a line of its own. */
  #aside(text: string): void {
    this.#write(`${this.#line.length > 0 ? '\r\x1b[K' : ''}${text}`);
  }

  #backToLine(): void {
    if (!this.#taken && this.#line.length > 0) this.#put(this.#line);
  }

  #write(text: string): void {
    if (!this.#taken) this.#put(Buffer.from(text.replaceAll(/\r?\n/g, '\r\n')));
  }

  #put(bytes: Buffer): void {
    this.#draw(bytes);
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
    if (this.#keptBytes < 2 * KEPT_BYTES) return;
    const all = Buffer.concat(this.#kept);
    const from = all.indexOf('\n', all.length - KEPT_BYTES) + 1;
    this.#kept = [Buffer.from(all.subarray(from > 0 ? from : all.length - KEPT_BYTES))];
    this.#keptBytes = this.#kept[0]?.length ?? 0;
  }
}
