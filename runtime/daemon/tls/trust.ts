// Whether a client's certificates are to be believed: those that it has sent, in the order in which it has, link by link. What looks for a chain among
// them can find another than the one that is read: a forged twin of an authority's certificate, with a larger policy, would be let in by the genuine
// one beside it.
import type { X509Certificate } from 'node:crypto';
import { EXTENSION } from '../../protocol/chain.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { contentsOf, readCertificate } from '../../protocol/x509/certificate.ts';
import { limitsOf, TYPE, type Limits } from '../../protocol/x509/extensions.ts';
import { hashOf } from '../../protocol/x509/signatures.ts';

const refused = (cause: string): ProtocolError => new ProtocolError('certificate', `certificate: ${cause}`);

/** Extensions that may be critical: those that are looked after here or by OpenSSL, and those that only name or describe. */
const UNDERSTOOD = new Set<string>([
  ...[TYPE.subjectKey, TYPE.keyUsage, TYPE.alternativeName, TYPE.constraints],
  ...[TYPE.policies, TYPE.authorityKey, TYPE.purposes, EXTENSION],
]);

const called = (certificate: X509Certificate): string => JSON.stringify(certificate.subject.slice(0, 80));

function inTime(certificate: X509Certificate, now: number): void {
  if (now < Date.parse(certificate.validFrom))
    throw refused(`${called(certificate)} is not valid before ${certificate.validFrom}; compare the clocks`);
  if (now > Date.parse(certificate.validTo))
    throw refused(`${called(certificate)} was valid until ${certificate.validTo}; have it issued anew`);
}

/** Bits of an RSA key that nobody can factor yet. */
const RSA_MIN = 2048;
/** Hashes of which two certificates can share one. */
const BROKEN = /^(MD[245]|SHA-?1)$/i;

interface Facts extends Limits {
  readonly critical: readonly string[];
  /** What it was signed with; undefined where the signature has its own. */
  readonly hash: string | undefined;
}

/** What Node does not read of a certificate. */
function factsOf({ raw }: X509Certificate): Facts {
  try {
    const { algorithm, extensions } = contentsOf(raw);
    return {
      ...limitsOf(extensions),
      critical: extensions.filter(({ critical }) => critical).map(({ type }) => type),
      hash: hashOf(algorithm),
    };
  } catch {
    throw refused('its extensions cannot be read');
  }
}

/** @param below - Authorities between it and the leaf; undefined for the leaf itself. */
function mayBeThere(certificate: X509Certificate, below: number | undefined): void {
  const { pathLength, critical, hash, signs, isClient } = factsOf(certificate);
  const which = called(certificate);
  const unknown = critical.find((type) => !UNDERSTOOD.has(type));
  if (unknown !== undefined)
    throw refused(`${which} has a critical extension ${unknown} that is not known here`);
  if (isClient === false) throw refused(`${which} is not for clients (extended key usage)`);
  const bits = certificate.publicKey.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < RSA_MIN)
    throw refused(`${which} has an RSA key of ${bits} bits; ${RSA_MIN} are the least`);
  if (hash !== undefined && BROKEN.test(hash))
    throw refused(`${which} is signed with ${hash}, which can be forged`);
  if (below === undefined) {
    if (signs === false) throw refused(`${which} has a key that may not sign (key usage)`);
    return;
  }
  // Which is so only where its key may sign certificates.
  if (!certificate.ca) throw refused(`${which} is no authority's, and has issued another`);
  if (pathLength !== undefined && below > pathLength)
    throw refused(`${which} allows ${pathLength} authorities below it, and has ${below}`);
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
    chain = certificates.map(readCertificate);
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
