// The presenter's view: who sits at the machine that serves, and knows the secret it printed, sees the room and may show people out.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { refuseUpgrade } from '../answers.ts';
import { Connection, CONNECTION_LIMITS, type ConnectionLimits } from '../connection.ts';
import { isSecret, whyNot } from '../gate.ts';
import { CLOSE } from '../protocol.ts';
import { Allowance } from '../rate.ts';
import {
  presenterMessage,
  type PresenterMessage,
  type PresenterServerMessage,
  type Room,
} from './protocol.ts';

export interface PresenterLimits {
  readonly connections: number;
  /** Wrong secrets: a second, and at once. */
  readonly guesses: readonly [perSecond: number, atOnce: number];
  /** Between two looks whether there is something new to tell. */
  readonly tellMs: number;
  readonly connection: ConnectionLimits;
}

export const PRESENTER_LIMITS: PresenterLimits = {
  connections: 8,
  guesses: [1, 10],
  tellMs: 500,
  connection: { ...CONNECTION_LIMITS, frames: [5, 30], bytes: [4096, 16 * 1024] },
};

const FRAME_MAX = 1024;

export interface PresenterOptions {
  /** The Host fields of this machine's own names. */
  readonly hosts: ReadonlySet<string>;
  readonly secret: string;
  readonly room: () => Room;
  /** Does what the presenter asks for. */
  readonly onAsked: (message: Exclude<PresenterMessage, { type: 'hello' }>) => void;
  readonly limits?: Partial<PresenterLimits>;
}

type View = Connection<PresenterMessage, PresenterServerMessage>;

export class PresenterDesk {
  readonly #options: PresenterOptions;
  readonly #limits: PresenterLimits;
  readonly #guesses: Allowance;
  readonly #sockets: WebSocketServer;
  /** Whose secret was right. */
  readonly #views = new Set<View>();
  readonly #tells: NodeJS.Timeout;
  /** What was told last, without its time. */
  #told = '';

  constructor(options: PresenterOptions) {
    this.#options = options;
    this.#limits = { ...PRESENTER_LIMITS, ...options.limits };
    this.#guesses = new Allowance(...this.#limits.guesses);
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: FRAME_MAX, perMessageDeflate: false });
    this.#tells = setInterval(() => this.#tell(), this.#limits.tellMs);
    this.#tells.unref();
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const why = isOwn(request.socket.remoteAddress)
      ? whyNot(request.headers, this.#options.hosts)
      : "the presenter's view is opened on the machine that serves";
    if (why !== undefined) return refuseUpgrade(socket, '403 Forbidden', why);
    if (this.#sockets.clients.size >= this.#limits.connections)
      return refuseUpgrade(socket, '503 Service Unavailable', 'too many presenter views are open');
    this.#sockets.handleUpgrade(request, socket, head, (accepted) => this.#connect(accepted));
  }

  close(): void {
    clearInterval(this.#tells);
    for (const socket of this.#sockets.clients) {
      socket.close(1001, 'the workshop ends');
      setTimeout(() => socket.terminate(), 1000).unref();
    }
    this.#sockets.close();
  }

  #connect(socket: WebSocket): void {
    const { onAsked, room } = this.#options;
    const view: View = new Connection(
      socket,
      presenterMessage,
      {
        onMessage: (message) => {
          if (this.#views.has(view)) {
            if (message.type === 'hello')
              view.close(CLOSE.forbidden, 'one hello is enough; load the page again');
            else onAsked(message);
          } else if (message.type === 'hello' && this.#knows(message.secret)) {
            view.welcomed();
            this.#views.add(view);
            view.send(room());
          } else
            view.close(
              CLOSE.forbidden,
              'the secret is not that of this start; open the address that was printed',
            );
        },
        onKeys: () => view.close(CLOSE.forbidden, 'there is nothing to type here; load the page again'),
        onClose: () => void this.#views.delete(view),
      },
      this.#limits.connection,
    );
  }

  #knows(secret: string): boolean {
    const now = performance.now();
    if (this.#guesses.left(now) < 1) return false;
    if (isSecret(secret, this.#options.secret)) return true;
    this.#guesses.take(1, now);
    return false;
  }

  #tell(): void {
    if (this.#views.size === 0) return;
    const room = this.#options.room();
    const told = JSON.stringify({ ...room, at: '' });
    if (told === this.#told) return;
    this.#told = told;
    for (const view of this.#views) view.send(room);
  }
}

/** Whether a connection comes from this machine, by its loopback. */
function isOwn(address = ''): boolean {
  return /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(address) || address === '::1';
}
