// A workshop: the lab server for whoever has joined, the door they join by, and the presenter's view of the room.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerLine } from '../answers.ts';
import { WORKSHOP_ENTRANCE } from '../protocol.ts';
import { LabServer, type LabServerOptions, type Limits } from '../server.ts';
import { attendeeOf } from './attendee.ts';
import { Attempts, type AttemptLimits } from './attempts.ts';
import { Door, type DoorLimits } from './join.ts';
import { PresenterDesk, type PresenterLimits } from './presenter.ts';
import { JOIN_PATH, PRESENTER_PATH, type PresenterMessage, type Room } from './protocol.ts';
import { Seats } from './seats.ts';

export interface WorkshopOptions extends Pick<
  LabServerOptions,
  'labs' | 'start' | 'bounds' | 'readers' | 'hosts'
> {
  /** Attendees at most, and machines at once. */
  readonly seats: number;
  readonly machines: number;
  /** The Host fields of the machine's own names, on loopback. */
  readonly presenterHosts: ReadonlySet<string>;
  /** What attendees open. */
  readonly address: string;
  readonly code: string;
  /** What the presenter's page knows. */
  readonly secret: string;
  /** How many times its budget a part may take before it counts as slow. */
  readonly slowFactor: number;
  readonly limits?: Partial<WorkshopLimits>;
}

export interface WorkshopLimits {
  readonly lab: Partial<Limits>;
  readonly attempts: AttemptLimits;
  readonly door: Partial<DoorLimits>;
  readonly presenter: Partial<PresenterLimits>;
}

const PAGES_EACH = 3;
const STRANGERS = 32;

const WORDS = {
  forbidden: 'your seat in this workshop is not known any more; join again',
  ended: 'the workshop ended',
};

export class Workshop {
  readonly #options: WorkshopOptions;
  readonly #attempts: Attempts;
  readonly #seats: Seats;
  readonly #door: Door;
  readonly #lab: LabServer;
  readonly #desk: PresenterDesk;

  constructor(options: WorkshopOptions) {
    const { labs, start, bounds, readers, hosts, seats, code, limits = {} } = options;
    this.#options = options;
    this.#attempts = new Attempts(limits.attempts);
    this.#seats = new Seats({
      most: seats,
      readers,
      vacantMs: ({ reader, joinedAt }) => {
        const session = this.#lab.sessionOf(reader);
        if (session && (session.pages > 0 || session.hasMachine)) return 0;
        return Date.now() - Math.max(joinedAt, session?.seenAt ?? 0);
      },
      onEnd: ({ reader }, why) => this.#lab.dismiss(reader, why),
    });
    this.#door = new Door({
      ...{ hosts, code, seats: this.#seats, attempts: this.#attempts },
      ...(limits.door && { limits: limits.door }),
    });
    this.#lab = new LabServer({
      ...{ labs, start, bounds, readers, hosts },
      admit: (token) => this.#seats.admit(token),
      entrance: WORKSHOP_ENTRANCE,
      words: WORDS,
      limits: {
        connections: seats * PAGES_EACH + STRANGERS,
        strangers: STRANGERS,
        connectionsPerReader: PAGES_EACH,
        // None is forgotten while its seat is taken.
        readers: 2 * seats,
        ...limits.lab,
      },
    });
    this.#desk = new PresenterDesk({
      hosts: options.presenterHosts,
      secret: options.secret,
      room: () => this.#room(),
      onAsked: (message) => this.#do(message),
      ...(limits.presenter && { limits: limits.presenter }),
    });
  }

  owns(url: string | undefined): boolean {
    return this.#lab.owns(url) || url === JOIN_PATH || url === PRESENTER_PATH;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === JOIN_PATH) void this.#door.answer(request, response);
    else if (request.url === PRESENTER_PATH)
      answerLine(response, 426, 'this is for a WebSocket', { Upgrade: 'websocket' });
    else this.#lab.answer(request, response);
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (request.url === PRESENTER_PATH) this.#desk.upgrade(request, socket, head);
    else this.#lab.upgrade(request, socket, head);
  }

  /** Ends every connection and every machine. */
  async close(): Promise<void> {
    this.#door.open = false;
    this.#desk.close();
    await this.#lab.close();
  }

  #do(message: Exclude<PresenterMessage, { type: 'hello' }>): void {
    if (message.type === 'open') this.#door.open = true;
    else if (message.type === 'close') this.#door.open = false;
    else if (message.type === 'free')
      void this.#seats.free(message.id, 'the presenter ended your seat; join again to go on');
    else {
      const seat = this.#seats.byId(message.id);
      const session = seat && this.#lab.sessionOf(seat.reader);
      if (session?.hasMachine) void session.endMachine('the presenter ended it; Run starts another');
    }
  }

  #room(): Room {
    const { address, code, seats, machines, slowFactor } = this.#options;
    const now = Date.now();
    return {
      type: 'room',
      at: new Date(now).toISOString(),
      ...{ address, code, open: this.#door.open, seats },
      machines: { ...this.#lab.machines, most: machines },
      wrongCodes: this.#attempts.wrong,
      attendees: this.#seats.all.map((seat) =>
        attendeeOf(seat, this.#lab.sessionOf(seat.reader), slowFactor, now),
      ),
    };
  }
}
