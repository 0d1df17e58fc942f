// What the page knows of the reader's machine, and what the reader has asked of it. Knows nothing of elements.
import type { ClientMessage, Ended, MachineState, ServerMessage } from '../../labs/server/protocol.ts';
import { Connection, type Link } from './connection.ts';
import { mergeNotes, rememberedNotes, rememberNotes } from './progress.ts';
import { forget, keep, recall } from './storage.ts';
import { isDone, isThere, type Notes, type Step } from './steps.ts';
import { machineWords } from './words.ts';

export interface Machine {
  readonly state: MachineState;
  readonly why?: string;
  /** In the waiting line, from 1. */
  readonly place?: number;
}

/** Whether there is none, or none any more. */
export function isGone({ state }: Machine): boolean {
  return state === 'none' || state === 'ended';
}

/** What the reader asked for, until it is done or refused. */
export interface Wish {
  readonly kind: 'run' | 'start-at' | 'reset';
  readonly lab: string;
  /** Of what the reader pressed; empty for a reset. */
  readonly part: string;
  /** Bring the machine to the state before the part, then run it. */
  readonly thenRun: boolean;
  /** When it was asked for, or when the part began, in ms since the epoch. */
  readonly since: number;
  /** The part that runs now, or ran last: the one asked for, or one before it. */
  readonly running?: string;
  /** For this wish a machine is being made, or was. */
  readonly fresh: boolean;
}

export interface Watcher {
  /** Something of the session has changed. */
  readonly onChange: () => void;
  readonly onStarted: (lab: string, part: string) => void;
  readonly onOutput: (lab: string, part: string, text: string) => void;
  /** A part that the reader asked for has ended. */
  readonly onEnded: (lab: string, ended: Ended) => void;
  /** The machine is as it is before the part. */
  readonly onThere: (lab: string, part: string) => void;
  readonly onRefused: (lab: string, part: string, what: string) => void;
  /** All that is on the screen comes anew. */
  readonly onScreenGone: () => void;
  readonly onScreen: (bytes: Uint8Array<ArrayBuffer>) => void;
}

export class Session {
  readonly #connection: Connection;
  readonly #watcher: Watcher;
  readonly #notes = new Map<string, Notes>();
  link: Link = { state: 'connecting' };
  /** The name the reader joined a workshop with; kept, so that who is sent out is told where to join again. */
  attendee = recall('attendee');
  /** The lab that is open: the machine's. */
  lab: string | undefined;
  machine: Machine = { state: 'none' };
  wish: Wish | undefined;
  /** A part runs: what becomes of it will be told. */
  #partRuns = false;

