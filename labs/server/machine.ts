// What a session needs of a lab machine. `vm.ts` has the real one; tests have another.
import type { Lab, Part, Recording } from '../runner/lab.ts';
import type { PartRun } from '../runner/parts.ts';

/** Of a terminal, in characters. */
export interface Size {
  readonly cols: number;
  readonly rows: number;
}

/** What a machine is started for. */
export interface Purpose {
  readonly lab: Lab;
  readonly recording: Recording;
  readonly size: Size;
  /** It is wanted in the state before this part, or as near to it as there is one; without it, fresh. */
  readonly before?: string;
  /** Gets what parts print, as it comes. */
  readonly onOutput: (text: string) => void;
  /** Gets what is to be on the terminal's screen. */
  readonly onScreen: (bytes: Uint8Array) => void;
  /** Hears in a line what takes long. */
  readonly onProgress: (line: string) => void;
}

export interface ReaderMachine {
  /** How many parts of the lab have run in it when it comes. */
  readonly done: number;
  /** Begins the terminal. Before that the machine is kept, where `before` is given, as the state before that part, for whoever wants it next. */
  sitDown(before?: string): Promise<void>;
  /** Runs one part, and judges it as in CI. */
  run(part: Part, stop: AbortSignal): Promise<PartRun>;
  /** Interrupts what the part that runs has started in the last `seconds`; `hard` cannot be caught. */
  interrupt(seconds: number, hard: boolean): Promise<void>;
  /** Passes on what was typed. */
  type(bytes: Uint8Array): void;
  resize(size: Size): void;
  /** Whether the terminal is to wait with its output. */
  hold(held: boolean): void;
  /** Resolves when the machine has ended, by whatever. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Starts a machine. @throws Error in words for the reader, and when `stop` is aborted meanwhile: nobody waits for it any more, and it is ended. */
export type StartMachine = (purpose: Purpose, stop: AbortSignal) => Promise<ReaderMachine>;
