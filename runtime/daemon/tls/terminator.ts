// TLS, which a program beside this one speaks (terminator/), a process for each connection: it takes the client's socket, and says what the client has
// shown, and after that what it says in clear.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { CHAIN_MAX } from '../../protocol/chain.ts';
import { ProtocolError } from '../../protocol/errors.ts';

/** Paths of PEM files: whom clients are trusted by, the server's certificate, its key. Each connection reads them anew. */
export interface Files {
  readonly root: string;
  readonly cert: string;
  readonly key: string;
}

/** A handshake that did not come to its end. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
}

/** The first byte of a failure, as terminator/endpoint.h has it. */
const FAILED = 255;
/** The descriptor of the terminator that leads here. */
const ENDPOINT = 3;

export interface Terminated {
  /** Ends when the client's connection has. */
  readonly process: ChildProcess;
  /** To the client, once `shown` has come: in clear, and each way ends by itself. */
  readonly socket: Socket;
}

/** @throws Error that says what is wrong with the files, or the program. */
export function check(program: string, { root, cert, key }: Files): void {
  const { error, status, signal, stderr } = spawnSync(program, [root, cert, key], {
    encoding: 'utf8',
    env: {},
  });
  if (error) throw new Error(`${program}: ${error.message}; install Kittiwake again`);
  if (status === 0) return;
  const said = stderr.trim() || `it ended with ${status ?? signal}`;
  throw new Error(said.includes('libssl') ? `${said}; install OpenSSL 3 (Debian: libssl3)` : said);
}

/** Hands `raw`, which nothing was read of, to a process that does the handshake in `ms`, with room for `most` bytes of certificates. */
export function terminate(
  program: string,
  { root, cert, key }: Files,
  raw: Socket,
  { most, ms }: { readonly most: number; readonly ms: number },
): Terminated {
  const child = spawn(program, [root, cert, key, String(most), String(ms)], {
    env: {},
    stdio: [raw, 'ignore', 'inherit', 'pipe'],
  });
  const socket = child.stdio[ENDPOINT] as Socket;
  // Who has said all it had to say still gets its answer.
  socket.allowHalfOpen = true;
  // The process has its own descriptor of it.
  raw.destroy();
  return { process: child, socket };
}

/** Takes pieces as they come apart by lengths. */
class Taker {
  readonly #pieces: AsyncIterator<Buffer>;
  #held: Buffer[] = [];
  #size = 0;

  constructor(socket: Socket) {
    this.#pieces = (socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)[
      Symbol.asyncIterator
    ]();
  }

  async exactly(size: number): Promise<Buffer> {
    while (this.#size < size) {
      const next = await this.#pieces.next();
      if (next.done === true) throw new HandshakeError('the terminator ended without a word');
      this.#held.push(next.value);
      this.#size += next.value.length;
    }
    const all = Buffer.concat(this.#held);
    this.#held = [all.subarray(size)];
    this.#size -= size;
    return all.subarray(0, size);
  }

  /** All that comes, up to the end, but not without end. */
  async text(): Promise<string> {
    let said = Buffer.concat(this.#held).toString('latin1');
    for (let next = await this.#pieces.next(); next.done !== true; next = await this.#pieces.next())
      said = (said + next.value.toString('latin1')).slice(0, 500);
    return said;
  }

  /** What was taken too much. */
  async rest(): Promise<Buffer> {
    await this.#pieces.return?.();
    return Buffer.concat(this.#held);
  }
}

/**
 * What the client has shown: its certificates in DER, its own first. That it has the key of that one is certain, and nothing else.
 * @throws HandshakeError; ProtocolError (certificate) where there is too much, which its client can be told.
 */
export async function shown(socket: Socket, most: number): Promise<Buffer[]> {
  const taker = new Taker(socket);
  try {
    const [count = 0] = await taker.exactly(1);
    if (count === FAILED) throw new HandshakeError(await taker.text());
    if (count > CHAIN_MAX)
      throw new ProtocolError(
        'certificate',
        `certificate: the chain has more than ${CHAIN_MAX} certificates`,
      );
    const chain: Buffer[] = [];
    for (let left = most; chain.length < count;) {
      const size = (await taker.exactly(4)).readUInt32BE();
      if (size === 0 || size > left) throw new HandshakeError(`the terminator announces ${size} bytes`);
      left -= size;
      chain.push(await taker.exactly(size));
    }
    return chain;
  } catch (error) {
    // A process that is gone is one that ended.
    if (error instanceof Error && 'code' in error) throw new HandshakeError(error.message);
    throw error;
  } finally {
    const rest = await taker.rest();
    if (rest.length > 0 && !socket.destroyed) socket.unshift(rest);
  }
}
