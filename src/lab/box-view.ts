// The box that stands for a whole lab: the machine in words, how far the reader is, a fresh machine, the terminal.
import { find, say } from './dom.ts';
import { isGone, type Session } from './session.ts';
import { isDone, mark, stepsInWords, type Step } from './steps.ts';
import { linkWords, machineWords } from './words.ts';

export class BoxView {
  readonly lab: string;
  readonly #without: HTMLElement;
  readonly #panel: HTMLElement;
  readonly #state: HTMLElement;
  readonly #progress: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #skipped: HTMLElement;
  readonly #refused: HTMLElement;
  readonly #reset: HTMLElement;
  readonly #terminal: HTMLElement;
  readonly #retry: HTMLElement;

  constructor(element: HTMLElement) {
    this.lab = element.dataset['lab'] ?? '';
    this.#without = find(element, '[data-run-without]');
    this.#panel = find(element, '.run-panel');
    this.#state = find(element, '[data-run-machine]');
    this.#progress = find(element, '[data-run-progress]');
    this.#bar = find(element, '[data-run-bar]');
    this.#skipped = find(element, '[data-run-skipped]');
    this.#refused = find(element, '[data-run-refused]');
    this.#reset = find(element, '[data-run-reset]');
    this.#terminal = find(element, '[data-run-terminal]');
    this.#retry = find(element, '[data-run-retry]');
  }

  listen(session: Session, openTerminal: () => void): void {
    this.#reset.addEventListener('click', () => {
      say(this.#refused, '');
      session.reset(this.lab);
    });
    this.#terminal.addEventListener('click', openTerminal);
    this.#retry.addEventListener('click', () => session.retry());
  }

  refused(what: string): void {
    say(this.#refused, what);
  }

  update(session: Session, steps: readonly Step[], now: number): void {
    const { link, machine, lab, wish } = session;
    const notes = session.notes(this.lab);
    this.#panel.hidden = false;
    this.#without.hidden = link.state !== 'forbidden' && !(link.state === 'lost' && !link.before);

    const elsewhere =
      lab !== this.lab && machine.state === 'ready'
        ? 'Your machine is at another lab; running a step here replaces it'
        : undefined;
    const none = machineWords({ state: 'none' });
    const words = elsewhere ?? (lab === this.lab ? machineWords(machine) : none);
    say(this.#state, linkWords(link, now) ?? words);
    this.#panel.dataset['state'] =
      link.state !== 'open' ? link.state : lab === this.lab ? machine.state : 'none';

    const done = steps.filter((step) => isDone(step, notes)).length;
    say(this.#progress, `${done} of ${steps.length} ${steps.length === 1 ? 'step' : 'steps'} done`);
    this.#bar.style.setProperty('--done', `${done / steps.length}`);
    const skipped = steps.filter((step) => mark(step, notes).kind === 'skipped').map(({ number }) => number);
    say(this.#skipped, skipped.length === 0 ? '' : `You skipped ${stepsInWords(skipped)}`);

    const busy = link.state !== 'open' || wish !== undefined;
    this.#reset.setAttribute('aria-disabled', String(busy));
    const there = lab === this.lab && !isGone(machine);
    say(this.#reset, there ? 'Reset machine' : 'Start machine');
    this.#terminal.setAttribute('aria-disabled', String(link.state !== 'open'));
    this.#retry.hidden = link.state !== 'lost';
  }
}
