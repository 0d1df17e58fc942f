// What an attendee of a workshop does next: on the first page, which joining leads to, and wherever they are when their seat is gone.
import { make } from './dom.ts';
import type { Session } from './session.ts';

const FIRST_PAGE = '/';
const JOIN_PAGE = '/join/';
/** A short lab to begin with. */
const CHAPTER = { href: '/hvt/hello/', name: 'Run hello' };

type Shown = 'nothing' | 'welcome' | 'gone';

export class Notice {
  readonly #notice = make('aside', { class: 'run-notice not-content', 'aria-label': 'Your workshop' });
  #shown: Shown = 'nothing';

  update({ link, attendee }: Session): void {
    const shown = this.#due(link.state, attendee);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#notice.remove();
    if (shown === 'nothing' || attendee === undefined) return;
    const to = (href: string, text: string): HTMLElement => make('a', { href }, text);
    const words =
      shown === 'welcome'
        ? [
            make('strong', {}, 'You are in, ', make('bdi', {}, attendee), '.'),
            ' Open the chapter your presenter names, or begin with ',
            to(CHAPTER.href, CHAPTER.name),
            '. Press Run below a step: it happens in a machine of your own.',
          ]
        : [make('strong', {}, 'Your seat is gone.'), ' ', to(JOIN_PAGE, 'Join again'), ', with the code.'];
    this.#notice.replaceChildren(make('p', {}, ...words));
    const text = document.querySelector('.sl-markdown-content');
    (document.querySelector('.hero') ?? text?.firstElementChild)?.before(this.#notice);
  }

  #due(state: Session['link']['state'], attendee: string | undefined): Shown {
    if (attendee === undefined) return 'nothing';
    if (state === 'forbidden') return 'gone';
    // While the connection is made anew, nothing jumps.
    if (state !== 'open') return this.#shown;
    return location.pathname === FIRST_PAGE ? 'welcome' : 'nothing';
  }
}
