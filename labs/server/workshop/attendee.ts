// An attendee as the presenter is told of them: where they are in their lab, and whether they are stuck there. Nothing of what they type or see.
import type { Session } from '../session.ts';
import type { Attendee } from './protocol.ts';
import type { Seat } from './seats.ts';
import { stuck } from './stuck.ts';

const CAUSE_MAX = 200;

type Place = Pick<Attendee, 'part' | 'partIndex' | 'partCount' | 'passed' | 'parts'>;

/** `budgetFactor`: how many times its budget a part may take before it counts as slow. `now` is in milliseconds since 1970. */
export function attendeeOf(
  { id, name, joinedAt }: Seat,
  session: Session | undefined,
  budgetFactor: number,
  now: number,
): Attendee {
  const seenAt = session ? Math.max(joinedAt, session.seenAt) : joinedAt;
  const person = { id, name, joinedAt: rfc3339(joinedAt), lastSeenAt: rfc3339(seenAt) };
  const pages = session?.pages ?? 0;
  const lab = session?.lab;
  const place = placeOf(session);
  const { running, course, machine } = session ?? {};
  const part = running && lab?.parts.find(({ name }) => name === running.part);
  const failure = course?.failure;
  return {
    ...person,
    pages,
    machine: {
      state: machine?.state ?? 'none',
      ...(machine?.place !== undefined && { place: machine.place }),
    },
    lab: lab?.id ?? null,
    ...(lab && { title: lab.title }),
    ...place,
    ...(failure && { failedPart: failure.part, cause: shown(failure.causes[0] ?? '') }),
    ...(running && { runningSince: rfc3339(running.since) }),
    stuck: stuck(
      {
        pages,
        left: place.part !== null || !lab,
        comes: machine?.state === 'waiting' || machine?.state === 'starting',
        failure,
        running: running && part && { since: running.since, budgetMs: part.budget * 1000 * budgetFactor },
        movedAt: Math.max(joinedAt, course?.movedAt ?? 0),
      },
      now,
    ),
  };
}

function placeOf(session: Session | undefined): Place {
  const parts = session?.parts() ?? [];
  const of = (index: number): Place => ({
    part: parts[index]?.part ?? null,
    partIndex: index,
    partCount: parts.length,
    passed: parts.filter(({ state }) => state === 'passed').length,
    parts: parts.map(({ state }) => state),
  });
  const named = session?.running?.part ?? session?.course.failure?.part;
  if (named !== undefined) return of(parts.findIndex(({ part }) => part === named));
  return of(parts.findLastIndex(({ state }) => state === 'passed') + 1);
}

/** Of a line that may hold what a machine printed: no control characters, no changes of direction. */
function shown(text: string): string {
  const [line = ''] = text.split('\n', 1);
  return line.replaceAll(/[\p{Cc}\p{Cf}]/gu, '').slice(0, CAUSE_MAX);
}

/** In whole seconds, so that it does not change as it is looked at. */
function rfc3339(at: number): string {
  return new Date(Math.floor(at / 1000) * 1000).toISOString();
}
