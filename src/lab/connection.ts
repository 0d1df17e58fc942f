// The page's line to the lab server: one WebSocket on the page's own origin, made again when it breaks, with its state told as it is.
import type { ClientMessage, ServerMessage } from '../../labs/server/protocol.ts';
import { forget, keep, recall } from './storage.ts';

/** As in labs/server/protocol.ts, whose schemas stay out of the page; a test compares them. */
export const LAB_PATH = '/-/lab';
export const FORBIDDEN = 4401;
/** What is pasted is sent in pieces of so many bytes, as the server's FRAME_MAX allows, and no faster than it takes them. */
export const PIECE = 4 * 1024;
const PIECE_MS = 100;

/** The first wait before another try, and the longest. */
const AGAIN_MS = 1000;
const AGAIN_MAX_MS = 30_000;

export type Link =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  /** There is none; `again` is when the next try is made, in ms since the epoch. */
  | { readonly state: 'lost'; readonly before: boolean; readonly again: number; readonly why: string }
  /** The server knows no such token, and says so; trying again would not help. */
  | { readonly state: 'forbidden'; readonly why: string };

export interface Listener {
  readonly onLink: (link: Link) => void;
  readonly onMessage: (message: ServerMessage) => void;
  /** Bytes for the terminal's screen. */
  readonly onScreen: (bytes: Uint8Array<ArrayBuffer>) => void;
}

export class Connection {
  readonly #token: string;
  readonly #listener: Listener;
  #socket: WebSocket | undefined;
  /** We were let in, over this socket or an earlier one. */
  #before = false;
  #welcomed = false;
  #waitMs = AGAIN_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Typed and not sent yet. */
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #resting = false;

  constructor(token: string, listener: Listener) {
    this.#token = token;
    this.#listener = listener;
    // A page that comes back from being hidden, or a network that does, is a good moment.
    window.addEventListener('online', () => this.retry());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.retry();
    });
  }

  connect(): void {
    const url = new URL(LAB_PATH, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#welcomed = false;
    this.#listener.onLink({ state: 'connecting' });
    socket.addEventListener('open', () => {
      const reader = recall('reader');
      this.send({ type: 'hello', token: this.#token, ...(reader !== undefined && { reader }) });
    });
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') this.#take(JSON.parse(data) as ServerMessage);
      else this.#listener.onScreen(new Uint8Array(data));
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

  /** False where there is nobody to hear it. */
  send(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** What is typed in the terminal. */
  type(text: string): void {
    if (!this.#welcomed) return;
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += PIECE) this.#pieces.push(bytes.slice(at, at + PIECE));
    if (!this.#resting) this.#typeOn();
  }

  #typeOn(): void {
    const piece = this.#pieces.shift();
    if (!piece || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(piece);
    this.#resting = this.#pieces.length > 0;
    if (!this.#resting) return;
    setTimeout(() => {
      this.#resting = false;
      this.#typeOn();
    }, PIECE_MS);
  }

  #take(message: ServerMessage): void {
    if (message.type === 'welcome') {
      keep('reader', message.reader);
      this.#before = true;
      this.#welcomed = true;
      this.#waitMs = AGAIN_MS;
      this.#listener.onLink({ state: 'open' });
    }
    this.#listener.onMessage(message);
  }

  #closed(code: number, why: string): void {
    this.#socket = undefined;
    this.#welcomed = false;
    this.#pieces = [];
    if (code === FORBIDDEN) {
      forget('token');
      this.#listener.onLink({ state: 'forbidden', why });
      return;
    }
    const again = Date.now() + this.#waitMs;
    this.#timer = setTimeout(() => this.retry(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, AGAIN_MAX_MS);
    this.#listener.onLink({ state: 'lost', before: this.#before, again, why });
  }
}
