// Address and code over the whole window, in letters that are read from the last row.
import { make, say } from '../lab/dom.ts';
import type { Room } from '../../labs/server/workshop/protocol.ts';
import { seatsWords } from './words.ts';

export class Projector {
  readonly #address = make('p', { class: 'projector-address' });
  readonly #code = make('p', { class: 'projector-code' });
  readonly #seats = make('p', { class: 'projector-seats' });
  readonly #dialog = make('dialog', { class: 'projector', 'aria-label': 'How to join, in large letters' });

  constructor(within: HTMLElement) {
    const close = make('button', { type: 'button', class: 'presenter-button' }, 'Back (Esc)');
    close.addEventListener('click', () => this.#dialog.close());
    this.#dialog.append(
      make('p', { class: 'projector-what' }, 'Open this address in your browser'),
      this.#address,
      make('p', { class: 'projector-what' }, 'and type this code'),
      this.#code,
      this.#seats,
      close,
    );
    within.append(this.#dialog);
  }

  open(): void {
    this.#dialog.showModal();
  }

  show(room: Room): void {
    say(this.#address, room.address);
    say(this.#code, room.code);
    // Letters are as large as fit in one line.
    this.#address.style.setProperty('--letters', String(room.address.length));
    this.#code.style.setProperty('--letters', String(room.code.length));
    say(this.#seats, room.open ? seatsWords(room) : 'Nobody can join just now');
  }
}
