// A lab server in the browser's stead, that speaks the protocol and does what a test tells it; no machine, no port.
import type { Page, WebSocketRoute } from '@playwright/test';
import { readFileSync } from 'node:fs';
import {
  clientMessage,
  LAB_PATH,
  type ClientMessage,
  type PartState,
  type ServerMessage,
} from '../../labs/server/protocol.ts';
import { parseLab, parseRecording, partDigests } from '../../labs/runner/lab.ts';
import { FakeServer } from './fake-server.ts';

const TOKEN = 'a-token-of-this-test';

export class FakeLab extends FakeServer<ClientMessage> {
  readonly token = TOKEN;
  /** What was typed in the terminal. */
  typed = '';
  /** The sizes of the frames it came in. */
  readonly typedFrames: number[] = [];
  /** The name the reader joined a workshop with. */
  attendee: string | undefined;

  constructor(page: Page) {
    super(page, LAB_PATH);
  }

  /** Opens `path` with the address that `npm start` prints. */
  async open(path: string): Promise<void> {
    await this.page.goto(`${path}#lab=${TOKEN}`);
  }

  say(...messages: readonly ServerMessage[]): void {
    for (const message of messages) this.send(JSON.stringify(message));
  }

  /** The part that runs is as expected. */
  passes(part: string): void {
    this.say({ type: 'ended', part, outcome: 'passed', exit: 0, durationMs: 1312, causes: [], rows: [] });
  }

  draw(text: string): void {
    this.send(Buffer.from(text));
  }

  protected take(frame: string | Buffer, socket: WebSocketRoute): void {
    if (typeof frame !== 'string') {
      this.typed += frame.toString();
      this.typedFrames.push(frame.length);
      return;
    }
    const message = clientMessage.parse(JSON.parse(frame));
    this.heard.push(message);
    if (message.type === 'hello') this.#hello(message.token, socket);
  }

  /** Says what a server says first to whoever knows the token. */
  #hello(token: string, socket: WebSocketRoute): void {
    if (token !== TOKEN) {
      void socket.close({ code: 4401, reason: 'the lab server: it does not know this token' });
      return;
    }
    this.say({
      ...{ type: 'welcome', reader: 'reader-1', limits: { idleSeconds: 1800, outputBytes: 65536 } },
      ...(this.attendee !== undefined && { name: this.attendee }),
    });
    this.first(this);
  }

  /** What is said after the welcome. */
  first = (lab: FakeLab): void => lab.say({ type: 'machine', state: 'none' });
}

/** The state of each part of a lab of the handbook, those in `known` as it says. */
export function partsOf(id: string, known: Readonly<Record<string, Partial<PartState>>> = {}): PartState[] {
  const lab = parseLab(id, readFileSync(`labs/${id}.sh`, 'utf8'));
  const recording = parseRecording(id, readFileSync(`labs/${id}.out`, 'utf8'));
  return [...partDigests(lab, recording)].map(([part, digest]) => ({
    part,
    digest,
    state: 'none',
    ...known[part],
  }));
}
