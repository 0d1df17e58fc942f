// Asks the orchestrator, ours or Albatross's: by its Unix sockets, or by whatever else leads there.
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { drained } from '../drained.ts';
import { socketOf, type Command } from '../protocol/command.ts';
import type { Data } from '../protocol/data.ts';
import { Deframer, frame, STREAM_END } from '../protocol/frame.ts';
import { decodeMessage, encodeMessage, type Message } from '../protocol/message.ts';
import type { Name } from '../protocol/name.ts';
import type { Success } from '../protocol/reply.ts';
import { inFull } from '../protocol/scope.ts';

/** Where Albatross has its sockets, and ours is found, too. */
export const SOCKETS = '/run/albatross/util';

export type Failure =
  /** The server said no, and why. */
  | 'refused'
  /** There is nobody, or nobody who may be asked. */
  | 'unreachable'
  | 'forbidden'
  /** It ended the connection without a word: it does not know what it was asked. */
  | 'unanswered';

/** One line for the person. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly failure: Failure;

  constructor(failure: Failure, message: string) {
    super(message);
    this.failure = failure;
  }
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EACCES')
      throw new ClientError(
        'forbidden',
        `${path}: permission denied; use sudo, or join the group of the socket`,
      );
    if (code === 'ENOENT' || code === 'ECONNREFUSED')
      throw new ClientError(
        'unreachable',
        `${path}: no kittiwaked serves there; 'sudo systemctl enable --now kittiwaked.socket' starts it`,
      );
    throw new ClientError('unreachable', `${path}: ${message}`);
  }
}

/**
 * Milliseconds of silence that end an answer where no more is wanted than what is there. Ours ends it itself; Albatross's endpoint does not see that its
 * client has no more to say, and sends lines for as long as there are any.
 */
const SILENCE_MS = 2000;

/** What a server says to a command: its answer, with whole names, and what follows it. */
export interface Exchange extends AsyncDisposable {
  readonly answer: Success;
  readonly data: () => AsyncGenerator<{ readonly name: Name; readonly data: Data }, void>;
}

/** A way to an orchestrator. */
export interface Way {
  /** Where the one is that does `command`, for messages. */
  readonly where: (command: Command) => string;
  /** `name` as the server has it. */
  readonly whole: (name: Name) => Promise<Name>;
  /** A connection on which `command` about `name` has been asked. @throws ClientError where nobody can be asked. */
  readonly asked: (name: Name, command: Command) => Promise<Socket>;
}

/** By the Unix sockets in `folder`. */
export function locally(folder: string): Way {
  const where = (command: Command): string => join(folder, socketOf(command));
  return {
    where,
    whole: (name) => Promise.resolve(name),
    async asked(name, command) {
      const socket = await connected(where(command));
      socket.on('error', () => undefined); // It ends then, too.
      socket.write(
        frame(encodeMessage({ sequence: 0n, name, payload: { kind: 'command', value: command } })),
      );
      return socket;
    },
  };
}

export class Client {
  readonly #way: Way;

  constructor(way: Way) {
    this.#way = way;
  }

  /** `name` as the server has it. */
  whole(name: Name): Promise<Name> {
    return this.#way.whole(name);
  }

  /** Asks, and waits for the answer. @throws ClientError where there is none, or it is no. */
  async ask(name: Name, command: Command): Promise<Success> {
    await using exchange = await this.open(name, command);
    return exchange.answer;
  }

  /** Asks for something that `pieces` belong to: they follow the command. @throws ClientError as `ask` does, and whatever reading `pieces` throws. */
  async send(name: Name, command: Command, pieces: AsyncIterable<Uint8Array>): Promise<Success> {
    await using exchange = await this.open(name, command, true, pieces);
    return exchange.answer;
  }

  /**
   * Asks something whose answer goes on. Where nothing more is `listening` than what is there already, it ends with that.
   * @throws ClientError as `ask` does.
   */
  async open(
    name: Name,
    command: Command,
    listening = true,
    pieces?: AsyncIterable<Uint8Array>,
  ): Promise<Exchange> {
    const path = this.#way.where(command);
    const socket = await this.#way.asked(name, command);
    const messages = received(socket);
    if (!listening) socket.end();
    let lost: { readonly cause: unknown } | undefined;
    if (pieces)
      stream(socket, pieces).catch((cause: unknown) => {
        lost = { cause };
        socket.end(); // The server answers that, once it has given up what it was doing.
      });
    const { value: first } = await messages.next();
    if (first?.payload.kind !== 'success') socket.destroy();
    if (lost) throw lost.cause;
    if (first === undefined)
      throw new ClientError(
        'unanswered',
        command.kind === 'kittiwake'
          ? `${path}: it does not know ${command.value.kind}, which only kittiwaked does; is it Albatross's?`
          : `${path}: the server closed the connection without an answer`,
      );
    if (first.payload.kind === 'failure') throw new ClientError('refused', first.payload.value);
    if (first.payload.kind !== 'success')
      throw new ClientError('unanswered', `${path}: the server sent ${first.payload.kind}, not an answer`);
    if (!listening) socket.setTimeout(SILENCE_MS, () => socket.destroy());
    return {
      answer: inFull(await this.#way.whole(name), first.payload.value),
      async *data() {
        for await (const { name: subject, payload } of messages) {
          if (payload.kind === 'failure') throw new ClientError('refused', payload.value);
          if (payload.kind === 'data') yield { name: subject, data: payload.value };
        }
      },
      [Symbol.asyncDispose]: () => {
        socket.destroy();
        return Promise.resolve();
      },
    };
  }
}

/** Sends `pieces` in raw frames, and their end, as fast as they are taken. Who has refused them needs no more of them. */
export async function stream(
  socket: Socket,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  for await (const piece of pieces) {
    if (socket.destroyed) return;
    if (piece.length === 0) continue;
    socket.write(frame(piece));
    await drained(socket);
  }
  socket.write(STREAM_END);
}

/** What comes, as fast as it is taken. Read without the stream's own iterator, which a short command loads much for. */
async function* received(socket: Socket): AsyncGenerator<Message, void> {
  const deframer = new Deframer();
  let wake = (): void => undefined;
  for (const event of ['readable', 'end', 'error', 'close']) socket.on(event, () => wake());
  try {
    while (!socket.destroyed && !socket.readableEnded) {
      const chunk = socket.read() as Buffer | null;
      if (chunk)
        for (const body of deframer.push(chunk)) {
          if (body.length > 0) yield decodeMessage(body);
        }
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    // A connection that breaks says no more than one that ends.
    if (socket.errored && !('code' in socket.errored)) throw socket.errored;
  } finally {
    socket.destroy();
  }
}
