// The sockets of the orchestrator: frames in, messages out. A connection is one request and its answer; after a policy was added another may follow,
// as those who speak for others send the policies of a chain and then its command.
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { ProtocolError } from '../protocol/errors.ts';
import { Deframer, frame } from '../protocol/frame.ts';
import { decodeMessage, encodeMessage, type Message } from '../protocol/message.ts';
import type { Success } from '../protocol/reply.ts';
import { Refusal } from './orchestrator.ts';

/** Connections at a time; another is closed at once. */
export const CONNECTIONS_MAX = 128;
/** Milliseconds a client may take from one piece of its request to the next. */
export const IDLE_MS = 30_000;

/** Answers one message. @throws Refusal for what its client is told; anything else is ours, and is logged. */
export type Handler = (message: Message) => Promise<Success>;

export interface Listening {
  readonly close: () => Promise<void>;
}

/** Whether somebody serves at `path`; a socket that a killed daemon left behind is nobody's. */
async function isServed(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/**
 * Serves at the Unix socket `path`, for its owner and group. `log` gets a line about each connection that went wrong.
 * @throws Error when somebody serves there already.
 */
export async function listen(
  path: string,
  handler: Handler,
  log: (line: string) => void,
): Promise<Listening> {
  if (await isServed(path)) throw new Error(`${path}: another daemon serves there; end it first`);
  await rm(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    serve(socket, handler, log).catch((error: unknown) => {
      log(`${path}: ${error instanceof Error ? error.message : String(error)}`);
      socket.destroy();
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o660);
  return { close: () => closed(server, open) };
}

async function closed(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  const done = once(server, 'close');
  server.close();
  for (const socket of open) socket.destroy();
  await done;
}

async function serve(socket: Socket, handler: Handler, log: (line: string) => void): Promise<void> {
  socket.on('error', (error) => log(`client: ${error.message}`));
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  const deframer = new Deframer();
  // Leaving the loop is not to take away the answer that is on its way.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    for (const body of deframer.push(chunk as Buffer)) {
      // A frame of no length is the end of what the client has to say.
      if (body.length === 0) return void socket.end();
      const { reply, more } = await answer(decodeMessage(body), handler, log);
      socket.write(frame(encodeMessage(reply)));
      if (!more) return void socket.end();
    }
  }
}

async function answer(
  asked: Message,
  handler: Handler,
  log: (line: string) => void,
): Promise<{ reply: Message; more: boolean }> {
  const { sequence, name, payload } = asked;
  if (payload.kind !== 'command')
    throw new ProtocolError('malformed', `message: ${payload.kind} is not for a daemon`);
  const added = payload.value.kind === 'policy' && payload.value.value.kind === 'add';
  try {
    return {
      reply: { sequence, name, payload: { kind: 'success', value: await handler(asked) } },
      more: added,
    };
  } catch (error) {
    const refusal = error instanceof Refusal;
    if (!refusal) log(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    const value = refusal ? error.message : 'the daemon could not do it; its log says why';
    return { reply: { sequence, name, payload: { kind: 'failure', value } }, more: false };
  }
}
