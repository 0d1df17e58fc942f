// The lab server: connections in, each led to its reader. It hangs on an HTTP server that somebody else has.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { LabWithRecording } from '../runner/labs.ts';
import { answerJson, refuseUpgrade } from './answers.ts';
import { Connection, CONNECTION_LIMITS, type ConnectionLimits } from './connection.ts';
import { whyNot, type Admission, type Admit } from './gate.ts';
import type { StartMachine } from './machine.ts';
import { OUTPUT_MAX } from './outlet.ts';
import { Pool, type Bounds } from './pool.ts';
import { Progress } from './progress.ts';
import {
  CLOSE,
  clientMessage,
  ENTRANCE,
  FRAME_MAX,
  LAB_PATH,
  type ClientMessage,
  type ServerMessage,
} from './protocol.ts';
import { Session } from './session.ts';

export interface Limits {
  readonly connections: number;
  /** That have not said hello yet. */
  readonly strangers: number;
  readonly connectionsPerReader: number;
  /** Readers that are remembered in memory, with their machines or without. */
  readonly readers: number;
  /** A machine nobody uses for so long is ended; */
  readonly idleMs: number;
  /** and one nobody looks at; */
  readonly leftMs: number;
  /** while others wait, after this. */
  readonly leftWhileOthersWaitMs: number;
  readonly sweepMs: number;
  readonly connection: ConnectionLimits;
}

export const LIMITS: Limits = {
  connections: 64,
  strangers: 16,
  connectionsPerReader: 4,
  readers: 64,
  idleMs: 30 * 60_000,
  leftMs: 10 * 60_000,
  leftWhileOthersWaitMs: 20_000,
  sweepMs: 1000,
  connection: CONNECTION_LIMITS,
};

export interface LabServerOptions {
  readonly labs: readonly LabWithRecording[];
  readonly start: StartMachine;
  readonly bounds: Bounds;
  /** The folder of what readers have done. */
  readonly readers: string;
  /** The Host fields this server answers to. */
  readonly hosts: ReadonlySet<string>;
  /** Who is let in with the token of the first message. */
  readonly admit: Admit;
  /** What a plain GET of LAB_PATH is answered with. */
  readonly entrance?: Readonly<typeof ENTRANCE>;
  readonly words?: Words;
  readonly limits?: Partial<Limits>;
}

/** What readers are told where the remedy depends on who serves them. */
export interface Words {
  /** At most 123 bytes, as a close reason. */
  readonly forbidden: string;
  readonly ended: string;
}

const WORDS: Words = {
  forbidden: 'the token is not that of this start; open the address npm start printed',
  ended: 'the lab server ended; start it again with npm start',
};

type PageConnection = Connection<ClientMessage, ServerMessage>;

interface Reader {
  readonly id: string;
  readonly session: Session;
  readonly connections: Set<PageConnection>;
}

export class LabServer {
  readonly #options: LabServerOptions;
  readonly #limits: Limits;
  readonly #words: Words;
  readonly #labs: ReadonlyMap<string, LabWithRecording>;
  readonly #pool: Pool;
  readonly #readers = new Map<string, Reader>();
  readonly #sockets: WebSocketServer;
  readonly #sweeps: NodeJS.Timeout;
  #strangers = 0;
  #closed = false;

