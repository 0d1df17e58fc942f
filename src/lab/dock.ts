// The panel at the page's lower edge that holds the terminal: opened and closed, sized by mouse, finger or keyboard, never over the text.
import { Backlog } from './backlog.ts';
import { make, say } from './dom.ts';
import { isGone, type Session } from './session.ts';
import { keep, recall } from './storage.ts';
import type { Screen } from './terminal.ts';
import { linkWords, machineWords } from './words.ts';

/** Of the screen, in pixels; the greatest is a share of the window. */
const LEAST = 96;
const GREATEST = 0.7;
const USUAL = 288;
const STEP = 24;

/** What a phone's keyboard has not, as a terminal says it: ECMA-48 and the control characters of ASCII. */
const KEYS = {
  Esc: '\x1b',
  Tab: '\t',
  'Ctrl+C': '\x03',
  'Ctrl+D': '\x04',
  '↑': '\x1b[A',
  '↓': '\x1b[B',
} as const;

export interface DockHandlers {
  readonly onType: (text: string) => void;
  readonly onResize: (cols: number, rows: number) => void;
  /** The reader wants a machine without running a step. */
  readonly onStart: () => void;
}

function remembered(): { open: boolean; height: number } {
  const [, open, height] = /^(open|closed) (\d{1,4})$/.exec(recall('terminal') ?? '') ?? [];
  return { open: open === 'open', height: Number(height ?? USUAL) };
}

/** How much of the page is to be seen, and how much a keyboard covers of what is below. Who enlarges the page sees a part on purpose. */
function visible(): { readonly height: number; readonly covered: number } {
  const seen = window.visualViewport;
  if (!seen || seen.scale > 1) return { height: innerHeight, covered: 0 };
  return {
    height: seen.height,
    covered: Math.max(0, Math.round(innerHeight - seen.height - seen.offsetTop)),
  };
}

