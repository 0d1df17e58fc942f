// All of a workshop: how to join it, who is in it, and the door.
import type { Room } from '../../labs/server/workshop/protocol.ts';
import { make, say } from '../lab/dom.ts';
import { Asker } from './ask.ts';
import { AttendeeView, type Send } from './attendee-view.ts';
import type { Chapters } from './chapters.ts';
import { Projector } from './projector.ts';
import { crowdWords, guessWords, inOrder, machinesWords, seatsWords } from './words.ts';

export class RoomView {
  readonly #chapters: Chapters;
  readonly #send: Send;
  readonly #asker: Asker;
  readonly #projector: Projector;
  readonly #body = make('div', { class: 'presenter-body', hidden: '' });
  readonly #address = make('a', { class: 'presenter-address', target: '_blank', rel: 'noopener' });
  readonly #code = make('strong', { class: 'presenter-code' });
  readonly #seats = make('li');
  readonly #machines = make('li');
  readonly #guesses = make('li', { class: 'presenter-guesses' });
  readonly #door = make(
    'button',
    { type: 'button', role: 'switch', class: 'presenter-switch' },
    'Attendees may join',
  );
  readonly #crowd = make('h2', { id: 'presenter-crowd', tabindex: '-1' });
  readonly #empty = make('div', { class: 'presenter-empty' });
  readonly #list = make('ul', { class: 'attendees' });
  readonly #views = new Map<number, AttendeeView>();
  #reachable = false;
  /** When `room` came, as this page counts time: the server's clock may be another's. */
  #cameAt = 0;
  room: Room | undefined;

  constructor(page: HTMLElement, chapters: Chapters, send: Send) {
    this.#chapters = chapters;
    this.#send = send;
    this.#asker = new Asker(page);
    this.#projector = new Projector(page);
    const large = make('button', { type: 'button', class: 'presenter-button' }, 'Large letters for all');
    large.addEventListener('click', () => this.#projector.open());
    this.#door.addEventListener('click', () => {
      if (this.#reachable && this.room) send({ type: this.room.open ? 'close' : 'open' });
    });
    this.#empty.append(
      make('p', {}, 'Nobody has joined yet. Put address and code where all can read them: '),
      make(
        'p',
        {},
        'Attendees open the address in a browser on the same network and type the code. Here you then see how far each of them is. ',
        make('a', { href: '/start-here/workshop/#when-it-goes-wrong' }, 'When their browser finds nothing'),
      ),
    );
    this.#body.append(
      make(
        'section',
        { class: 'presenter-join', 'aria-labelledby': 'presenter-join' },
        make('h2', { id: 'presenter-join' }, 'How to join'),
        make(
          'dl',
          {},
          make('div', {}, make('dt', {}, 'Address'), make('dd', {}, this.#address)),
          make('div', {}, make('dt', {}, 'Join code'), make('dd', {}, this.#code)),
        ),
        make('p', { class: 'presenter-buttons' }, large, this.#door),
        make('ul', { class: 'presenter-facts' }, this.#seats, this.#machines, this.#guesses),
      ),
      make('section', { 'aria-labelledby': 'presenter-crowd' }, this.#crowd, this.#empty, this.#list),
    );
    page.append(this.#body);
  }

  /** Whether the workshop hears what is pressed. */
  reachable(there: boolean): void {
    this.#reachable = there;
    this.#body.dataset['reachable'] = String(there);
    this.#door.setAttribute('aria-disabled', String(!there));
    for (const view of this.#views.values()) view.enable(there);
  }

  show(room: Room): void {
    this.room = room;
    this.#cameAt = performance.now();
    this.#body.hidden = false;
    this.#projector.show(room);
    say(this.#address, room.address);
    this.#address.setAttribute('href', room.address);
    say(this.#code, room.code);
    say(this.#seats, seatsWords(room));
    say(this.#machines, machinesWords(room));
    say(this.#guesses, guessWords(room));
    this.#door.setAttribute('aria-checked', String(room.open));
    say(this.#crowd, crowdWords(room));
    this.#empty.hidden = room.attendees.length > 0;
    this.#showAttendees(room);
  }

  tick(): void {
    for (const view of this.#views.values()) view.tick(this.#now());
  }

  /** As the server's clock has it. */
  #now(): number {
    return this.room ? Date.parse(this.room.at) + performance.now() - this.#cameAt : 0;
  }

  #showAttendees(room: Room): void {
    const gone = new Set(this.#views.keys());
    // Who moves or removes an element takes the focus from it.
    const { activeElement } = document;
    for (const [index, attendee] of inOrder(room.attendees).entries()) {
      gone.delete(attendee.id);
      let view = this.#views.get(attendee.id);
      if (!view) {
        view = new AttendeeView(attendee, this.#chapters, this.#asker, this.#send);
        this.#views.set(attendee.id, view);
      }
      view.show(attendee, this.#now());
      view.enable(this.#reachable);
      const there = this.#list.children[index];
      if (there !== view.element) this.#list.insertBefore(view.element, there ?? null);
    }
    for (const id of gone) {
      this.#views.get(id)?.element.remove();
      this.#views.delete(id);
    }
    if (!(activeElement instanceof HTMLElement) || activeElement === document.activeElement) return;
    if (activeElement.isConnected) activeElement.focus();
    else this.#crowd.focus();
  }
}
