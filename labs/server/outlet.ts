// What a part prints, on its way to the pages: gathered a little, so that each byte is not a message, and so much and no more.

/** Of one part, in characters. What is judged is kept elsewhere. */
export const OUTPUT_MAX = 256 * 1024;
const GATHER_MS = 20;
const GATHER_MAX = 16 * 1024;
const CUT = '\n(the rest of the output is not shown)\n';

export class Outlet {
  readonly #pass: (text: string) => void;
  #gathered = '';
  #left = OUTPUT_MAX;
  #timer: NodeJS.Timeout | undefined;

  constructor(pass: (text: string) => void) {
    this.#pass = pass;
  }

  write(text: string): void {
    if (this.#left === 0) return;
    const kept = text.slice(0, this.#left);
    this.#left -= kept.length;
    this.#gathered += this.#left > 0 ? kept : kept + CUT;
    if (this.#gathered.length >= GATHER_MAX) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  end(): void {
    this.#flush();
    this.#left = 0;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#gathered;
    this.#gathered = '';
    if (text !== '') this.#pass(text);
  }
}
