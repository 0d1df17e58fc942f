// Where clients come in from elsewhere: TLS 1.3, both sides with certificates. A connection is one request, which is in the client's certificate, and
// its answer. Nothing here needs a privilege but to reach the daemon's sockets.
import type { ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { requestOf, type Request } from '../../protocol/chain.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { frame } from '../../protocol/frame.ts';
import { encodeMessage } from '../../protocol/message.ts';
import { formatName, ROOT, type Name } from '../../protocol/name.ts';
import { Budget, Shares } from './budget.ts';
import { Refusal } from '../refusal.ts';
import { FULL, isEndless, perform } from './request.ts';
import { keyOf } from '../../protocol/fingerprint.ts';
import type { RevocationList } from './revoked.ts';
import { check, HandshakeError, shown, terminate, type Files } from './terminator.ts';
import { verified } from './trust.ts';

export const LIMITS = {
  /** Connections at a time. */
  connections: 256,
  /** Of them, those that have not yet shown who they are. */
  handshakes: 64,
  /** Of them, those from one address; of IPv6, from one network of 64 bits. */
  perAddress: 32,
  /** Milliseconds for the handshake, from the first byte to the last; and a second more for each 64 KiB that have come. */
  handshakeMs: 10_000,
  /** Bytes of a client's certificates. */
  certificates: 100 << 10,
  /** The same of one that carries an image: Albatross's client makes none of more than 16 MiB. */
  largeCertificates: 17 << 20,
  /** Connections at a time that may show as much as that, and those of them from one address. */
  large: 8,
  largePerAddress: 4,
  /** Milliseconds without a byte either way, but for who is subscribed. */
  idleMs: 60_000,
  /** Milliseconds until all of a request has come. */
  requestMs: 600_000,
  /** Bytes of images held at a time, of all connections. */
  images: 128 << 20,
  /** Milliseconds in which a client that was refused may take the reason. */
  lingerMs: 5_000,
  /** Milliseconds from one look at who was revoked to the next, for those who are connected. */
  revokedMs: 2_000,
} as const;
export type Limits = { readonly [K in keyof typeof LIMITS]: number };

export interface Options {
  /** Whoever is to be let in has a chain that ends at the one certificate in `root`. */
  readonly files: Files;
  /** The program that speaks TLS. */
  readonly terminator: string;
  readonly revoked: RevocationList;
  /** The folder with the daemon's sockets. */
  readonly folder: string;
  readonly log: (line: string) => void;
  readonly limits?: Partial<Limits>;
}

/** Whom connections from `address` are counted with. */
export function neighbourhood(address: string | undefined): string {
  if (address === undefined) return '';
  const mapped = /^::ffff:([\d.]+)$/.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail = ''] = address.replace(/%.*/, '').split('::');
  const [front, back] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = 8 - (front?.length ?? 0) - (back?.length ?? 0);
  const groups = address.includes('::')
    ? [...(front ?? []), ...new Array<string>(Math.max(0, zeros)).fill('0'), ...(back ?? [])]
    : (front ?? []);
  return groups.slice(0, 4).join(':');
}

/** The one certificate in the file `path`. @throws Error when there are more, or none. */
function onlyCertificate(path: string): X509Certificate {
  const pem = readFileSync(path, 'utf8');
  const count = pem.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (count !== 1) throw new Error(`${path}: it has ${count} certificates; exactly one is trusted`);
  return new X509Certificate(pem);
}

/** A connection that has been handed on, and gives back what it has taken of the limits when it ends. */
interface Connection {
  readonly from: string;
  readonly socket: Socket;
  /** Bytes of certificates it may show. */
  readonly most: number;
  /** Its handshake is over, and has shown so many bytes of them. */
  readonly shaken: (size: number) => void;
}

interface Session {
  readonly from: string;
  readonly socket: Socket;
  readonly chain: readonly X509Certificate[];
}

export class Endpoint {
  readonly #options: Options;
  readonly #limits: Limits;
  readonly #root: X509Certificate;
  readonly #server: Server;
  readonly #open = new Set<ChildProcess>();
  readonly #sessions = new Set<Session>();
  readonly #handshakes: Budget;
  readonly #addresses: Shares;
  readonly #large: Budget;
  readonly #largeAddresses: Shares;
  readonly #images: Budget;
  #turnedAway = 0;
  #watch: NodeJS.Timeout | undefined;

