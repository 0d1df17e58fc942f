// A workshop beside the lab server: how attendees join, and what the presenter's page and the server say to each other. Pages need only
// the types: what comes from the server of their own origin they need not check.
import { z } from 'zod';
import type { MachineState, PartState } from '../protocol.ts';

/** The page with the form for the code and a name. */
export const JOIN_PAGE = '/join/';

/**
 * Where its form is posted to: `code` and `name`, as application/x-www-form-urlencoded, at most FORM_MAX bytes, with the Origin of the page.
 * Answered with 303, also where it fails: to `/#lab=TOKEN`, by which pages are let in as with the address of `npm start`, or back to
 * `JOIN_PAGE#why=REASON`. What is no such form at all (no Origin, another type, too long) gets a line of text and a status of 400 to 429.
 */
export const JOIN_PATH = '/-/workshop/join';
export const FORM_MAX = 1024;

/** Why somebody is not let in; the page says it in words. */
export const REFUSALS = ['wrong-code', 'name', 'full', 'closed', 'too-fast'] as const;
/**
 * `name`: it is no name (1 to NAME_MAX characters: letters of any script, digits, spaces, - ' .). `full`: all seats are taken.
 * `closed`: the presenter lets nobody in now. `too-fast`: too many wrong codes, from there or altogether; wait half a minute.
 */
export type Refusal = (typeof REFUSALS)[number];
/** In characters. Where a name is taken already, ` 2` is put behind it, and so on. */
export const NAME_MAX = 32;
/** How the code looks, in any case of letters: a word, a hyphen, four digits, as in gull-4821. `--code` may be another. */
export const CODE_MAX = 40;

/** The presenter's page. Its address is printed with the fragment `#presenter=SECRET`; a page takes it out of the address at once. */
export const PRESENTER_PAGE = '/workshop/';

/**
 * The presenter's WebSocket: JSON in text frames, as below. It answers only on loopback, to the names 127.0.0.1 and localhost. Close codes are
 * those of `CLOSE` in ../protocol.ts.
 */
export const PRESENTER_PATH = '/-/workshop/presenter';

const attendee = z.int().min(1).max(1_000_000);

const fromPresenter = [
  /** First, and once. */
  z.strictObject({ type: z.literal('hello'), secret: z.string().min(1).max(128) }),
  /** Nobody joins from now on; who has joined stays. */
  z.strictObject({ type: z.literal('close') }),
  /** Attendees may join (again). */
  z.strictObject({ type: z.literal('open') }),
  /** Ends an attendee's seat and machine. Their page is told (CLOSE.forbidden); they may join again. An unknown `id` is nobody's: nothing is done. */
  z.strictObject({ type: z.literal('free'), id: attendee }),
  /** Ends an attendee's machine; the seat stays, and Run starts another machine. */
  z.strictObject({ type: z.literal('end-machine'), id: attendee }),
] as const;

/** What the presenter's page says. */
export const presenterMessage = z.discriminatedUnion('type', fromPresenter);
export type PresenterMessage = z.infer<typeof presenterMessage>;

/**
 * Why an attendee may want help. `failed`: a part failed three times, or two minutes ago, and has not passed since. `slow`: a part runs
 * longer than its budget. `idle`: a page is open, parts are left, and none was run for ten minutes.
 */
export type Stuck = 'failed' | 'slow' | 'idle';

/** An attendee, as the presenter sees them. What they type, and what is on their terminal, is not among it. Times are RFC 3339, UTC. */
export interface Attendee {
  /** From 1, in the order of joining; never given again. */
  readonly id: number;
  /** As they gave it: text of a stranger. No control or bidirectional formatting characters are in it. */
  readonly name: string;
  readonly joinedAt: string;
  /** When a page of theirs was last used, or went away. */
  readonly lastSeenAt: string;
  /** How many of their pages are connected. */
  readonly pages: number;
  /** `place`: in the waiting line, from 1. */
  readonly machine: { readonly state: MachineState; readonly place?: number };
  /** The lab that is open, such as hvt/hello, and the title of its page where the server knows it; null before the first. */
  readonly lab: string | null;
  readonly title?: string;
  /**
   * Where they are: the part that runs, else the one that failed last, else the first one they have not done. Null where no lab is open, and
   * where all of it is done.
   */
  readonly part: string | null;
  /** Of `part`, from 0; `partCount` where all of the lab is done, and 0 without a lab. */
  readonly partIndex: number;
  readonly partCount: number;
  /** Parts of this lab that passed. */
  readonly passed: number;
  /** How each part of this lab went last, in its order; empty without a lab. */
  readonly parts: readonly PartState['state'][];
  /** The part that failed last and has not passed since, and why, in a line of at most 200 characters. */
  readonly failedPart?: string;
  readonly cause?: string;
  /** Since when `part` runs. */
  readonly runningSince?: string;
  readonly stuck: Stuck | null;
}

/** All there is to show. Sent after `hello`, and then whenever something has changed, at most twice a second. */
export interface Room {
  readonly type: 'room';
  /** When it was so. */
  readonly at: string;
  /** What attendees open, with JOIN_PAGE at the end, and the code they type there. */
  readonly address: string;
  readonly code: string;
  /** Whether attendees may join. */
  readonly open: boolean;
  /** Attendees at most. */
  readonly seats: number;
  /** Machines that run or are on their way up, how many there may be at once, and how many attendees wait for one. */
  readonly machines: { readonly running: number; readonly most: number; readonly waiting: number };
  /** Wrong codes so far: many of them are somebody who guesses. */
  readonly wrongCodes: number;
  /** In the order of joining. */
  readonly attendees: readonly Attendee[];
}

/** What the server says to the presenter's page. */
export type PresenterServerMessage = Room;
