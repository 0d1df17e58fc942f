// One attendee: name, chapter, how far, the machine, why they are stuck, and what the presenter can do.
import type { Attendee, PresenterMessage } from '../../labs/server/workshop/protocol.ts';
import { make, say } from '../lab/dom.ts';
import type { Asker } from './ask.ts';
import { addressOf, type Chapters } from './chapters.ts';
import { awayWords, howWords, isDone, machineWords, stepWords, stuckWords } from './words.ts';

export type Send = (message: PresenterMessage) => void;

/** What a link says and where it leads; plain words where that is not known. */
function aim(link: HTMLAnchorElement, text: string, href: string | undefined): void {
  say(link, text);
  link.hidden = text === '';
  if (href === undefined) link.removeAttribute('href');
  else if (link.getAttribute('href') !== href) link.setAttribute('href', href);
}

const link = (): HTMLAnchorElement => make('a', { target: '_blank', rel: 'noopener' });

export class AttendeeView {
  readonly element = make('li', { class: 'attendee' });
  readonly #chapters: Chapters;
  readonly #name = make('bdi', { class: 'attendee-name' });
  readonly #away = make('span', { class: 'attendee-away' });
  readonly #lab = link();
  readonly #step = link();
  readonly #how = make('span');
  readonly #bar = make('span', { class: 'attendee-bar', role: 'img' });
  readonly #count = make('span', { class: 'attendee-count', 'aria-hidden': 'true' });
  readonly #machine = make('p', { class: 'attendee-machine' });
  readonly #stuck = make('p', { class: 'attendee-stuck' });
  readonly #why = make('span');
  readonly #end = make('button', { type: 'button', class: 'presenter-button' }, 'End machine');
  readonly #free = make('button', { type: 'button', class: 'presenter-button' }, 'Free seat');
  #attendee: Attendee;

  constructor(attendee: Attendee, chapters: Chapters, asker: Asker, send: Send) {
    this.#attendee = attendee;
    this.#chapters = chapters;
    const { id, name } = attendee;
    this.#end.setAttribute('aria-label', `End machine of ${name}`);
    this.#free.setAttribute('aria-label', `Free seat of ${name}`);
    this.#stuck.append(make('strong', {}, 'Stuck'), ' ', this.#why);
    this.element.append(
      make('div', { class: 'attendee-who' }, make('h3', {}, this.#name), this.#away),
      make(
        'div',
        { class: 'attendee-where' },
        make('p', {}, this.#lab),
        make('p', { class: 'attendee-progress' }, this.#bar, this.#count),
        make('p', { class: 'attendee-step' }, this.#step, ' ', this.#how),
      ),
      this.#machine,
      make('p', { class: 'presenter-buttons' }, this.#end, this.#free),
      this.#stuck,
    );
    this.#end.addEventListener('click', () => {
      if (this.#end.getAttribute('aria-disabled') === 'true') return;
      const text = `What ${name} has in it is gone. The seat stays; the next step starts another machine.`;
      asker.ask({ title: `End ${name}’s machine?`, text, yes: 'End machine' }, () =>
        send({ type: 'end-machine', id }),
      );
    });
    this.#free.addEventListener('click', () => {
      if (this.#free.getAttribute('aria-disabled') === 'true') return;
      const text = `${name} is sent out, and the machine is gone. With the code, ${name} can join again.`;
      asker.ask({ title: `Free ${name}’s seat?`, text, yes: 'Free seat' }, () => send({ type: 'free', id }));
    });
  }

  /** `reachable`: whether the workshop hears what is pressed. */
  enable(reachable: boolean): void {
    const { state } = this.#attendee.machine;
    const none = state === 'none' || state === 'ended';
    this.#end.setAttribute('aria-disabled', String(!reachable || none));
    this.#free.setAttribute('aria-disabled', String(!reachable));
  }

  show(attendee: Attendee, now: number): void {
    this.#attendee = attendee;
    const { name, lab, title, part, stuck, machine } = attendee;
    say(this.#name, name);
    this.element.dataset['stuck'] = String(stuck !== null);
    this.#stuck.hidden = stuck === null;
    say(this.#why, stuckWords(attendee));
    aim(this.#lab, title ?? lab ?? '', lab === null ? undefined : addressOf(this.#chapters, lab, null));
    aim(this.#step, stepWords(attendee), lab === null ? undefined : addressOf(this.#chapters, lab, part));
    this.element.dataset['machine'] = machine.state;
    this.element.dataset['done'] = String(isDone(attendee));
    say(this.#machine, machineWords(attendee));
    this.#drawBar();
    this.tick(now);
  }

  /** What changes with the time. */
  tick(now: number): void {
    say(this.#how, howWords(this.#attendee, now));
    say(this.#away, awayWords(this.#attendee, now));
  }

  /** A piece for each step: full, crossed, hatched or empty, so that colour is not all that tells them apart. */
  #drawBar(): void {
    const { parts, partIndex, part, partCount, passed, runningSince } = this.#attendee;
    const pieces = parts.map((state, index) => {
      const here = part !== null && index === partIndex;
      return { state: here && runningSince !== undefined ? 'running' : state, here };
    });
    this.#bar.hidden = partCount === 0;
    say(this.#count, partCount === 0 ? '' : `${passed}/${partCount}`);
    this.#bar.setAttribute('aria-label', `${passed} of ${partCount} steps done`);
    while (this.#bar.children.length > pieces.length) this.#bar.lastElementChild?.remove();
    while (this.#bar.children.length < pieces.length) this.#bar.append(make('span'));
    for (const [index, { state, here }] of pieces.entries()) {
      const piece = this.#bar.children[index];
      piece?.setAttribute('data-state', state);
      piece?.toggleAttribute('data-here', here);
    }
  }
}
