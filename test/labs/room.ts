// A workshop for tests: its server on machines that are shells of this machine, attendees who join by its form, and its presenter.
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import {
  JOIN_PATH,
  PRESENTER_PATH,
  type Attendee,
  type PresenterMessage,
  type Room,
} from '../../labs/server/workshop/protocol.ts';
import { Workshop, type WorkshopOptions } from '../../labs/server/workshop/workshop.ts';
import { Client } from './client.ts';
import { LABS, serveBeside } from './fake.ts';

export const CODE = 'gull-4821';
export const SECRET = 'SSSSSSSSSSSSSSSSSSSSSS';

export type Workplace = Awaited<ReturnType<typeof serveWorkshop>>;

/** `from` is the address that requests seem to come from. */
export function serveWorkshop(options: Partial<WorkshopOptions> = {}, from?: string) {
  return serveBeside(({ start, readers, hosts, port }) => {
    const workshop = new Workshop({
      labs: LABS,
      ...{ start, readers, hosts, presenterHosts: hosts, code: CODE, secret: SECRET },
      ...{ seats: 8, machines: 8, slowFactor: 1, address: `http://127.0.0.1:${port}/join/` },
      bounds: { hasRoom: (running) => running < 8, startsAtOnce: 8 },
      ...options,
    });
    if (from === undefined) return workshop;
    const elsewhere = <R extends IncomingMessage>(asked: R): R => {
      Object.defineProperty(asked.socket, 'remoteAddress', { value: from, configurable: true });
      return asked;
    };
    return {
      owns: (url: string | undefined) => workshop.owns(url),
      answer: (...[asked, response]: Parameters<Workshop['answer']>) =>
        workshop.answer(elsewhere(asked), response),
      upgrade: (asked: IncomingMessage, socket: Duplex, head: Buffer) =>
        workshop.upgrade(elsewhere(asked), socket, head),
      close: () => workshop.close(),
    };
  });
}

export interface Posted {
  readonly status: number;
  readonly location: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Post {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly method?: string;
  /** The address of this machine it is sent from. */
  readonly localAddress?: string;
}

/** Sends a form as a browser does, but for what is given. */
export async function post(
  port: number,
  { body = '', headers = {}, method = 'POST', localAddress }: Post,
): Promise<Posted> {
  const all: Record<string, string | undefined> = {
    Host: `127.0.0.1:${port}`,
    Origin: `http://127.0.0.1:${port}`,
    'Content-Type': 'application/x-www-form-urlencoded',
    ...headers,
  };
  const sent = request({
    ...{ host: '127.0.0.1', port, path: JOIN_PATH, method, agent: false },
    ...(localAddress !== undefined && { localAddress }),
    headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >,
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of response) text += String(piece);
  return {
    status: response.statusCode ?? 0,
    location: response.headers.location,
    headers: response.headers,
    text,
  };
}

export const form = (name: string, code = CODE): string => new URLSearchParams({ code, name }).toString();

/** Joins, and returns the token; where that fails, the reason. */
export async function join(port: number, name: string, code = CODE, localAddress?: string): Promise<string> {
  const { location = '' } = await post(port, {
    body: form(name, code),
    ...(localAddress !== undefined && { localAddress }),
  });
  return /^(?:\/#lab=|\/join\/#why=)([\w-]+)$/.exec(location)?.[1] ?? `not understood: ${location}`;
}

/** Joins, and opens a page. */
export async function sitDown(port: number, name: string): Promise<Client> {
  return (await Client.welcome(port, await join(port, name))).client;
}

/** The presenter's page. */
export class Presenter {
  readonly socket: WebSocket;
  readonly rooms: Room[] = [];
  closed: number | undefined;

  constructor(port: number, headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${PRESENTER_PATH}`, {
      headers: { Origin: `http://127.0.0.1:${port}`, ...headers },
    });
    this.socket.on('message', (data: Buffer) => this.rooms.push(JSON.parse(data.toString()) as Room));
    this.socket.on('close', (code) => (this.closed = code));
    this.socket.on('error', () => undefined);
  }

  static async at(port: number, secret = SECRET): Promise<Presenter> {
    const presenter = new Presenter(port);
    await once(presenter.socket, 'open');
    presenter.say({ type: 'hello', secret });
    return presenter;
  }

  say(message: PresenterMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The first room, of those that come, that is as asked. */
  async sees(like: (room: Room) => boolean): Promise<Room> {
    for (let next = 0; ;) {
      while (next < this.rooms.length) {
        const room = this.rooms[next++];
        if (room && like(room)) return room;
      }
      if (this.closed !== undefined)
        throw new Error(`closed: ${this.closed}; seen ${JSON.stringify(this.rooms)}`);
      await Promise.race([once(this.socket, 'message'), once(this.socket, 'close')]);
    }
  }

  /** The attendee called `name`, once they are as asked. */
  async finds(name: string, like: (attendee: Attendee) => boolean): Promise<Attendee> {
    const of = (room: Room): Attendee | undefined =>
      room.attendees.find((attendee) => attendee.name === name);
    const room = await this.sees((room) => {
      const attendee = of(room);
      return attendee !== undefined && like(attendee);
    });
    return of(room) as Attendee;
  }

  async end(): Promise<number> {
    if (this.closed === undefined) await once(this.socket, 'close');
    return this.closed ?? 0;
  }
}