  constructor(token: string, watcher: Watcher) {
    this.#watcher = watcher;
    this.#connection = new Connection(token, {
      onLink: (link) => {
        this.link = link;
        // Whether what was asked for goes on, the server will say.
        if (link.state !== 'open') this.wish = undefined;
        watcher.onChange();
      },
      onMessage: (message) => {
        this.#take(message);
        watcher.onChange();
      },
      onScreen: watcher.onScreen,
    });
  }

  begin(): void {
    this.#connection.connect();
  }

  notes(lab: string): Notes {
    const known = this.#notes.get(lab) ?? rememberedNotes(lab);
    this.#notes.set(lab, known);
    return known;
  }

  /** Whether the machine is one of `lab`, and there. */
  hasMachine(lab: string): boolean {
    return this.lab === lab && this.machine.state === 'ready';
  }

  /**
   * Runs a step. Where there is no machine, but the steps before were done in one that is gone, a new one is brought to where they
   * left it first: who comes back the next day goes on.
   */
  run(lab: string, step: Step, steps: readonly Step[]): void {
    const before = steps.filter(({ number }) => number < step.number);
    const gone = this.lab !== lab || isGone(this.machine);
    const goOn = gone && before.length > 0 && before.every((one) => isDone(one, this.notes(lab)));
    this.#ask(lab, step.name, goOn ? 'start-at' : 'run', goOn);
  }

  startAt(lab: string, part: string): void {
    this.#ask(lab, part, 'start-at', false);
  }

  reset(lab: string): void {
    this.#ask(lab, '', 'reset', false);
  }

  stop(): void {
    this.#connection.send({ type: 'stop' });
  }

  type(text: string): void {
    this.#connection.type(text);
  }

  resize(cols: number, rows: number): void {
    this.#connection.send({ type: 'resize', cols, rows });
  }

  retry(): void {
    this.#connection.retry();
  }

  #open(lab: string): void {
    if (this.lab === lab) return;
    this.#connection.send({ type: 'open', lab });
    this.lab = lab;
  }

  #ask(lab: string, part: string, kind: Wish['kind'], thenRun: boolean): void {
    if (this.link.state !== 'open' || this.wish) return;
    this.#open(lab);
    this.wish = { kind, lab, part, thenRun, since: Date.now(), fresh: false };
    const message: ClientMessage = kind === 'reset' ? { type: kind } : { type: kind, part };
    this.#connection.send(message);
    this.#watcher.onChange();
  }

  #take(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.lab = undefined;
        this.#partRuns = false;
        this.attendee = message.name;
        if (message.name === undefined) forget('attendee');
        else keep('attendee', message.name);
        this.#watcher.onScreenGone();
        break;
      case 'lab': {
        const notes = mergeNotes(this.notes(message.lab), message.parts);
        this.lab = message.lab;
        this.#notes.set(message.lab, notes);
        rememberNotes(message.lab, notes);
        this.#perhapsThere();
        break;
      }
      case 'machine':
        this.machine = message;
        if (this.wish && (message.state === 'waiting' || message.state === 'starting'))
          this.wish = { ...this.wish, fresh: true };
        this.#perhapsThere();
        this.#perhapsLost();
        break;
      case 'started':
        this.#started(message.part, message.replay === true);
        break;
      case 'output':
        if (this.wish?.kind === 'run') this.#watcher.onOutput(this.wish.lab, message.part, message.text);
        break;
      case 'ended':
        this.#ended(message);
        break;
      case 'refused':
        this.#giveUp(message.what);
        break;
    }
  }

  /** What was asked for will not come, which is `why`; it is said where it was asked for. */
  #giveUp(why: string): void {
    const { lab = this.lab ?? '', part = '' } = this.wish ?? {};
    this.wish = undefined;
    this.#watcher.onRefused(lab, part, why);
  }

  /** Whether there is no machine, or none any more, that could do what was asked for. */
  #perhapsLost(): void {
    const { wish, machine } = this;
    if (!wish || this.#partRuns || !isGone(machine)) return;
    // At no step it was asked for beside the words of the machine itself.
    if (machine.state === 'ended' && wish.part !== '') this.#giveUp(machineWords(machine));
    else this.wish = undefined;
  }

  /** Whether the machine is where the reader wanted it; then the wish is fulfilled. */
  #perhapsThere(): void {
    const { wish, machine } = this;
    if (!wish || wish.kind === 'run' || !wish.fresh || machine.state !== 'ready') return;
    if (wish.kind === 'start-at' && !isThere(wish.part, this.notes(wish.lab))) return;
    this.wish = undefined;
    if (wish.thenRun) this.#ask(wish.lab, wish.part, 'run', false);
    else this.#watcher.onThere(wish.lab, wish.part);
  }

  #started(part: string, replay: boolean): void {
    this.#partRuns = true;
    if (this.wish) this.wish = { ...this.wish, running: part };
    // Asked for by another page of the same reader, or by this one before it was loaded again.
    else if (!replay)
      this.wish = {
        ...{ kind: 'run', lab: this.lab ?? '', part, thenRun: false },
        ...{ since: Date.now(), running: part, fresh: false },
      };
    if (this.wish?.kind !== 'run') return;
    this.wish = { ...this.wish, since: Date.now() };
    this.#watcher.onStarted(this.wish.lab, part);
  }

  #ended(ended: Ended): void {
    this.#partRuns = false;
    const { wish } = this;
    if (!wish) return;
    if (wish.kind === 'run') this.wish = undefined;
    // Of a part on the way only its failure is worth a word; that the wish is refused is said next.
    else if (ended.outcome === 'passed') return;
    this.#watcher.onEnded(wish.lab, ended);
    // What it ran in may have ended under it.
    this.#perhapsLost();
  }
}
