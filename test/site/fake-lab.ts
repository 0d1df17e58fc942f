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
import { expect } from './watch.ts';

const TOKEN = 'a-token-of-this-test';

export class FakeLab {
  readonly token = TOKEN;
  /** What pages have said, in order. */
  readonly heard: ClientMessage[] = [];
  /** What was typed in the terminal. */
  typed = '';
  /** The sizes of the frames it came in. */
  readonly typedFrames: number[] = [];
  /** Each new connection. */
  connections = 0;
  /** The name the reader joined a workshop with. */
  attendee: string | undefined;
  /** New connections are closed at once. */
  away = false;
  readonly #page: Page;
  #socket: WebSocketRoute | undefined;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Answers this page from now on; says what a server says first to whoever knows the token. */
  async listen(): Promise<void> {
    await this.#page.routeWebSocket(`**${LAB_PATH}`, (socket) => {
      this.connections++;
      if (this.away) {
        void socket.close({ code: 1001 });
        return;
      }
      this.#socket = socket;
      socket.onMessage((frame) => {
        if (typeof frame !== 'string') {
          this.typed += frame.toString();
          this.typedFrames.push(frame.length);
          return;
        }
        const message = clientMessage.parse(JSON.parse(frame));
        this.heard.push(message);
        if (message.type === 'hello') this.#hello(message.token, socket);
      });
    });
  }

  /** Opens `path` with the address that `npm start` prints. */
  async open(path: string): Promise<void> {
    await this.#page.goto(`${path}#lab=${TOKEN}`);
  }

  say(...messages: readonly ServerMessage[]): void {
    for (const message of messages) this.#socket?.send(JSON.stringify(message));
  }

  /** The part that runs is as expected. */
  passes(part: string): void {
    this.say({ type: 'ended', part, outcome: 'passed', exit: 0, durationMs: 1312, causes: [], rows: [] });
  }

  draw(text: string): void {
    this.#socket?.send(Buffer.from(text));
  }

  async close(code?: number, reason?: string): Promise<void> {
    await this.#socket?.close({
      ...(code !== undefined && { code }),
      ...(reason !== undefined && { reason }),
    });
  }

  /** Waits until a page has said it. */
  async hears(message: ClientMessage): Promise<void> {
    await expect.poll(() => this.heard).toContainEqual(message);
  }

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
