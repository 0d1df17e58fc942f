// HTTPS: connections as Node's TLS makes them, each with the certificates that its client has shown. One is asked for, and none is needed: there are tokens.
import { constants, X509Certificate } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import { CHAIN_MAX } from '../../protocol/chain.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { Budget, Shares } from '../tls/budget.ts';
import { neighbourhood } from '../tls/endpoint.ts';
import { verified } from '../tls/trust.ts';

export interface Files {
  /** PEM: the one certificate that clients' chains end at. */
  readonly root: string;
  /** PEM: what is shown to clients. */
  readonly cert: string;
  readonly key: string;
}

export interface TcpLimits {
  readonly connections: number;
  /** Of them, those that have not yet finished their handshake. */
  readonly handshakes: number;
  /** Of them, those from one address; of IPv6, from one network of 64 bits. */
  readonly perAddress: number;
  /** Milliseconds for the handshake. */
  readonly handshakeMs: number;
}

export const TCP_LIMITS: TcpLimits = {
  connections: 256,
  handshakes: 64,
  perAddress: 32,
  handshakeMs: 10_000,
};

/** The certificates of a client, its own first and the root last; none, where it has shown none; or why they are not to be believed. */
export type Shown = readonly X509Certificate[] | ProtocolError | undefined;

/** What Node makes of what the client sent, its own certificate first: from names alone, so that each link is still to be verified. */
function sent(socket: TLSSocket): Buffer[] {
  const found: Buffer[] = [];
  let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // Without a certificate it is an empty object.
  while (at?.raw) {
    if (found.length === CHAIN_MAX)
      throw new ProtocolError(
        'certificate',
        `certificate: the chain has more than ${CHAIN_MAX} certificates`,
      );
    found.push(at.raw);
    // The root is its own issuer.
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return found;
}

function shownBy(socket: TLSSocket, root: X509Certificate): Shown {
  try {
    const certificates = sent(socket);
    if (certificates.length === 0) return undefined;
    const chain = verified(certificates, root, Date.now());
    // Node verifies and goes on, whatever comes out, where the socket was not made by its server.
    const { ssl } = socket as unknown as { ssl: { verifyError(): Error | null | undefined } };
    const error = ssl.verifyError();
    return error ? new ProtocolError('certificate', `certificate: ${error.message}`) : chain;
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

/** Connections by TCP for `http`, within `limits`; by TLS where there are `files`. @throws Error when a certificate or the key cannot be used. */
export function tcpServer(
  http: HttpServer,
  limits: TcpLimits,
  log: (line: string) => void,
  tls?: { readonly files: Files; readonly shown: (socket: Socket, what: Shown) => void },
): Server {
  const addresses = new Shares(limits.perAddress);
  const handshakes = new Budget(limits.handshakes);
  const context =
    tls &&
    createSecureContext({
      ...{ ca: tls.files.root, cert: tls.files.cert, key: tls.files.key, minVersion: 'TLSv1.3' },
      // A client that comes back by a ticket would show no chain.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
  const root = tls && new X509Certificate(tls.files.root);

  const server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (raw) => {
    const from = neighbourhood(raw.remoteAddress);
    raw.on('error', () => undefined); // It ends then, too.
    if (!addresses.take(from)) return void raw.destroy();
    raw.once('close', () => addresses.give(from));
    if (!tls || !root || !context) return void http.emit('connection', raw);
    if (!handshakes.take(1)) return void raw.destroy();
    const socket = new TLSSocket(raw, {
      ...{ isServer: true, secureContext: context, requestCert: true },
      // What is wrong with a certificate is said in an answer, which the client can read.
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    const late = setTimeout(() => raw.destroy(), limits.handshakeMs);
    let shaken = false;
    const over = (): void => {
      if (shaken) return;
      shaken = true;
      clearTimeout(late);
      handshakes.give(1);
    };
    raw.once('close', over);
    socket.on('error', (error: Error) => {
      if (!shaken) log(`${from}: ${error.message}`);
      raw.destroy();
    });
    socket.once('end', () => {
      if (!shaken) raw.destroy();
    });
    // After this event Node 24 forgets all of a chain but the leaf.
    socket.once('secure', () => {
      over();
      tls.shown(socket, shownBy(socket, root));
      http.emit('connection', socket);
    });
    return undefined;
  });
  server.maxConnections = limits.connections;
  // Where Node looks for those who are too slow: from then on.
  http.emit('listening');
  server.once('close', () => http.close());
  return server;
}
