// What the presenter's page says of a workshop, and in which order. Pure.
import type { Attendee, Room } from '../../labs/server/workshop/protocol.ts';
import type { Link } from '../lab/line.ts';

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** A time as somebody says it who looks at a clock now and then. */
export function timeWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Where the presenter's view is answered: on the machine that serves, as its server has it (scripts/site/server.ts). */
const SERVING = ['127.0.0.1', 'localhost'];

/** `host` is the one in the page's own address. */
export function linkWords(link: Link, now: number, host: string): string {
  switch (link.state) {
    case 'connecting':
      return 'Looking for the workshop';
    case 'open':
      return 'Connected to the workshop';
    case 'forbidden':
      return link.why === '' ? 'The workshop does not know this address' : link.why;
    case 'lost': {
      if (!SERVING.includes(host))
        return 'The presenter’s view opens only on the machine that serves the workshop, at the address it printed';
      const again = Math.max(1, Math.ceil((link.again - now) / 1000));
      return `No connection to the workshop${link.why === '' ? '' : ` (${link.why})`}; next try in ${again} s`;
    }
  }
}

/** Whether all steps of the lab that is open are done. */
export function isDone({ lab, part, passed, partCount }: Attendee): boolean {
  return lab !== null && part === null && passed === partCount;
}

/** A step as the pages number it. */
export function stepWords({ part, partIndex, partCount }: Attendee): string {
  return part === null ? '' : `Step ${partIndex + 1} of ${partCount}, ${part}`;
}

/** How it is with the step they are at; `now` as the server has it, in ms since the epoch. */
export function howWords(attendee: Attendee, now: number): string {
  if (attendee.lab === null) return 'Has not opened a chapter yet';
  if (isDone(attendee)) return `All ${attendee.partCount} steps done`;
  if (attendee.runningSince !== undefined)
    return `running for ${timeWords(now - Date.parse(attendee.runningSince))}`;
  if (attendee.failedPart !== undefined && attendee.failedPart === attendee.part) return 'failed';
  return 'not run yet';
}

export function machineWords({ machine: { state, place } }: Attendee): string {
  switch (state) {
    case 'none':
      return 'No machine yet';
    case 'waiting':
      return `Waits for a machine${place === undefined ? '' : `, at place ${place}`}`;
    case 'starting':
      return 'Machine starts';
    case 'ready':
      return 'Machine runs';
    case 'ended':
      return 'Machine has ended';
  }
}

/** When they were here last, where no page of theirs is open. */
export function awayWords({ pages, lastSeenAt }: Attendee, now: number): string {
  return pages > 0 ? '' : `No page open for ${timeWords(now - Date.parse(lastSeenAt))}`;
}

/** Why they may want help; empty where they do not. */
export function stuckWords(attendee: Attendee): string {
  const { stuck, part, failedPart, cause } = attendee;
  switch (stuck) {
    case null:
      return '';
    case 'failed':
      return `${failedPart ?? part ?? 'A step'} fails${cause === undefined ? '' : `: ${cause}`}`;
    case 'slow':
      return `${part ?? 'A step'} runs longer than it may`;
    case 'idle':
      return 'No step was run for ten minutes';
  }
}

/** Who may want help comes first; the rest stays in the order of joining. */
export function inOrder(attendees: readonly Attendee[]): Attendee[] {
  return attendees.toSorted((a, b) => Number(b.stuck !== null) - Number(a.stuck !== null) || a.id - b.id);
}

/** All attendees in a line. */
export function crowdWords({ attendees }: Room): string {
  const stuck = attendees.filter((one) => one.stuck !== null).length;
  const done = attendees.filter(isDone).length;
  const rest = [
    ...(stuck > 0 ? [`${stuck} stuck`] : []),
    ...(done > 0 ? [plural(done, 'is done', 'are done')] : []),
  ];
  return [plural(attendees.length, 'attendee', 'attendees'), ...rest].join(', ');
}

export function seatsWords({ attendees, seats }: Room): string {
  const free = seats - attendees.length;
  return `${attendees.length} of ${plural(seats, 'seat', 'seats')} taken, ${free <= 0 ? 'none' : free} free`;
}

export function machinesWords({ machines: { running, most, waiting } }: Room): string {
  const wait = waiting === 0 ? '' : `, ${plural(waiting, 'waits', 'wait')} in line`;
  return `${running} of at most ${plural(most, 'machine', 'machines')} running${wait}`;
}

/** Wrong codes that are more than mistakes. */
const MANY = 10;

export function guessWords({ wrongCodes }: Room): string {
  return wrongCodes < MANY ? '' : `${wrongCodes} wrong codes were typed so far: perhaps somebody guesses`;
}

/** What the presenter is to hear of, that was not so before: who is stuck, and who has done a lab. */
export function news(before: Room | undefined, after: Room): string {
  const known = new Map(before?.attendees.map((one) => [one.id, one]));
  return after.attendees
    .flatMap((one) => {
      const was = known.get(one.id);
      if (one.stuck !== null && (was?.stuck !== one.stuck || was.part !== one.part))
        return [`${one.name} is stuck: ${stuckWords(one)}`];
      if (before && isDone(one) && !(was && isDone(was) && was.lab === one.lab))
        return [`${one.name} has done all of ${one.title ?? one.lab ?? ''}`];
      return [];
    })
    .join('. ');
}
