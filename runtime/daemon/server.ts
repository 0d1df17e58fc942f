// The sockets of the orchestrator: frames in, messages out. A connection is one request and its answer, which may go on; after a policy was added another request may follow,
// as those who speak for others send the policies of a chain and then its command.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { drained } from '../drained.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { Deframer, frame } from '../protocol/frame.ts';
import { decodeMessage, encodeMessage, type Message, type Payload } from '../protocol/message.ts';
import type { Name } from '../protocol/name.ts';
import type { Success } from '../protocol/reply.ts';
import { seenFrom } from '../protocol/scope.ts';
import { hostTrouble, Refusal } from './refusal.ts';
import { listenAt } from './unix-socket.ts';

/** Connections at a time; another is closed at once. */
export const CONNECTIONS_MAX = 128;
/** Milliseconds a client may take from one piece of its request to the next. */
export const IDLE_MS = 30_000;

/** Bytes that may wait for a subscriber who does not read; at more it is let go. */
const BEHIND_MAX = 4 << 20;

/** Who asked, for answers that are more than one message. */
export interface Client {
  /** Sends what belongs to the answer; false where the client is gone, or has fallen too far behind. */
  readonly send: (payload: Payload, subject?: Name) => boolean;
  /** Waits until the client has taken most of what was sent. */
  readonly drained: () => Promise<void>;
  /** The raw frames that follow the request, up to their end. @throws Error where the client goes before it. */
  readonly raw: () => AsyncGenerator<Uint8Array, void>;
  /** Once the client has gone, or has said anything more. */
  readonly gone: Promise<void>;
}

/**
 * Answers one message, with whole names; undefined where all of the answer has been sent. @throws Refusal for what its client is told; anything else is ours, and is logged.
 */
export type Handler = (message: Message, client: Client) => Promise<Success | undefined>;

export interface Listening {
  readonly close: () => Promise<void>;
}

/**
 * Serves at the Unix socket `path`, for its owner and group, or at the socket a service manager has opened and handed on as `descriptor`. `log` gets a
 * line about each connection that went wrong.
 * @throws Error when somebody serves there already.
 */
export async function listen(
  path: string,
  handler: Handler,
  log: (line: string) => void,
  descriptor?: number,
): Promise<Listening> {
  const open = new Set<Socket>();
  // Who has said all it had to say still gets its answer.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    serve(socket, handler, log).catch((error: unknown) => {
      log(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      socket.destroy();
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listenAt(server, path, descriptor);
  return { close: () => closed(server, open) };
}

async function closed(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  const done = once(server, 'close');
  server.close();
  for (const socket of open) socket.destroy();
  await done;
}

/** The frames of a connection, as they come. */
async function* frames(socket: Socket): AsyncGenerator<Uint8Array, void> {
  const deframer = new Deframer();
  // Leaving the loop is not to take away the answer that is on its way.
  for await (const chunk of socket.iterator({ destroyOnReturn: false }))
    yield* deframer.push(chunk as Buffer);
}

async function serve(socket: Socket, handler: Handler, log: (line: string) => void): Promise<void> {
  socket.on('error', (error) => log(`client: ${error.message}`));
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  const incoming = frames(socket);
  for (;;) {
    const { value: body } = await incoming.next();
    // A frame of no length is the end of what the client has to say.
    if (body === undefined || body.length === 0) return void socket.end();
    const { reply, more } = await answer(decodeMessage(body), handler, clientOf(socket, incoming), log);
    if (reply) socket.write(frame(encodeMessage(reply)));
    if (!more) return void socket.end();
  }
}

/** A client, but for the header of what it is sent. */
interface Line {
  readonly write: (message: Message) => boolean;
  readonly drained: Client['drained'];
  readonly raw: Client['raw'];
  readonly gone: () => Promise<void>;
}

function clientOf(socket: Socket, incoming: AsyncGenerator<Uint8Array, void>): Line {
  return {
    write(message) {
      if (socket.destroyed || socket.writableLength > BEHIND_MAX) {
        socket.destroy();
        return false;
      }
      socket.write(frame(encodeMessage(message)));
      return true;
    },
    drained: () => drained(socket),
    async *raw() {
      for (;;) {
        const { value: piece } = await incoming.next();
        if (piece === undefined) throw new Refusal('the data ends before its end is announced');
        if (piece.length === 0) return;
        yield piece;
      }
    },
    async gone() {
      // Who only listens may be silent for ever.
      socket.setTimeout(0);
      await incoming.next().catch(() => undefined);
    },
  };
}

async function answer(
  asked: Message,
  handler: Handler,
  line: Line,
  log: (line: string) => void,
): Promise<{ reply?: Message; more: boolean }> {
  const { sequence, name, payload } = asked;
  if (payload.kind !== 'command')
    throw new ProtocolError('malformed', `message: ${payload.kind} is not for a daemon`);
  const { kind, value: command } = payload.value;
  const added =
    (kind === 'policy' && command.kind === 'add') || (kind === 'kittiwake' && command.kind === 'grant');
  let leaving: Promise<void> | undefined;
  const client: Client = {
    send: (carried, subject) =>
      line.write({
        sequence: carried.kind === 'data' ? 0n : sequence,
        name: subject ?? name,
        payload: carried,
      }),
    drained: line.drained,
    raw: line.raw,
    get gone() {
      return (leaving ??= line.gone());
    },
  };
  try {
    const value = await handler(asked, client);
    if (value === undefined) return { more: false };
    const payload = { kind: 'success', value: seenFrom(name, value) } as const;
    return { reply: { sequence, name, payload }, more: added };
  } catch (error) {
    const refusal = error instanceof Refusal;
    if (!refusal) log(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    const value = refusal
      ? error.message
      : (hostTrouble(error) ?? 'the daemon could not do it; its log says why');
    return { reply: { sequence, name, payload: { kind: 'failure', value } }, more: false };
  }
}
