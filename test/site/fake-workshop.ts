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
import { FakeServer } from './fake-server.ts';
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

export class FakeWorkshop extends FakeServer<PresenterMessage> {
  room: Room = NOBODY;

  constructor(page: Page) {
    super(page, PRESENTER_PATH);
  }

  /** Opens the address that is printed. */
  async open(): Promise<void> {
    await this.page.goto(`${PRESENTER_PAGE}#presenter=${SECRET}`);
    await expect(this.page.getByText('Connected to the workshop')).toBeVisible();
  }

  /** How it is from now on. */
  say(changed: Partial<Room>): void {
    this.room = { ...this.room, ...changed };
    this.send(JSON.stringify(this.room));
  }

  protected take(frame: string | Buffer, socket: WebSocketRoute): void {
    const message = presenterMessage.parse(JSON.parse(frame.toString()));
    this.heard.push(message);
    if (message.type !== 'hello') return;
    if (message.secret === SECRET) this.say({});
    else void socket.close({ code: 4401, reason: 'the secret is not that of this start' });
  }
}

/** The server of `page` lets people join. */
export async function letJoin(page: Page): Promise<void> {
  await page.route(`**${LAB_PATH}`, (route) => route.fulfill({ json: WORKSHOP_ENTRANCE }));
}