  /** @throws Error when a certificate or the key cannot be used. */
  constructor(options: Options) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#root = onlyCertificate(options.files.root);
    check(options.terminator, options.files);
    this.#handshakes = new Budget(this.#limits.handshakes);
    this.#addresses = new Shares(this.#limits.perAddress);
    this.#large = new Budget(this.#limits.large);
    this.#largeAddresses = new Shares(this.#limits.largePerAddress);
    this.#images = new Budget(this.#limits.images);
    // What comes is for the terminator to read.
    this.#server = createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true }, (socket) =>
      this.#accept(socket),
    );
    this.#server.on('drop', () => (this.#turnedAway += 1));
  }

  /** Listens at `where`, or at the socket that was handed on as a descriptor. @returns The port. */
  async listen(
    where: { readonly host: string; readonly port: number } | { readonly fd: number },
  ): Promise<number> {
    this.#server.listen(where);
    await once(this.#server, 'listening');
    this.#watch = setInterval(() => this.#lookAround(), this.#limits.revokedMs);
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    const closed = [once(this.#server, 'close')];
    this.#server.close();
    for (const child of this.#open) {
      closed.push(once(child, 'close'));
      child.kill('SIGKILL');
    }
    await Promise.all(closed);
  }

  /** Lets go of who was revoked meanwhile, and says how many were turned away: a line for each would be a flood of its own. */
  #lookAround(): void {
    for (const { from, socket, chain } of this.#sessions) {
      const cause = this.#revoked(chain);
      if (cause === undefined) continue;
      this.#options.log(`${from}: ${cause}; its connection is closed`);
      socket.destroy();
    }
    if (this.#turnedAway > 0)
      this.#options.log(`${this.#turnedAway} connections were turned away: too many at a time`);
    this.#turnedAway = 0;
  }

  #revoked(chain: readonly X509Certificate[]): string | undefined {
    try {
      return this.#options.revoked.reason(chain);
    } catch (error) {
      this.#options.log((error as Error).message);
      return 'certificate: whether it was revoked cannot be told; the log of the endpoint says why';
    }
  }

  #accept(raw: Socket): void {
    const from = neighbourhood(raw.remoteAddress);
    const connection = this.#open.size < this.#limits.connections && this.#handedOn(raw, from);
    if (connection) void this.#serve(connection);
    else {
      this.#turnedAway += 1;
      raw.destroy();
    }
  }

  /** Hands `raw` to a terminator; false where there is no room. */
  #handedOn(raw: Socket, from: string): Connection | false {
    if (!this.#addresses.take(from)) return false;
    if (!this.#handshakes.take(1)) {
      this.#addresses.give(from);
      return false;
    }
    const large = this.#takeLarge(from);
    const most = large ? this.#limits.largeCertificates : this.#limits.certificates;
    const { terminator, files } = this.#options;
    const { process: child, socket } = terminate(terminator, files, raw, {
      most,
      ms: this.#limits.handshakeMs,
    });
    this.#open.add(child);
    const ordinary = onceOnly(() => large && this.#giveLarge(from));
    const over = onceOnly(() => this.#handshakes.give(1));
    const gone = onceOnly(() => {
      this.#open.delete(child);
      this.#addresses.give(from);
      ordinary();
      over();
    });
    const shaken = (size: number): void => {
      over();
      if (size <= this.#limits.certificates) ordinary();
    };
    child.once('close', gone);
    child.once('error', (error) => {
      this.#options.log(`${from}: ${error.message}`);
      socket.destroy();
      gone();
    });
    // What was written late is an error of its own when the client has gone.
    socket.on('error', () => undefined);
    return { from, socket, most, shaken };
  }

  #takeLarge(from: string): boolean {
    if (!this.#largeAddresses.take(from)) return false;
    if (this.#large.take(1)) return true;
    this.#largeAddresses.give(from);
    return false;
  }

  #giveLarge(from: string): void {
    this.#large.give(1);
    this.#largeAddresses.give(from);
  }

  async #serve({ from, socket, most, shaken }: Connection): Promise<void> {
    let name: Name = ROOT;
    let session: Session | undefined;
    let held = 0;
    let late: NodeJS.Timeout | undefined;
    try {
      const sent = await shown(socket, most);
      const size = sent.reduce((sum, { length }) => sum + length, 0);
      shaken(size);
      late = setTimeout(() => socket.destroy(), this.#limits.requestMs);
      if (!this.#images.take(size)) throw new Refusal(FULL);
      held = size;
      const chain = verified(sent, this.#root, Date.now());
      const allowed = (): void => {
        const cause = this.#revoked(chain);
        if (cause !== undefined) throw new Refusal(cause);
      };
      allowed();
      const request = requestOf(chain.map(({ raw }) => raw));
      name = request.name;
      session = { from, socket, chain };
      this.#sessions.add(session);
      this.#options.log(`${from}: ${described(request)}, key ${shortKey(chain)}`);
      if (isEndless(request.command)) clearTimeout(late);
      else socket.setTimeout(this.#limits.idleMs, () => socket.destroy());
      await perform(request, socket, { folder: this.#options.folder, budget: this.#images, allowed });
      socket.end();
    } catch (error) {
      if (error instanceof HandshakeError) {
        this.#options.log(`${from}: ${explained(error.message, most)}`);
        socket.destroy();
        return;
      }
      const told = error instanceof Refusal || error instanceof ProtocolError;
      const cause = told ? error.message : 'the endpoint could not do it; its log says why';
      this.#options.log(`${from}: refused: ${told ? cause : String((error as Error).stack)}`);
      if (!socket.destroyed)
        socket.end(frame(encodeMessage({ sequence: 0n, name, payload: { kind: 'failure', value: cause } })));
    } finally {
      clearTimeout(late);
      if (session) this.#sessions.delete(session);
      this.#images.give(held);
      this.#linger(socket);
    }
  }

  /** Gives a client that is still sending time to read its answer: a connection closed on what nobody has read takes the answer with it. */
  #linger(socket: Socket): void {
    if (socket.destroyed) return;
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), this.#limits.lingerMs);
    socket.once('close', () => clearTimeout(timer));
  }
}

const described = ({ name, command: { kind, value } }: Request): string =>
  `${formatName(name)} ${kind} ${value.kind}`;
/** Of who made the request: the key of its own certificate is used once, and says nothing. */
const shortKey = ([leaf, by = leaf]: readonly X509Certificate[]): string =>
  by ? keyOf(by).slice(0, 16) : '-';

/** `action`, which does nothing when it is called again. */
function onceOnly(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

/** OpenSSL's words for what clients of this endpoint run into, with what to do. */
function explained(cause: string, most: number): string {
  switch (cause) {
    case 'excessive message size':
      return `its certificates have more than ${most >> 10} KiB, the most that is taken now; let the client send the image after the handshake`;
    case 'unsupported protocol':
      return 'it does not speak TLS 1.3';
    default:
      return cause;
  }
}
