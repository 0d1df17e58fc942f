// A page without a browser: it speaks the protocol, and keeps what it hears.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { LAB_PATH, type ClientMessage, type ServerMessage } from '../../labs/server/protocol.ts';

type Kind = ServerMessage['type'];
type Of<K extends Kind> = Extract<ServerMessage, { type: K }>;

export interface Claims {
  readonly host?: string;
  readonly origin?: string | undefined;
  readonly path?: string;
}

export class Client {
  readonly socket: WebSocket;
  readonly heard: ServerMessage[] = [];
  screen = '';
  #next = 0;
  /** The code and the reason the connection was closed with. */
  closed: { readonly code: number; readonly why: string } | undefined;

  constructor(port: number, { host, path = LAB_PATH, ...claims }: Claims = {}) {
    const origin = 'origin' in claims ? claims.origin : `http://127.0.0.1:${port}`;
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
      headers: { ...(host !== undefined && { Host: host }), ...(origin !== undefined && { Origin: origin }) },
    });
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.screen += data.toString();
      else this.heard.push(JSON.parse(data.toString()) as ServerMessage);
    });
    this.socket.on('close', (code, why) => (this.closed = { code, why: why.toString() }));
    this.socket.on('error', () => undefined).setMaxListeners(0);
  }

  /** Connected and welcome. */
  static async welcome(
    port: number,
    token: string,
    reader?: string,
  ): Promise<{ client: Client; reader: string }> {
    const client = new Client(port);
    await client.open();
    client.say({ type: 'hello', token, ...(reader !== undefined && { reader }) });
    return { client, reader: (await client.hear('welcome')).reader };
  }

  async open(): Promise<this> {
    await once(this.socket, 'open');
    return this;
  }

  say(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  type(text: string): void {
    this.socket.send(Buffer.from(text));
  }

  /** The next message of a kind, that is as asked, from where the last call stopped. @throws Error when the connection ends before. */
  async hear<K extends Kind>(kind: K, like: (message: Of<K>) => boolean = () => true): Promise<Of<K>> {
    for (;;) {
      while (this.#next < this.heard.length) {
        const message = this.heard[this.#next++];
        if (message?.type === kind && like(message as Of<K>)) return message as Of<K>;
      }
      if (this.closed)
        throw new Error(
          `closed: ${this.closed.code} ${this.closed.why}; heard ${JSON.stringify(this.heard)}`,
        );
      await Promise.race([once(this.socket, 'message'), once(this.socket, 'close')]);
    }
  }

  /** When `text` is on the screen. */
  async sees(text: string): Promise<void> {
    while (!this.screen.includes(text)) {
      if (this.closed) throw new Error(`closed: ${this.closed.code} ${this.closed.why}; seen ${this.screen}`);
      await Promise.race([once(this.socket, 'message'), once(this.socket, 'close')]);
    }
  }

  /** Runs a part, and returns how it ended. */
  async run(part: string): Promise<Of<'ended'>> {
    this.say({ type: 'run', part });
    return this.hear('ended', (ended) => ended.part === part);
  }

  /** Waits until the server has closed the connection, and returns the code. */
  async end(): Promise<number> {
    if (!this.closed) await once(this.socket, 'close');
    return this.closed?.code ?? 0;
  }
}
