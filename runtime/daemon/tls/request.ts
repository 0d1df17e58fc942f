// What a certificate asks for, done: its policies are made known, what follows the handshake is taken, and the daemon's socket is asked. Whatever the
// daemon answers goes to the client as it is.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request } from '../../protocol/chain.ts';
import { configOf, socketOf, withImage, type Command } from '../../protocol/command.ts';
import { Deframer, frame } from '../../protocol/frame.ts';
import { decodeMessage, encodeMessage } from '../../protocol/message.ts';
import type { Name } from '../../protocol/name.ts';
import { Refusal } from '../refusal.ts';
import type { Budget } from './budget.ts';

/** Bytes of the largest image as it is sent, compressed or not. */
export const IMAGE_MAX = 64 << 20;

export const FULL = 'image: as many are being sent by others as there is room for; try again';

/** Whether answers to `command` have no end: whoever is subscribed is silent. */
export function isEndless({ kind, value }: Command): boolean {
  return (kind === 'console' || kind === 'stats') && value.kind === 'subscribe'
    ? true
    : kind === 'kittiwake' && value.kind === 'events';
}

/** Whether it takes more of the host than before, and so has to be within the policies of its own chain. */
export function takes(command: Command): boolean {
  const { kind, value } = command;
  if (configOf(command) !== undefined) return true;
  if (kind === 'unikernel') return value.kind === 'restart' && value.value.kind === 'changed';
  return kind === 'block' && (value.kind === 'add' || value.kind === 'addWithData');
}

/** Whether raw frames follow, which are the daemon's to read. */
function isFollowed({ kind, value }: Command): boolean {
  return (
    kind === 'block' &&
    (value.kind === 'set' ||
      (value.kind === 'setWithData' && value.value.data.length === 0) ||
      (value.kind === 'addWithData' && value.value.data?.length === 0))
  );
}

const encoded = (name: Name, value: Command): Uint8Array =>
  frame(encodeMessage({ sequence: 0n, name, payload: { kind: 'command', value } }));

async function opened(folder: string, socket: string): Promise<Socket> {
  const connected = connect(join(folder, socket));
  try {
    await once(connected, 'connect');
    return connected;
  } catch (error) {
    connected.destroy();
    throw new Refusal(`kittiwaked: it does not answer (${(error as NodeJS.ErrnoException).code}); start it`);
  }
}

/** Makes the policies of a chain known, the outermost first. Returns why the daemon does not take one of them. */
export async function grant(folder: string, policies: Request['policies']): Promise<string | undefined> {
  if (policies.length === 0) return undefined;
  const daemon = await opened(folder, 'vmmd.sock');
  const deframer = new Deframer();
  let answered = 0;
  try {
    const ask = ({ path, policy, issued }: Request['policies'][number]): boolean =>
      daemon.write(
        encoded({ path }, { kind: 'kittiwake', value: { kind: 'grant', value: { policy, issued } } }),
      );
    const [first] = policies;
    if (first) ask(first);
    for await (const chunk of daemon as AsyncIterable<Buffer>) {
      for (const body of deframer.push(chunk)) {
        const { payload } = decodeMessage(body);
        if (payload.kind === 'failure') return payload.value;
        answered += 1;
        const next = policies[answered];
        if (!next) return undefined;
        ask(next);
      }
    }
    throw new Refusal('kittiwaked: it ended in the middle; its log says why');
  } finally {
    daemon.destroy();
  }
}

/** The image that follows in raw frames, up to their end. */
async function streamed(client: Readable, budget: Budget): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const deframer = new Deframer(IMAGE_MAX);
  let held = 0;
  try {
    for await (const chunk of client.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (held + chunk.length > IMAGE_MAX + 64 * 1024)
        throw new Refusal(`image: it is larger than ${IMAGE_MAX >> 20} MiB`);
      if (!budget.take(chunk.length)) throw new Refusal(FULL);
      held += chunk.length;
      for (const piece of deframer.push(chunk)) {
        if (piece.length === 0) return Buffer.concat(pieces);
        pieces.push(piece);
      }
    }
    throw new Refusal('image: it ends before its end is announced');
  } finally {
    budget.give(held);
  }
}

/** `command` with the image that its client sends after it, where it does. */
async function whole(command: Command, client: Readable, budget: Budget): Promise<Command> {
  if (configOf(command)?.image.length !== 0) return command;
  return withImage(command, await streamed(client, budget));
}

export interface Surroundings {
  /** Where the daemon's sockets are. */
  readonly folder: string;
  /** For images. */
  readonly budget: Budget;
  /** Asked last thing before the daemon is. @throws Refusal when the client may not go on. */
  readonly allowed: () => void;
}

/**
 * Does `request`; the answer goes to `client`, which is not ended.
 * @throws Refusal when there is no answer but that; nothing was sent to the client then.
 */
export async function perform(
  request: Request,
  client: Readable & Writable,
  { folder, budget, allowed }: Surroundings,
): Promise<void> {
  const command = await whole(request.command, client, budget);
  allowed();
  const vmmd = socketOf(command) === 'vmmd.sock';
  const cause = vmmd ? await grant(folder, request.policies) : undefined;
  if (cause !== undefined && takes(command)) throw new Refusal(cause);
  const daemon = await opened(folder, socketOf(command));
  const gone = (): void => void daemon.destroy();
  const silent = (): boolean => daemon.bytesRead === 0 && !client.destroyed;
  client.once('close', gone);
  try {
    daemon.write(encoded(request.name, command));
    if (isFollowed(command)) client.pipe(daemon);
    else if (isEndless(command)) {
      // Whoever is subscribed ends it by anything they say; by the end of what they say, once they have what is there.
      client.once('data', gone);
      const over = (): void => void daemon.end();
      // A socket tells its end as soon as it has come, whether or not anybody listens yet.
      if (client.readableEnded) over();
      else client.once('end', over);
    }
    await pipeline(daemon, client, { end: false });
  } catch (error) {
    // Either side went. Where an answer has begun, or nobody is there to read one, that is all there is to it.
    if (silent())
      throw new Refusal(
        `kittiwaked: it ended without an answer (${(error as Error).message}); its log says why`,
      );
  } finally {
    client.off('close', gone);
    client.unpipe(daemon);
    daemon.destroy();
  }
  if (silent()) throw new Refusal('kittiwaked: it ended without an answer; its log says why');
}
