// The page's line to the lab server: who the reader is, messages, what is typed and what is to be on the screen.
import type { ClientMessage, ServerMessage } from '../../labs/server/protocol.ts';
import { Line, type Link as LineLink } from './line.ts';
import { forget, keep, recall } from './storage.ts';

/** As in labs/server/protocol.ts, whose schemas stay out of the page; a test compares them. */
export const LAB_PATH = '/-/lab';
/** What is pasted is sent in pieces of so many bytes, as the server's FRAME_MAX allows, and no faster than it takes them. */
export const PIECE = 4 * 1024;
const PIECE_MS = 100;

const AGAIN_MAX_MS = 30_000;

/** `before`: we were let in, over this socket or an earlier one. */
export type Link =
  | Exclude<LineLink, { state: 'lost' }>
  | (Extract<LineLink, { state: 'lost' }> & { readonly before: boolean });

export interface Listener {
  readonly onLink: (link: Link) => void;
  readonly onMessage: (message: ServerMessage) => void;
  /** Bytes for the terminal's screen. */
  readonly onScreen: (bytes: Uint8Array<ArrayBuffer>) => void;
}

export class Connection {
  readonly #line: Line;
  readonly #listener: Listener;
  #before = false;
  #welcomed = false;
  /** Typed and not sent yet. */
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #resting = false;

  constructor(token: string, listener: Listener) {
    this.#listener = listener;
    this.#line = new Line({
      path: LAB_PATH,
      againMaxMs: AGAIN_MAX_MS,
      onLink: (link) => this.#linked(link),
      onOpen: () => {
        const reader = recall('reader');
        this.send({ type: 'hello', token, ...(reader !== undefined && { reader }) });
      },
      onFrame: (data) => {
        if (typeof data === 'string') this.#take(JSON.parse(data) as ServerMessage);
        else listener.onScreen(new Uint8Array(data));
      },
    });
  }

  connect(): void {
    this.#line.connect();
  }

  /** Tries now what would be tried later. */
  retry(): void {
    this.#line.retry();
  }

  /** False where there is nobody to hear it. */
  send(message: ClientMessage): boolean {
    return this.#line.send(JSON.stringify(message));
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
    if (!piece || !this.#line.send(piece)) return;
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
      this.#line.welcomed();
    }
    this.#listener.onMessage(message);
  }

  #linked(link: LineLink): void {
    if (link.state !== 'open') {
      this.#welcomed = false;
      this.#pieces = [];
    }
    if (link.state === 'forbidden') forget('token');
    this.#listener.onLink(link.state === 'lost' ? { ...link, before: this.#before } : link);
  }
}
