// TCP clients on Linux's own stack: each verb is run as a program in a namespace, and prints one line of JSON.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { noise } from '../random.ts';
import type { Namespace } from './namespace.ts';

/** What a stream to an echo service came to: hex digests of what went out and what came back. */
export interface Echo {
  readonly sent: string;
  readonly received: string;
  readonly bytes: number;
}

/** How many connections were made, and how many were refused or failed. */
export interface Drops {
  readonly made: number;
  readonly failed: number;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function open(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** Sends `size` bytes, closes its own half at once, and reads until the other half is closed. */
async function echo(host: string, port: number, size: number): Promise<Echo> {
  const socket = await open(host, port);
  const sent = noise(size, size | 1);
  socket.end(sent);
  const parts: Buffer[] = [];
  for await (const part of socket as AsyncIterable<Buffer>) parts.push(part);
  const received = Buffer.concat(parts);
  return { sent: sha256(sent), received: sha256(received), bytes: received.length };
}

/** Opens `count` connections, 100 at a time, and drops them: one in order, the next by a reset, the next with data under way. */
async function drop(host: string, port: number, count: number): Promise<Drops> {
  let next = 0;
  let made = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const kind = next++ % 3;
      try {
        const socket = await open(host, port);
        made++;
        socket.on('error', () => undefined);
        if (kind === 0) await once(socket.end().resume(), 'close');
        else if (kind === 1) socket.resetAndDestroy();
        else socket.write('x'.repeat(1000), () => socket.destroy());
      } catch {
        // Counted: not made.
      }
    }
  };
  await Promise.all(Array.from({ length: 100 }, worker));
  return { made, failed: count - made };
}

/** Reads `size` bytes, nothing for a second, `size` again: the sender has to wait at a closed window and go on. */
async function pause(host: string, port: number, size: number): Promise<{ bytes: number }> {
  const socket = await open(host, port);
  let bytes = 0;
  let rested = false;
  for await (const part of socket as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes >= size && !rested) {
      rested = true;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    if (bytes >= 2 * size) break;
  }
  return { bytes };
}

/** What becomes of a connection: the error's code, or "connected". */
async function knock(host: string, port: number): Promise<{ outcome: string }> {
  try {
    (await open(host, port)).destroy();
    return { outcome: 'connected' };
  } catch (error) {
    return { outcome: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

/** Opens `count` connections that begin a request and never end it; says so, and stays until standard input ends. */
async function hold(host: string, port: number, count: number): Promise<{ held: number }> {
  const results = await Promise.allSettled(Array.from({ length: count }, () => open(host, port)));
  const sockets = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: slow\r\nX-Slow: ');
  }
  console.log(JSON.stringify({ held: sockets.length }));
  process.stdin.resume();
  await once(process.stdin, 'end');
  for (const socket of sockets) socket.destroy();
  return { held: sockets.length };
}

const VERBS = { echo, drop, pause, knock, hold } as const;
type Verb = keyof typeof VERBS;

/** The command that runs `verb` as a program. */
export function clientCommand(verb: Verb, host: string, port: number, count = 0): string[] {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url)];
  return [...node, verb, host, String(port), String(count)];
}

/** Runs `verb` in `namespace` and returns what it found. @throws Error with what it said when it failed. */
export async function client<V extends Verb>(
  namespace: Namespace,
  verb: V,
  host: string,
  port: number,
  count = 0,
  limitMs?: number,
): Promise<Awaited<ReturnType<(typeof VERBS)[V]>>> {
  const { status, out, err } = await namespace.run(
    clientCommand(verb, host, port, count),
    undefined,
    limitMs,
  );
  if (status !== 0) throw new Error(`${verb} ${host} ${port}: ${err}`);
  return JSON.parse(out) as Awaited<ReturnType<(typeof VERBS)[V]>>;
}

if (import.meta.main) {
  const [verb = '', host = '', port = '', count = ''] = process.argv.slice(2);
  if (!(verb in VERBS)) throw new Error(`no verb '${verb}'`);
  console.log(JSON.stringify(await VERBS[verb as Verb](host, Number(port), Number(count))));
  process.exit(0);
}
