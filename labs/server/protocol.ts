// What a page and the lab server say to each other over the WebSocket at LAB_PATH. Text frames are these messages as JSON; binary
// frames are a terminal's bytes: from the page what is typed, to the page what is to be on the screen.
// A page needs only the types: what comes from the server of its own origin it need not check.
import { z } from 'zod';

/** Where the server is, on the origin that serves the handbook. */
export const LAB_PATH = '/-/lab';

/**
 * What a plain GET of it is answered with; at a workshop, where who has no token joins at `/join/`, with `workshop` beside it. Where nothing
 * answers, or something else, there is no lab server.
 */
export const ENTRANCE = { version: 1 } as const;
export const WORKSHOP_ENTRANCE = { ...ENTRANCE, workshop: true } as const;

/** Of frames from the page, in bytes: of a message, and of what is typed or pasted at once. */
export const FRAME_MAX = 16 * 1024;

/** Why the server ended a connection, by the close code; its reason is one line for people. */
export const CLOSE = {
  /** The token, the code or the reader is not known (any more). Forget it, and ask. */
  forbidden: 4401,
  /** No first message came in time. */
  late: 4408,
  /** Too many connections. */
  crowded: 4409,
  /** Too many messages, or the page does not take what is sent. */
  flood: 4429,
} as const;

const labId = z
  .string()
  .regex(/^[a-z0-9]+(?:[/-][a-z0-9]+)*$/)
  .max(100);
const partName = z
  .string()
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
  .max(100);

const fromPage = [
  /** `reader` is what `welcome` said last time; without it, or when it is forgotten, the server makes a new one. */
  z.strictObject({
    type: z.literal('hello'),
    token: z.string().min(1).max(128),
    reader: z.string().max(64).optional(),
  }),
  /** The lab that `run`, `start-at` and `reset` are about. A machine of another lab is ended. */
  z.strictObject({ type: z.literal('open'), lab: labId }),
  /** Runs a part in the machine as it is; where there is none, one is started first. */
  z.strictObject({ type: z.literal('run'), part: partName }),
  /** Brings a machine to the state before a part. */
  z.strictObject({ type: z.literal('start-at'), part: partName }),
  /** A fresh machine instead of the one there is. What the reader has done stays noted. */
  z.strictObject({ type: z.literal('reset') }),
  /** Interrupts the part that runs. */
  z.strictObject({ type: z.literal('stop') }),
  z.strictObject({
    type: z.literal('resize'),
    cols: z.int().min(2).max(500),
    rows: z.int().min(2).max(200),
  }),
] as const;

/** What a page says. */
export const clientMessage = z.discriminatedUnion('type', fromPage);
export type ClientMessage = z.infer<typeof clientMessage>;

export type MachineState = 'none' | 'waiting' | 'starting' | 'ready' | 'ended';

export interface PartState {
  readonly part: string;
  /** As in the evidence: what was done with another digest was another part. */
  readonly digest: string;
  /** How it went last for this reader; `skipped` was left out, as a later part was run. */
  readonly state: 'passed' | 'failed' | 'skipped' | 'none';
  /** When, RFC 3339, UTC. */
  readonly at?: string;
  /** It was run in the machine there is. */
  readonly here?: true;
}

/** One row of expected output beside what was printed, as labs/runner/align.ts has it. */
export type Row =
  | { readonly kind: 'same'; readonly expected: string; readonly got: readonly string[] }
  | { readonly kind: 'missing'; readonly expected: string }
  | { readonly kind: 'unexpected'; readonly got: string };

export interface Ended {
  readonly type: 'ended';
  readonly part: string;
  readonly outcome: 'passed' | 'failed';
  /** Null where it was stopped, or its time was over. */
  readonly exit: number | null;
  readonly durationMs: number;
  /** What is wrong, one line each; empty where it passed. */
  readonly causes: readonly string[];
  /** Empty where what was printed agrees with what was expected. */
  readonly rows: readonly Row[];
}

/** What the server says. */
export type ServerMessage =
  /** The answer to `hello`. Keep `reader` for the next one. */
  | {
      readonly type: 'welcome';
      readonly reader: string;
      /** At a workshop: the name the attendee joined with. */
      readonly name?: string;
      readonly limits: {
        /** A machine nobody uses for so long is ended. */
        readonly idleSeconds: number;
        /** Of one part's output, that is shown. */
        readonly outputBytes: number;
      };
    }
  /** The open lab, after `open` and whenever a part's state changed. */
  | { readonly type: 'lab'; readonly lab: string; readonly parts: readonly PartState[] }
  /** Also first after `welcome`. `why` is one line for the reader; `place` is the place in the waiting line, from 1. */
  | {
      readonly type: 'machine';
      readonly state: MachineState;
      readonly why?: string;
      readonly place?: number;
    }
  /** `replay`: a part before the one the reader wants to start at. */
  | { readonly type: 'started'; readonly part: string; readonly replay?: true }
  | { readonly type: 'output'; readonly part: string; readonly text: string }
  | Ended
  /** Something the reader asked for is not done: `THING: CAUSE; REMEDY`. */
  | { readonly type: 'refused'; readonly what: string };
