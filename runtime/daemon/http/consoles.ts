// What unikernels print, and what happens to them, over HTTP.
import type { ConsoleLine } from '../../api/schemas.ts';
import type { Exchange } from '../../client/socket.ts';
import type { Command } from '../../protocol/command.ts';
import { paged, shownName, told } from './asking.ts';
import type { Events, Handlers, Sent } from './call.ts';
import { HttpProblem } from './problem.ts';
import { stateNamed } from './unikernels.ts';

interface Line {
  readonly time: Date;
  readonly line: string;
}

type Since =
  { readonly kind: 'count'; readonly value: number } | { readonly kind: 'since'; readonly value: Date };

const subscribe = (value: Since): Command => ({ kind: 'console', value: { kind: 'subscribe', value } });
const plain = ({ time, line }: Line): ConsoleLine => ({ time: time.toISOString(), line });

async function* linesOf(exchange: Exchange): AsyncGenerator<Line, void> {
  for await (const { data } of exchange.data()) if (data.kind === 'console') yield data.value;
}

/** Where in a console somebody is: so many lines of a millisecond they have had. */
interface Place {
  readonly time: Date;
  readonly had: number;
}

/** @throws HttpProblem (malformed) */
function placeOf(id: string): Place {
  const [, time = '', had = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)_(\d{1,6})$/.exec(id) ?? [];
  const date = new Date(time);
  if (Number.isNaN(date.getTime()))
    throw new HttpProblem('malformed', 'Last-Event-ID: it is of no line that was sent here; leave it out');
  return { time: date, had: Number(had) };
}

/** Lines with what they are told apart by; those that somebody at `place` has had are left out. */
async function* numbered(lines: AsyncIterable<Line>, place?: Place): AsyncGenerator<Sent, void> {
  let time = '';
  let count = 0;
  for await (const line of lines) {
    const data = plain(line);
    count = data.time === time ? count + 1 : 1;
    ({ time } = data);
    if (place && line.time.getTime() === place.time.getTime() && count <= place.had) continue;
    yield { id: `${time}_${count}`, data };
  }
}

export function eventsOf(exchange: Exchange, events: AsyncIterable<Sent>): Events {
  return { events, close: () => void exchange[Symbol.asyncDispose]() };
}

export const consoles = {
  async getConsole({ client, subject, query }) {
    await stateNamed(client, subject);
    await using exchange = await client.open(
      subject,
      subscribe({ kind: 'count', value: query.lines }),
      false,
    );
    const lines: ConsoleLine[] = [];
    for await (const line of linesOf(exchange)) lines.push(plain(line));
    return { lines };
  },
  async followConsole({ client, subject, query, request }) {
    const last = request.headers.get('last-event-id');
    const place = last === null ? undefined : placeOf(last);
    await stateNamed(client, subject);
    const since: Since = place ? { kind: 'since', value: place.time } : { kind: 'count', value: query.lines };
    const exchange = await client.open(subject, subscribe(since));
    return eventsOf(exchange, numbered(linesOf(exchange), place));
  },
  async listInactiveConsoles({ client, subject, query }) {
    const asked = { kind: 'console', value: { kind: 'listInactive' } } as const;
    const names = await told(client, subject, asked, 'inactiveConsoles');
    return paged(names.map(shownName), (name) => name, query);
  },
  async followEvents({ client, subject }) {
    const exchange = await client.open(subject, { kind: 'kittiwake', value: { kind: 'events' } });
    async function* events(): AsyncGenerator<Sent, void> {
      for await (const { name, data } of exchange.data()) {
        if (data.kind !== 'event') continue;
        const { time, text } = data.value;
        yield { data: { time: time.toISOString(), name: shownName(name), event: text } };
      }
    }
    return eventsOf(exchange, events());
  },
} satisfies Partial<Handlers>;