  constructor(options: LabServerOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#words = options.words ?? WORDS;
    this.#labs = new Map(options.labs.map((lab) => [lab.lab.id, lab]));
    this.#pool = new Pool(options.bounds);
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: FRAME_MAX,
      perMessageDeflate: false,
      clientTracking: true,
    });
    this.#sweeps = setInterval(() => this.#sweep(), this.#limits.sweepMs);
    this.#sweeps.unref();
  }

  /** Whether an address on the origin is this server's. */
  owns(url: string | undefined): boolean {
    return url === LAB_PATH || (url?.startsWith(`${LAB_PATH}?`) ?? false);
  }

  /** Answers a plain GET of LAB_PATH: that there is a lab server. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const known = this.#options.hosts.has(request.headers.host ?? '');
    answerJson(response, known ? 200 : 421, known ? (this.#options.entrance ?? ENTRANCE) : {});
  }

  /** Takes a request to upgrade to WebSocket, or refuses it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const why = this.owns(request.url)
      ? whyNot(request.headers, this.#options.hosts)
      : 'there is no such page';
    if (why !== undefined || this.#closed)
      return refuseUpgrade(socket, '403 Forbidden', why ?? 'the lab server ends');
    if (this.#sockets.clients.size >= this.#limits.connections || this.#strangers >= this.#limits.strangers)
      return refuseUpgrade(
        socket,
        '503 Service Unavailable',
        'the lab server: too many connections; try again',
      );
    this.#sockets.handleUpgrade(request, socket, head, (accepted) => this.#connect(accepted));
  }

  /** What a reader is at, while there is anything to remember. */
  sessionOf(reader: string): Session | undefined {
    return this.#readers.get(reader)?.session;
  }

  /** How many machines there are, and how many readers wait for one. */
  get machines(): { readonly running: number; readonly waiting: number } {
    return { running: this.#pool.running, waiting: this.#pool.waiting };
  }

  /** Ends a reader's connections and machine, and forgets them; `why` is at most 123 bytes. `admit` no longer knows them. */
  async dismiss(reader: string, why: string): Promise<void> {
    const found = this.#readers.get(reader);
    if (!found) return;
    this.#readers.delete(reader);
    for (const connection of found.connections) connection.close(CLOSE.forbidden, why);
    await found.session.close(why);
  }

  /** Ends every connection and every machine. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeps);
    for (const socket of this.#sockets.clients) socket.close(1001, 'the lab server ends');
    await Promise.all([...this.#readers.values()].map(({ session }) => session.close(this.#words.ended)));
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }

  #connect(socket: WebSocket): void {
    this.#strangers++;
    let stranger = true;
    let reader: Reader | undefined;
    let greeting: Promise<void> | undefined;
    const noStranger = (): void => {
      if (stranger) this.#strangers--;
      stranger = false;
    };
    const greet = async (message: ClientMessage): Promise<void> => {
      noStranger();
      reader = await this.#greet(message, connection).catch((error: unknown) => {
        console.error(`lab server: ${(error as Error).message}`);
        connection.close(1011, 'the lab server could not read or write its files');
        return undefined;
      });
      if (socket.readyState === socket.CLOSED && reader) leave(reader);
    };
    const leave = ({ connections, session }: Reader): void => {
      connections.delete(connection);
      session.detach(connection, performance.now());
    };
    const handle = (message: ClientMessage): void => {
      if (socket.readyState !== socket.OPEN) return;
      if (message.type === 'hello')
        connection.close(CLOSE.forbidden, 'one hello is enough; load the page again');
      else reader?.session.handle(message, connection, performance.now());
    };
    const connection: PageConnection = new Connection(
      socket,
      clientMessage,
      {
        onMessage: (message) => {
          if (reader) handle(message);
          else if (greeting) void greeting.then(() => handle(message));
          else greeting = greet(message);
        },
        onKeys: (bytes) => {
          if (greeting) reader?.session.type(bytes, performance.now());
          else connection.close(CLOSE.forbidden, 'hello comes first; load the page again');
        },
        onClose: () => {
          noStranger();
          if (reader) leave(reader);
        },
      },
      this.#limits.connection,
    );
  }

  /** Whose connection it is; undefined where it was closed instead. */
  async #greet(message: ClientMessage, connection: PageConnection): Promise<Reader | undefined> {
    const token = message.type === 'hello' ? message.token : '';
    const admission = this.#options.admit(token);
    if (message.type !== 'hello' || !admission) {
      connection.close(CLOSE.forbidden, this.#words.forbidden);
      return undefined;
    }
    connection.welcomed();
    const reader = await this.#reader(admission, message.reader);
    // Whoever was let in may have been shown out while their file was read.
    if (!this.#options.admit(token)) {
      connection.close(CLOSE.forbidden, this.#words.forbidden);
      return undefined;
    }
    if (!reader || reader.connections.size >= this.#limits.connectionsPerReader) {
      connection.close(CLOSE.crowded, 'too many pages are open; close one, and load this one again');
      return undefined;
    }
    reader.connections.add(connection);
    connection.send({
      type: 'welcome',
      reader: reader.id,
      ...(admission.name !== undefined && { name: admission.name }),
      limits: { idleSeconds: this.#limits.idleMs / 1000, outputBytes: OUTPUT_MAX },
    });
    reader.session.attach(connection, performance.now());
    return reader;
  }

  /** Whom `admission` is of; where that is left open, whom the page says it is. */
  async #reader({ reader: own }: Admission, said: string | undefined): Promise<Reader | undefined> {
    if (own !== undefined) return this.#known(own);
    return (said === undefined ? undefined : await this.#known(said)) ?? (await this.#new());
  }

  async #known(id: string): Promise<Reader | undefined> {
    const here = this.#readers.get(id);
    if (here) return here;
    const progress = await Progress.of(this.#options.readers, id);
    // Two pages may have asked at once.
    return this.#readers.get(id) ?? (progress && this.#add(id, progress));
  }

  async #new(): Promise<Reader | undefined> {
    if (!this.#hasRoom()) return undefined;
    const { reader, progress } = await Progress.begin(this.#options.readers);
    return this.#add(reader, progress);
  }

  #hasRoom(): boolean {
    if (this.#readers.size < this.#limits.readers) return true;
    // Who is not here and has no machine is only remembered on the disk.
    for (const [id, { session }] of this.#readers)
      if (session.pages === 0 && !session.hasMachine) return this.#readers.delete(id);
    return false;
  }

  #add(id: string, progress: Progress): Reader | undefined {
    if (!this.#hasRoom()) return undefined;
    const { start } = this.#options;
    const session = new Session({ labs: this.#labs, pool: this.#pool, start, progress }, performance.now());
    const reader = { id, session, connections: new Set<PageConnection>() };
    this.#readers.set(id, reader);
    return reader;
  }

  /** Ends machines that nobody uses. */
  #sweep(): void {
    const now = performance.now();
    const { idleMs, leftMs, leftWhileOthersWaitMs } = this.#limits;
    const crowded = this.#pool.waiting > 0;
    for (const { session } of this.#readers.values()) {
      if (!session.hasMachine) continue;
      const { usedMs, leftMs: left } = session.idle(now);
      if (usedMs > idleMs)
        void session.endMachine(
          `nobody used it for ${Math.round(idleMs / 60_000)} minutes; Run starts another`,
        );
      else if (left > leftMs || (crowded && left > leftWhileOthersWaitMs))
        void session.endMachine('no page was open for it; Run starts another');
    }
  }
}
