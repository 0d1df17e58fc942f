// A workshop in the browser's stead, that says to the presenter's page what a test wants; no server, no machine.
import type { Page, WebSocketRoute } from '@playwright/test';
import { LAB_PATH, WORKSHOP_ENTRANCE } from '../../labs/server/protocol.ts';
import {
  PRESENTER_PAGE,
  PRESENTER_PATH,
  presenterMessage,
  type Attendee,
  type PresenterMessage,
  type Room,
} from '../../labs/server/workshop/protocol.ts';
import { expect } from './watch.ts';

const SECRET = 'a-secret-of-this-test';

/** When it is, at the workshop; long ago here. */
const AT = Date.parse('2026-11-22T09:00:00Z');
export const ago = (seconds: number): string => new Date(AT - seconds * 1000).toISOString();

const NOBODY: Room = {
  ...{ type: 'room', at: ago(0), address: 'http://192.168.178.20:4321/join/', code: 'gull-4821', open: true },
  ...{ seats: 24, machines: { running: 0, most: 12, waiting: 0 }, wrongCodes: 0, attendees: [] },
};

/** An attendee who is at the third step of the first lab. */
export function attendee(id: number, name: string, other: Partial<Attendee> = {}): Attendee {
  return {
    ...{ id, name, joinedAt: ago(600), lastSeenAt: ago(5), pages: 1, machine: { state: 'ready' } },
    ...{ lab: 'hvt/hello', title: 'Your first unikernel', part: 'run', partIndex: 2, partCount: 11 },
    ...{ passed: 2, parts: ['passed', 'passed', ...Array<'none'>(9).fill('none')], stuck: null },
    ...other,
  };
}

export class FakeWorkshop {
  /** What the page has said, in order. */
  readonly heard: PresenterMessage[] = [];
  connections = 0;
  /** New connections are closed at once. */
  away = false;
  room: Room = NOBODY;
  readonly #page: Page;
  #socket: WebSocketRoute | undefined;

  constructor(page: Page) {
    this.#page = page;
  }

  async listen(): Promise<void> {
    await this.#page.routeWebSocket(`**${PRESENTER_PATH}`, (socket) => {
      this.connections++;
      if (this.away) {
        void socket.close({ code: 1001 });
        return;
      }
      this.#socket = socket;
      socket.onMessage((frame) => {
        const message = presenterMessage.parse(JSON.parse(frame.toString()));
        this.heard.push(message);
        if (message.type !== 'hello') return;
        if (message.secret === SECRET) this.say({});
        else void socket.close({ code: 4401, reason: 'the secret is not that of this start' });
      });
    });
  }

  /** Opens the address that is printed. */
  async open(): Promise<void> {
    await this.#page.goto(`${PRESENTER_PAGE}#presenter=${SECRET}`);
    await expect(this.#page.getByText('Connected to the workshop')).toBeVisible();
  }

  /** How it is from now on. */
  say(changed: Partial<Room>): void {
    this.room = { ...this.room, ...changed };
    this.#socket?.send(JSON.stringify(this.room));
  }

  async close(code?: number, reason?: string): Promise<void> {
    await this.#socket?.close({
      ...(code !== undefined && { code }),
      ...(reason !== undefined && { reason }),
    });
  }

  /** Waits until the page has said it. */
  async hears(message: PresenterMessage): Promise<void> {
    await expect.poll(() => this.heard).toContainEqual(message);
  }
}

/** The server of `page` lets people join. */
export async function letJoin(page: Page): Promise<void> {
  await page.route(`**${LAB_PATH}`, (route) => route.fulfill({ json: WORKSHOP_ENTRANCE }));
}
