// Verdicts and what becomes of the machine, read out by a screen reader wherever the reader is.
import { make } from './dom.ts';

export class Announcer {
  readonly #region = make('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });

  constructor() {
    document.body.append(this.#region);
  }

  say(text: string): void {
    // The same words again are read again only in an element of their own.
    this.#region.replaceChildren(make('p', {}, text));
  }
}
