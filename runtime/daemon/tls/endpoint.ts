// Where clients come in from elsewhere: TLS 1.3, both sides with certificates. A connection is one request, which is in the client's certificate, and
// its answer. Nothing here needs a privilege but to reach the daemon's sockets.
import { constants, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { requestOf, type Request } from '../../protocol/chain.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { frame } from '../../protocol/frame.ts';
import { encodeMessage } from '../../protocol/message.ts';
import { formatName, ROOT, type Name } from '../../protocol/name.ts';
import { Budget, Shares } from './budget.ts';
import { Refusal } from '../refusal.ts';
import { isEndless, perform } from './request.ts';
import { keyOf } from '../../protocol/fingerprint.ts';
import type { RevocationList } from './revoked.ts';
import { chainOf } from './trust.ts';

export const LIMITS = {
  /** Connections at a time. */
  connections: 256,
  /** Of them, those that have not yet shown who they are. */
  handshakes: 64,
  /** Of them, those from one address; of IPv6, from one network of 64 bits. */
  perAddress: 32,
  /** Milliseconds for the handshake, from the first byte to the last. */
  handshakeMs: 10_000,
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
  /** PEM: whoever is to be let in has a chain that ends at this one certificate. */
  readonly ca: string;
  /** PEM: the certificate and key that are shown to clients. */
  readonly cert: string;
  readonly key: string;
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

/** The one certificate in `pem`. @throws Error when there are more, or none. */
function onlyCertificate(pem: string): X509Certificate {
  const count = pem.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (count !== 1) throw new Error(`it has ${count} certificates; exactly one is trusted`);
  return new X509Certificate(pem);
}

interface Session {
  readonly socket: TLSSocket;
  readonly chain: readonly X509Certificate[];
}

export class Endpoint {
  readonly #options: Options;
  readonly #limits: Limits;
  readonly #root: X509Certificate;
  readonly #context: SecureContext;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #sessions = new Set<Session>();
  readonly #handshakes: Budget;
  readonly #addresses: Shares;
  readonly #images: Budget;
  #turnedAway = 0;
  #watch: NodeJS.Timeout | undefined;

  /** @throws Error when a certificate or the key cannot be used. */
  constructor(options: Options) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#root = onlyCertificate(options.ca);
    this.#handshakes = new Budget(this.#limits.handshakes);
    this.#addresses = new Shares(this.#limits.perAddress);
    this.#images = new Budget(this.#limits.images);
    this.#context = createSecureContext({
      ca: options.ca,
      cert: options.cert,
      key: options.key,
      minVersion: 'TLSv1.3',
      // A client that comes back by a ticket would show no chain, and each connection is one request.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
    this.#server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket),
    );
    this.#server.maxConnections = this.#limits.connections;
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
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  /** Lets go of who was revoked meanwhile, and says how many were turned away: a line for each would be a flood of its own. */
  #lookAround(): void {
    for (const { socket, chain } of this.#sessions) {
      const cause = this.#revoked(chain);
      if (cause === undefined) continue;
      this.#options.log(`${socket.remoteAddress ?? '?'}: ${cause}; its connection is closed`);
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
    if (!this.#addresses.take(from)) {
      this.#turnedAway += 1;
      raw.destroy();
      return;
    }
    this.#open.add(raw);
    raw.once('close', () => {
      this.#open.delete(raw);
      this.#addresses.give(from);
    });
    if (!this.#handshakes.take(1)) {
      this.#turnedAway += 1;
      raw.destroy();
      return;
    }
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: this.#context,
      requestCert: true,
      // What is wrong with a certificate is said in an answer, which the client can read.
      rejectUnauthorized: false,
    });
    const late = setTimeout(() => {
      this.#options.log(`${from}: no handshake in ${this.#limits.handshakeMs / 1000} s`);
      raw.destroy();
    }, this.#limits.handshakeMs);
    let shaken = false;
    const shown = (): void => {
      if (shaken) return;
      shaken = true;
      clearTimeout(late);
      this.#handshakes.give(1);
    };
    raw.once('close', shown);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#options.log(`${from}: ${explained(error)}`);
      raw.destroy();
    });
    // Afterwards a client may end what it says, and wait for the answer.
    socket.once('end', () => {
      if (!shaken) raw.destroy();
    });
    socket.once('secure', () => {
      shown();
      void this.#serve(socket, from);
    });
  }

  async #serve(socket: TLSSocket, from: string): Promise<void> {
    let name: Name = ROOT;
    let session: Session | undefined;
    const late = setTimeout(() => socket.destroy(), this.#limits.requestMs);
    try {
      const chain = chainOf(socket, this.#root);
      const known = { socket, chain };
      const allowed = (): void => {
        const cause = this.#revoked(chain);
        if (cause !== undefined) throw new Refusal(cause);
      };
      allowed();
      const request = requestOf(chain.map(({ raw }) => raw));
      name = request.name;
      session = known;
      this.#sessions.add(session);
      this.#options.log(`${from}: ${described(request)}, key ${shortKey(chain)}`);
      if (isEndless(request.command)) clearTimeout(late);
      else socket.setTimeout(this.#limits.idleMs, () => socket.destroy());
      await perform(request, socket, { folder: this.#options.folder, budget: this.#images, allowed });
      socket.end();
    } catch (error) {
      const told = error instanceof Refusal || error instanceof ProtocolError;
      const cause = told ? error.message : 'the endpoint could not do it; its log says why';
      this.#options.log(`${from}: refused: ${told ? cause : String((error as Error).stack)}`);
      if (!socket.destroyed)
        socket.end(frame(encodeMessage({ sequence: 0n, name, payload: { kind: 'failure', value: cause } })));
    } finally {
      clearTimeout(late);
      if (session) this.#sessions.delete(session);
      this.#linger(socket);
    }
  }

  /** Gives a client that is still sending time to read its answer: a connection closed on what nobody has read takes the answer with it. */
  #linger(socket: TLSSocket): void {
    if (socket.destroyed) return;
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), this.#limits.lingerMs);
    socket.once('close', () => clearTimeout(timer));
  }
}

const described = ({ name, command: { kind, value } }: Request): string =>
  `${formatName(name)} ${kind} ${value.kind}`;
const shortKey = ([leaf]: readonly X509Certificate[]): string => (leaf ? keyOf(leaf).slice(0, 16) : '-');

/** OpenSSL's words for what clients of this endpoint run into, with what to do. */
function explained(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE':
      return 'its certificates have more than 100 kB, which OpenSSL does not take; let the client send the image after the handshake';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
      return 'it does not speak TLS 1.3';
    default:
      return error.message;
  }
}
