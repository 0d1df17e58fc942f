// Whether a client's certificates are to be believed. OpenSSL has an opinion on the chain that it found among what the client sent; which chain that
// was cannot be asked, and Node puts its own together from names, without looking at signatures. A client that sends a forged twin of its authority's
// certificate, with a larger policy, is let in by the genuine one. So the chain that is read is verified here, link by link.
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { CHAIN_MAX, EXTENSION } from '../../protocol/chain.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { BasicConstraintsExtension, X509Certificate as Parsed } from '../../protocol/x509.ts';

const refused = (cause: string): ProtocolError => new ProtocolError('certificate', `certificate: ${cause}`);

/** Extensions that may be critical: those that OpenSSL looks after. */
const UNDERSTOOD = new Set([
  ...['2.5.29.14', '2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.32', '2.5.29.35', '2.5.29.37'],
  EXTENSION,
]);

/** What Node makes of what the client sent, the leaf first. */
function sent(socket: TLSSocket): Buffer[] {
  const found: Buffer[] = [];
  let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // Without a certificate it is an empty object.
  while (at?.raw) {
    if (found.length === CHAIN_MAX) throw refused(`the chain has more than ${CHAIN_MAX} certificates`);
    found.push(at.raw);
    // The root is its own issuer.
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return found;
}

const called = (certificate: X509Certificate): string => JSON.stringify(certificate.subject.slice(0, 80));

function inTime(certificate: X509Certificate, now: number): void {
  if (now < Date.parse(certificate.validFrom))
    throw refused(`${called(certificate)} is not valid before ${certificate.validFrom}; compare the clocks`);
  if (now > Date.parse(certificate.validTo))
    throw refused(`${called(certificate)} was valid until ${certificate.validTo}; have it issued anew`);
}

/** What Node does not read of a certificate. */
function parsed({ raw }: X509Certificate): {
  readonly pathLength?: number | undefined;
  readonly critical: string[];
} {
  try {
    const certificate = new Parsed(raw);
    return {
      pathLength: certificate.getExtension(BasicConstraintsExtension)?.pathLength,
      critical: certificate.extensions.filter(({ critical }) => critical).map(({ type }) => type),
    };
  } catch {
    throw refused('its extensions cannot be read');
  }
}

/** @param below - Authorities between it and the leaf; undefined for the leaf itself. */
function mayBeThere(certificate: X509Certificate, below: number | undefined): void {
  const { pathLength, critical } = parsed(certificate);
  const unknown = critical.find((type) => !UNDERSTOOD.has(type));
  if (unknown !== undefined)
    throw refused(`${called(certificate)} has a critical extension ${unknown} that is not known here`);
  if (below === undefined) return;
  if (!certificate.ca) throw refused(`${called(certificate)} is no authority's, and has issued another`);
  if (pathLength !== undefined && below > pathLength)
    throw refused(`${called(certificate)} allows ${pathLength} authorities below it, and has ${below}`);
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A key of a kind that OpenSSL does not know, or that cannot sign.
    return false;
  }
}

/**
 * The chain of `certificates`, the leaf first, up to `root`, which has signed the last of them and is added where it is not among them.
 * @throws ProtocolError (certificate) when it is none.
 */
export function verified(
  certificates: readonly Buffer[],
  root: X509Certificate,
  now: number,
): X509Certificate[] {
  let chain: X509Certificate[];
  try {
    chain = certificates.map((der) => new X509Certificate(der));
  } catch {
    throw refused('it cannot be read');
  }
  if (chain.length === 0) throw refused('there is none; give one with a command in it');
  if (!chain.at(-1)?.raw.equals(root.raw)) chain.push(root);
  for (const [at, certificate] of chain.entries()) {
    inTime(certificate, now);
    mayBeThere(certificate, at > 0 ? at - 1 : undefined);
    const issuer = chain[at + 1];
    if (issuer && !issued(issuer, certificate))
      throw refused(`${called(certificate)} is not issued by ${called(issuer)}, or not signed by its key`);
  }
  return chain;
}

/**
 * The client's chain, leaf first and root last. To be called in the `secure` event: after it Node 24 forgets all but the leaf.
 * @throws ProtocolError (certificate) when it is not to be believed.
 */
export function chainOf(socket: TLSSocket, root: X509Certificate, now = Date.now()): X509Certificate[] {
  const chain = verified(sent(socket), root, now);
  // Node verifies and goes on, whatever comes out, where the socket was not made by its server.
  const { ssl } = socket as unknown as { ssl: { verifyError(): Error | null | undefined } };
  const error = ssl.verifyError();
  if (error) throw refused(error.message);
  return chain;
}
