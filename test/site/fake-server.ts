// What stands in for a server at a WebSocket, in the browser: it keeps what pages say, and its connections come and go as a test tells.
import type { Page, WebSocketRoute } from '@playwright/test';
import { expect } from './watch.ts';

export abstract class FakeServer<Message> {
  /** What pages have said, in order. */
  readonly heard: Message[] = [];
  /** Each new connection. */
  connections = 0;
  /** New connections are closed at once. */
  away = false;
  protected readonly page: Page;
  readonly #path: string;
  #socket: WebSocketRoute | undefined;

  constructor(page: Page, path: string) {
    this.page = page;
    this.#path = path;
  }

  /** Answers this page from now on. */
  async listen(): Promise<void> {
    await this.page.routeWebSocket(`**${this.#path}`, (socket) => {
      this.connections++;
      if (this.away) {
        void socket.close({ code: 1001 });
        return;
      }
      this.#socket = socket;
      socket.onMessage((frame) => this.take(frame, socket));
    });
  }

  async close(code?: number, reason?: string): Promise<void> {
    await this.#socket?.close({
      ...(code !== undefined && { code }),
      ...(reason !== undefined && { reason }),
    });
  }

  /** Waits until a page has said it. */
  async hears(message: Message): Promise<void> {
    await expect.poll(() => this.heard).toContainEqual(message);
  }

  protected send(frame: string | Buffer): void {
    this.#socket?.send(frame);
  }

  /** What came from `socket`. */
  protected abstract take(frame: string | Buffer, socket: WebSocketRoute): void;
}
