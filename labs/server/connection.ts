// One WebSocket: what comes is bounded, counted and parsed; what goes is bounded, too. Whoever does not keep to it is cut off.
import { WebSocket, type RawData } from 'ws';
import type { z } from 'zod';
import { CLOSE } from './protocol.ts';
import { Allowance } from './rate.ts';

export interface ConnectionLimits {
  /** Until the first message. */
  readonly helloMs: number;
  /** Between two looks whether the other end is still there. */
  readonly pingMs: number;
  /** Messages and frames of keys: a second, and at once. A person types 15 a second. */
  readonly frames: readonly [perSecond: number, atOnce: number];
  /** Bytes: a second, and at once. */
  readonly bytes: readonly [perSecond: number, atOnce: number];
  /** Bytes that were sent and not taken. */
  readonly behindMax: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  helloMs: 5000,
  pingMs: 20_000,
  frames: [60, 240],
  bytes: [64 * 1024, 256 * 1024],
  behindMax: 2 * 1024 * 1024,
};

export interface Listener<Heard> {
  /** A message that follows the protocol. */
  onMessage(message: Heard): void;
  onKeys(bytes: Uint8Array): void;
  onClose(): void;
}

/** Hears messages as its schema says, and says others. */
export class Connection<Heard, Said> {
  readonly #socket: WebSocket;
  readonly #schema: z.ZodType<Heard>;
  readonly #limits: ConnectionLimits;
  readonly #frames: Allowance;
  readonly #bytes: Allowance;
  readonly #pings: NodeJS.Timeout;
  readonly #hello: NodeJS.Timeout;
  #alive = true;

  constructor(
    socket: WebSocket,
    schema: z.ZodType<Heard>,
    listener: Listener<Heard>,
    limits: ConnectionLimits,
  ) {
    this.#socket = socket;
    this.#schema = schema;
    this.#limits = limits;
    this.#frames = new Allowance(...limits.frames);
    this.#bytes = new Allowance(...limits.bytes);
    this.#hello = setTimeout(
      () => this.close(CLOSE.late, 'no first message came in time; load the page again'),
      limits.helloMs,
    );
    this.#pings = setInterval(() => this.#ping(), limits.pingMs);
    // What breaks the WebSocket's own rules, a frame too large among it, is closed by the library.
    socket.on('error', () => undefined);
    socket.on('pong', () => (this.#alive = true));
    socket.on('message', (data, isBinary) => this.#onFrame(data, isBinary, listener));
    socket.on('close', () => {
      clearTimeout(this.#hello);
      clearInterval(this.#pings);
      listener.onClose();
    });
  }

  /** Its first message came, and was right. */
  welcomed(): void {
    clearTimeout(this.#hello);
  }

  get behind(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: Said): void {
    this.#put(JSON.stringify(message));
  }

  draw(bytes: Uint8Array): void {
    this.#put(bytes);
  }

  /** `why` is at most 123 bytes, as RFC 6455, 5.5.1 has it. */
  close(code: number, why: string): void {
    this.#socket.close(code, why);
    // Who does not answer that is not waited for.
    setTimeout(() => this.#socket.terminate(), 1000).unref();
  }

  #put(data: string | Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.behind > this.#limits.behindMax) this.#socket.terminate();
    else this.#socket.send(data);
  }

  #ping(): void {
    if (!this.#alive) return this.#socket.terminate();
    this.#alive = false;
    this.#socket.ping();
  }

  #onFrame(data: RawData, isBinary: boolean, listener: Listener<Heard>): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const bytes = data as Buffer; // what binaryType 'nodebuffer' makes of it
    const now = performance.now();
    if (!this.#frames.take(1, now) || !this.#bytes.take(bytes.length, now))
      return this.close(CLOSE.flood, 'too many messages; load the page again');
    if (isBinary) return listener.onKeys(bytes);
    const message = this.#parse(bytes.toString());
    if (message) listener.onMessage(message);
    else this.close(CLOSE.forbidden, 'that is no message of this protocol; load the page again');
  }

  #parse(text: string): Heard | undefined {
    try {
      return this.#schema.safeParse(JSON.parse(text)).data;
    } catch {
      return undefined;
    }
  }
}
