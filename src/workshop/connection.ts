// The presenter's line to the workshop: one WebSocket on the page's own origin, made again when it breaks, with its state told as it is.
import type { PresenterMessage, PresenterServerMessage, Room } from '../../labs/server/workshop/protocol.ts';

/** As in labs/server, whose schemas stay out of the page; a test compares them. */
export const PRESENTER_PATH = '/-/workshop/presenter';
export const FORBIDDEN = 4401;

/** The first wait before another try, and the longest. */
const AGAIN_MS = 1000;
const AGAIN_MAX_MS = 10_000;

export type Link =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  /** There is none; `again` is when the next try is made, in ms since the epoch. */
  | { readonly state: 'lost'; readonly again: number; readonly why: string }
  /** The server knows no such secret, and says so; trying again would not help. */
  | { readonly state: 'forbidden'; readonly why: string };

export interface Listener {
  readonly onLink: (link: Link) => void;
  readonly onRoom: (room: Room) => void;
}

export class Connection {
  readonly #secret: string;
  readonly #listener: Listener;
  #socket: WebSocket | undefined;
  #waitMs = AGAIN_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(secret: string, listener: Listener) {
    this.#secret = secret;
    this.#listener = listener;
    // A page that comes back from being hidden, or a network that does, is a good moment.
    window.addEventListener('online', () => this.retry());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.retry();
    });
  }

  connect(): void {
    const url = new URL(PRESENTER_PATH, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#listener.onLink({ state: 'connecting' });
    socket.addEventListener('open', () => this.send({ type: 'hello', secret: this.#secret }));
    socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
      // There is one kind, and its first says that we are let in.
      const room = JSON.parse(data) as PresenterServerMessage;
      this.#waitMs = AGAIN_MS;
      this.#listener.onLink({ state: 'open' });
      this.#listener.onRoom(room);
    });
    socket.addEventListener('close', ({ code, reason }) => this.#closed(code, reason));
  }

  /** Tries now what would be tried later. */
  retry(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.connect();
  }

  send(message: PresenterMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #closed(code: number, why: string): void {
    this.#socket = undefined;
    if (code === FORBIDDEN) {
      this.#listener.onLink({ state: 'forbidden', why });
      return;
    }
    const again = Date.now() + this.#waitMs;
    this.#timer = setTimeout(() => this.retry(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, AGAIN_MAX_MS);
    this.#listener.onLink({ state: 'lost', again, why });
  }
}
