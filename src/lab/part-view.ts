// One part on the page: its buttons, what it says of itself, what it prints while it runs, its verdict.
import type { Ended } from '../../labs/server/protocol.ts';
import { find, make, say } from './dom.ts';
import type { Session, Wish } from './session.ts';
import { mark, notHere, stepsInWords, type Step } from './steps.ts';
import { diffTable, pointList } from './verdict-view.ts';
import { headline, visible } from './verdict.ts';
import { markWords, wishWords } from './words.ts';

/** Of what a part prints, so many characters are shown; the server sends hardly more. */
const SHOWN_MAX = 64 * 1024;

export class PartView {
  readonly lab: string;
  readonly step: Step;
  readonly element: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #button: HTMLElement;
  readonly #label: HTMLElement;
  readonly #state: HTMLElement;
  readonly #startHere: HTMLElement;
  readonly #result: HTMLElement;
  /** Run, as its name says it. */
  readonly #name: string;
  #printed = '';
  #output: HTMLPreElement | undefined;
  /** The verdict of this page's own run, or that the machine is here; it says more than what is noted. */
  #said: { readonly kind: 'passed' | 'failed' | 'there'; readonly words: string } | undefined;

  constructor(element: HTMLElement) {
    const { lab = '', part = '', number = '', digest = '' } = element.dataset;
    this.lab = lab;
    this.step = { name: part, number: Number(number), digest };
    this.element = element;
    this.#bar = find(element, '.run-bar');
    this.#button = find(element, '[data-run]');
    this.#label = find(element, '[data-run-label]');
    this.#state = find(element, '[data-run-state]');
    this.#startHere = find(element, '[data-start-here]');
    this.#result = find(element, '.run-result');
    this.#name = this.#button.getAttribute('aria-label') ?? '';
  }

  /** The labs' parts of this page are `all`. */
  listen(session: Session, all: readonly Step[]): void {
    this.#button.addEventListener('click', () => {
      if (this.#wish(session)) session.stop();
      else this.run(session, all);
    });
    this.#startHere.addEventListener('click', () => {
      this.#clear();
      session.startAt(this.lab, this.step.name);
    });
  }

  run(session: Session, all: readonly Step[]): void {
    if (session.wish || session.link.state !== 'open') return;
    this.#clear();
    session.run(this.lab, this.step, all);
  }

  focus(): void {
    this.element.scrollIntoView({ block: 'nearest' });
    this.#button.focus({ preventScroll: true });
  }

  update(session: Session, all: readonly Step[], now: number): void {
    const { machine, link } = session;
    const mine = this.#wish(session);
    const busy = session.wish !== undefined || link.state !== 'open';
    const its = mark(this.step, session.notes(this.lab));
    this.#bar.hidden = link.state === 'forbidden' && its.kind === 'none';
    this.#bar.dataset['state'] = mine ? 'busy' : (this.#said?.kind ?? its.kind);

    say(this.#label, mine ? 'Stop' : 'Run');
    this.#button.setAttribute('aria-label', mine ? this.#name.replace(/^Run/, 'Stop') : this.#name);
    // Not `disabled`, which would take the focus away from who has just pressed it.
    this.#button.setAttribute('aria-disabled', String(busy && !mine));
    this.#startHere.setAttribute('aria-disabled', String(busy));
    // At the first step it is what a reset is; where the steps before were run it would change nothing.
    const away = notHere(this.step, all, session.notes(this.lab)).length > 0 || !session.hasMachine(this.lab);
    this.#startHere.hidden = this.step.number === 1 || !away || mine !== undefined;

    if (mine) say(this.#state, wishWords(mine, machine, now));
    else say(this.#state, this.#said?.words ?? markWords(its, new Date(now)));
  }

  started(): void {
    this.#clear();
    this.#output = make('pre', {
      class: 'run-output',
      tabindex: '0',
      role: 'region',
      'aria-label': `What step ${this.step.number} prints`,
      hidden: '',
    });
    this.#result.replaceChildren(this.#output);
  }

  printed(text: string): void {
    if (!this.#output || this.#printed.length >= SHOWN_MAX) return;
    this.#printed += text;
    if (this.#printed.trim() === '') return;
    this.#result.hidden = false;
    this.#output.hidden = false;
    const atEnd =
      this.#output.scrollTop + this.#output.clientHeight >=
      this.#output.scrollHeight - this.#output.clientHeight / 4;
    this.#output.append(visible(text.replaceAll('\r\n', '\n')));
    if (atEnd) this.#output.scrollTop = this.#output.scrollHeight;
  }

  /** Shows the verdict, and returns it for who listens instead of looking. */
  ended(ended: Ended, session: Session, all: readonly Step[]): string {
    const words = headline(ended);
    this.#said = { kind: ended.outcome, words };
    const children: HTMLElement[] = [];
    if (ended.outcome === 'failed') {
      children.push(pointList(ended));
      const away = notHere(this.step, all, session.notes(this.lab));
      if (away.length > 0) children.push(this.#hint(away));
      if (ended.rows.some(({ kind }) => kind !== 'same')) children.push(diffTable(ended.rows));
    }
    if (this.#output && this.#printed.trim() !== '') {
      children.push(make('details', {}, make('summary', {}, 'What it printed'), this.#output));
    }
    this.#result.replaceChildren(...children);
    this.#result.hidden = children.length === 0;
    const points = [...this.#result.querySelectorAll('.run-points li')].map(({ textContent }) => textContent);
    return [words, ...points].join('. ');
  }

  /** The machine is as it is before this step. */
  there(): void {
    this.#said = { kind: 'there', words: 'Your machine is here: run this step' };
  }

  refused(what: string): void {
    this.#result.replaceChildren(make('p', { class: 'run-refused' }, what));
    this.#result.hidden = false;
  }

  /** What the reader asked for here. */
  #wish({ wish }: Session): Wish | undefined {
    return wish?.lab === this.lab && wish.part === this.step.name ? wish : undefined;
  }

  #hint(numbers: readonly number[]): HTMLParagraphElement {
    const steps = stepsInWords(numbers);
    const verb = numbers.length === 1 ? 'has' : 'have';
    return make(
      'p',
      { class: 'run-hint' },
      `${steps.charAt(0).toUpperCase()}${steps.slice(1)} ${verb} not been run in this machine. Press `,
      make('b', {}, 'Start here'),
      ' to bring it to where they would have left it, then Run.',
    );
  }

  #clear(): void {
    this.#said = undefined;
    this.#printed = '';
    this.#output = undefined;
    this.#result.replaceChildren();
    this.#result.hidden = true;
  }
}