export class Dock {
  readonly #handlers: DockHandlers;
  readonly #grip = make('div', {
    class: 'dock-grip',
    role: 'separator',
    tabindex: '0',
    'aria-orientation': 'horizontal',
    'aria-label': 'Height of the terminal',
    'aria-controls': 'kw-terminal',
    'aria-valuemin': String(LEAST),
  });
  readonly #state = make('p', { class: 'dock-state' });
  readonly #attendee = make('bdi', { class: 'dock-attendee', hidden: '' });
  readonly #start = make('button', { type: 'button', class: 'run-quiet' }, 'Start machine');
  readonly #toggle = make('button', {
    type: 'button',
    class: 'run-quiet',
    'aria-controls': 'kw-terminal',
    'aria-keyshortcuts': 'Control+`',
  });
  readonly #hint = make('span', { class: 'dock-hint' }, 'Shift+Tab leaves the terminal');
  readonly #keys = make('div', { class: 'dock-keys', role: 'group', 'aria-label': 'Keys' });
  readonly #place = make('div', { id: 'kw-terminal', class: 'dock-screen' });
  readonly #dock = make('section', { class: 'dock', 'aria-label': 'Terminal of your machine', hidden: '' });
  /** What is to be on the screen before there is one. */
  readonly #backlog = new Backlog();
  #screen: Promise<Screen> | undefined;
  #open: boolean;
  #height: number;
  /** Where the reader came from. */
  #from: HTMLElement | undefined;

  constructor(handlers: DockHandlers) {
    this.#handlers = handlers;
    ({ open: this.#open, height: this.#height } = remembered());
    const bar = make(
      'div',
      { class: 'dock-bar' },
      this.#attendee,
      this.#state,
      this.#hint,
      this.#start,
      this.#toggle,
    );
    for (const [name, sequence] of Object.entries(KEYS)) {
      const key = make('button', { type: 'button', class: 'run-quiet' }, name);
      key.addEventListener('click', () => {
        handlers.onType(sequence);
        this.enter();
      });
      this.#keys.append(key);
    }
    bar.append(this.#keys);
    this.#dock.append(this.#grip, bar, this.#place);
    document.body.append(this.#dock);
    this.#start.addEventListener('click', () => handlers.onStart());
    this.#toggle.addEventListener('click', () => {
      if (this.#open) this.#set(false);
      else this.enter();
    });
    this.#listenToGrip();
    // The key left of 1, whatever stands on it, as in editors: there and back.
    document.addEventListener(
      'keydown',
      (event) => {
        if (event.code !== 'Backquote' || !event.ctrlKey || this.#dock.hidden) return;
        event.preventDefault();
        event.stopPropagation();
        if (this.#place.contains(document.activeElement)) this.#from?.focus();
        else this.enter();
      },
      { capture: true },
    );
    window.addEventListener('resize', () => this.#lay());
    // Where a keyboard on glass covers the page's lower edge.
    window.visualViewport?.addEventListener('resize', () => this.#lay());
    window.visualViewport?.addEventListener('scroll', () => this.#lay());
    new ResizeObserver(() => this.#lay()).observe(bar);
  }

  /** Opens it and goes there; a terminal that loads until the reader has gone on elsewhere does not fetch them back. */
  enter(): void {
    const { activeElement } = document;
    if (activeElement instanceof HTMLElement && !this.#dock.contains(activeElement))
      this.#from = activeElement;
    this.#set(true);
    void this.#screen?.then((screen) => {
      if (document.activeElement === activeElement) screen.focus();
    });
  }

  screen(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#screen) void this.#screen.then((screen) => screen.write(bytes));
    else this.#backlog.add(bytes);
  }

  /** What is on the screen comes anew. */
  clear(): void {
    this.#backlog.take();
    void this.#screen?.then((screen) => screen.clear());
  }

  update({ link, machine, lab, attendee }: Session, now: number): void {
    const letIn = link.state === 'open' || !this.#dock.hidden;
    if (letIn && this.#dock.hidden) {
      this.#dock.hidden = false;
      this.#lay();
    }
    say(this.#attendee, attendee === undefined ? '' : `${attendee}, at the workshop`);
    this.#attendee.hidden = attendee === undefined;
    const of = machine.state === 'ready' && lab !== undefined ? ` (${lab})` : '';
    say(this.#state, linkWords(link, now) ?? `${machineWords(machine)}${of}`);
    this.#dock.dataset['state'] = link.state === 'open' ? machine.state : link.state;
    this.#start.hidden = !this.#open || link.state !== 'open' || !isGone(machine);
  }

  #set(open: boolean): void {
    this.#open = open;
    this.#remember();
    this.#lay();
  }

  #remember(): void {
    keep('terminal', `${this.#open ? 'open' : 'closed'} ${this.#height}`);
  }

  #resize(height: number): void {
    this.#height = Math.round(Math.max(LEAST, Math.min(height, visible().height * GREATEST)));
    this.#remember();
    this.#lay();
  }

  /** Puts size and words as they are to be, makes room on the page, and loads the terminal the first time it is open. */
  #lay(): void {
    if (this.#dock.hidden) return;
    const open = this.#open;
    const { height: seen, covered } = visible();
    const greatest = Math.round(seen * GREATEST);
    const height = Math.min(this.#height, greatest);
    this.#dock.style.bottom = `${covered}px`;
    this.#place.style.height = `${height}px`;
    for (const one of [this.#place, this.#grip, this.#hint, this.#keys]) one.hidden = !open;
    this.#grip.setAttribute('aria-valuenow', String(height));
    this.#grip.setAttribute('aria-valuemax', String(greatest));
    this.#grip.setAttribute('aria-valuetext', `${height} pixels`);
    this.#toggle.setAttribute('aria-expanded', String(open));
    say(this.#toggle, open ? 'Hide terminal' : 'Terminal');
    document.documentElement.style.setProperty('--kw-dock', `${this.#dock.offsetHeight}px`);
    if (open) this.#screen ??= this.#load();
  }

  async #load(): Promise<Screen> {
    const { openTerminal } = await import('./terminal.ts');
    const screen = openTerminal(this.#place, {
      onType: this.#handlers.onType,
      onResize: this.#handlers.onResize,
      onLeave: () => this.#toggle.focus(),
    });
    for (const bytes of this.#backlog.take()) screen.write(bytes);
    return screen;
  }

  #listenToGrip(): void {
    this.#grip.addEventListener('keydown', ({ key, ctrlKey, altKey, metaKey }) => {
      if (ctrlKey || altKey || metaKey) return;
      const by = { ArrowUp: STEP, ArrowDown: -STEP, PageUp: 4 * STEP, PageDown: -4 * STEP }[key];
      if (by !== undefined) this.#resize(this.#place.offsetHeight + by);
      else if (key === 'Home') this.#resize(LEAST);
      else if (key === 'End') this.#resize(innerHeight);
    });
    this.#grip.addEventListener('pointerdown', (event) => {
      this.#grip.setPointerCapture(event.pointerId);
      const from = event.clientY + this.#place.offsetHeight;
      const move = ({ clientY }: PointerEvent): void => this.#resize(from - clientY);
      this.#grip.addEventListener('pointermove', move);
      this.#grip.addEventListener(
        'lostpointercapture',
        () => this.#grip.removeEventListener('pointermove', move),
        {
          once: true,
        },
      );
    });
  }
}
