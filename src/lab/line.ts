// A page's line to a server of its own origin: one WebSocket, made again when it breaks, with its state told as it is.

/** As in labs/server/protocol.ts, whose schemas stay out of the page; a test compares them. */
export const FORBIDDEN = 4401;

/** The first wait before another try; each is twice the one before. */
const AGAIN_MS = 1000;

export type Link =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  /** There is none; `again` is when the next try is made, in ms since the epoch. */
  | { readonly state: 'lost'; readonly again: number; readonly why: string }
  /** The server knows no such secret, and says so; trying again would not help. */
  | { readonly state: 'forbidden'; readonly why: string };

export interface LineOptions {
  readonly path: string;
  /** The longest wait before another try. */
  readonly againMaxMs: number;
  readonly onLink: (link: Link) => void;
  /** Somebody listens: the moment to say who we are. */
  readonly onOpen: () => void;
  readonly onFrame: (data: string | ArrayBuffer) => void;
}

export class Line {
  readonly #options: LineOptions;
  #socket: WebSocket | undefined;
  #waitMs = AGAIN_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
    // A page that comes back from being hidden, or a network that does, is a good moment.
    window.addEventListener('online', () => this.retry());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.retry();
    });
  }

  connect(): void {
    const { path, onLink, onOpen, onFrame } = this.#options;
    const url = new URL(path, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    onLink({ state: 'connecting' });
    socket.addEventListener('open', onOpen);
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => onFrame(data));
    socket.addEventListener('close', ({ code, reason }) => this.#closed(code, reason));
  }

  /** Tries now what would be tried later. */
  retry(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.connect();
  }

  /** The server let us in. */
  welcomed(): void {
    this.#waitMs = AGAIN_MS;
    this.#options.onLink({ state: 'open' });
  }

  /** False where there is nobody to hear it. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(data);
    return true;
  }

  #closed(code: number, why: string): void {
    const { againMaxMs, onLink } = this.#options;
    this.#socket = undefined;
    if (code === FORBIDDEN) {
      onLink({ state: 'forbidden', why });
      return;
    }
    const again = Date.now() + this.#waitMs;
    this.#timer = setTimeout(() => this.retry(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, againMaxMs);
    onLink({ state: 'lost', again, why });
  }
}
