// Asks before what cannot be taken back is done.
import { make, say } from '../lab/dom.ts';

export interface Question {
  readonly title: string;
  /** What it does to whom. */
  readonly text: string;
  /** What the button says that does it. */
  readonly yes: string;
}

export class Asker {
  readonly #title = make('h2', { id: 'ask-title' });
  readonly #text = make('p', { id: 'ask-text' });
  readonly #yes = make('button', { type: 'button', class: 'presenter-button danger' });
  readonly #no = make('button', { type: 'button', class: 'presenter-button' }, 'Cancel');
  readonly #dialog = make('dialog', {
    class: 'presenter-ask',
    'aria-labelledby': 'ask-title',
    'aria-describedby': 'ask-text',
  });
  #do: () => void = () => undefined;

  constructor(within: HTMLElement) {
    const buttons = make('p', { class: 'presenter-buttons' }, this.#no, this.#yes);
    this.#dialog.append(this.#title, this.#text, buttons);
    within.append(this.#dialog);
    this.#no.addEventListener('click', () => this.#dialog.close());
    this.#yes.addEventListener('click', () => {
      this.#dialog.close();
      this.#do();
    });
  }

  /** `yes` is done when the presenter says so. Escape, and the first button, do nothing. */
  ask({ title, text, yes }: Question, then: () => void): void {
    say(this.#title, title);
    say(this.#text, text);
    say(this.#yes, yes);
    this.#do = then;
    this.#dialog.showModal();
  }
}
