// Makes the certificates of a chain: the root, a server's, an authority for somebody else, and the leaf with a command. As Albatross's own tools
// make them, so that either side's are taken by the other.
import { encodeExtension, EXTENSION } from './chain.ts';
import type { Command } from './command.ts';
import { ProtocolError } from './errors.ts';
import { label } from './name.ts';
import { exceeds, type Policy } from './policy.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Pkcs10CertificateRequest,
  type X509Certificate,
} from './x509.ts';

const DAY_MS = 86_400_000;
/** Clocks differ: a certificate is valid from a little before it was made. */
const EARLIER_MS = 10_000;

/** How long certificates are valid. A leaf is used at once. */
export const VALID_MS = {
  root: 3650 * DAY_MS,
  server: 365 * DAY_MS,
  authority: 365 * DAY_MS,
  leaf: 300_000,
} as const;

const KEY = { name: 'Ed25519' };

export type Keys = CryptoKeyPair;

/** Who signs: a certificate, and the private key that belongs to it. */
export interface Issuer {
  readonly certificate: X509Certificate;
  readonly key: CryptoKey;
  /** What it may itself do; absent for the root, which may do anything. */
  readonly policy?: Policy;
}

export function newKeys(): Promise<Keys> {
  return crypto.subtle.generateKey(KEY, true, ['sign', 'verify']) as Promise<Keys>;
}

/** The subject `commonName`. Built of its parts: in a name written as text one part could end and another begin. */
function subject(commonName: string): Name {
  return new Name([{ CN: [{ utf8String: commonName }] }]);
}

interface Wanted {
  readonly subject: Name;
  readonly publicKey: CryptoKey;
  readonly validMs: number;
  readonly extensions: readonly Extension[];
}

async function sign(
  { subject: of, publicKey, validMs, extensions }: Wanted,
  issuer: { readonly name: Name; readonly publicKey: X509Certificate['publicKey'] | CryptoKey },
  key: CryptoKey,
): Promise<X509Certificate> {
  const now = Date.now();
  return X509CertificateGenerator.create({
    subject: of,
    issuer: issuer.name,
    notBefore: new Date(now - EARLIER_MS),
    notAfter: new Date(now + validMs),
    publicKey,
    signingKey: key,
    // Keys are Ed25519 where they are made here, and others' where an authority was made elsewhere.
    signingAlgorithm: { hash: 'SHA-256', ...key.algorithm },
    extensions: [
      ...extensions,
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
}

const by = ({ certificate, key }: Issuer, wanted: Wanted): Promise<X509Certificate> =>
  sign(wanted, { name: certificate.subjectName, publicKey: certificate.publicKey }, key);

const authority = [
  new BasicConstraintsExtension(true, undefined, true),
  new KeyUsagesExtension(
    KeyUsageFlags.digitalSignature |
      KeyUsageFlags.nonRepudiation |
      KeyUsageFlags.keyCertSign |
      KeyUsageFlags.cRLSign,
    true,
  ),
];
const end = (usage: ExtendedKeyUsage): Extension[] => [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
  new ExtendedKeyUsageExtension([usage], true),
];
const carrying = (command: Command): Extension => new Extension(EXTENSION, false, encodeExtension(command));

/** The certificate all others are trusted by: that of `keys`, signed by itself. */
export function issueRoot(commonName: string, keys: Keys): Promise<X509Certificate> {
  const of = subject(commonName);
  const wanted = { subject: of, publicKey: keys.publicKey, validMs: VALID_MS.root, extensions: authority };
  return sign(wanted, { name: of, publicKey: keys.publicKey }, keys.privateKey);
}

/** A server's, for clients that ask for one of `hosts` and for those that do not ask. */
export function issueServer(
  issuer: Issuer,
  hosts: readonly [string, ...string[]],
  publicKey: CryptoKey,
): Promise<X509Certificate> {
  const names = hosts.map((value) => ({
    type: /^[\d.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const),
    value,
  }));
  return by(issuer, {
    subject: subject(hosts[0]),
    publicKey,
    validMs: VALID_MS.server,
    extensions: [...end(ExtendedKeyUsage.serverAuth), new SubjectAlternativeNameExtension(names)],
  });
}

/**
 * One for somebody who may do `policy` below the label `name` of the issuer's path, and pass that on.
 * @throws ProtocolError (name); (certificate) when the issuer may not do as much.
 */
export function issueAuthority(
  issuer: Issuer,
  name: string,
  publicKey: CryptoKey,
  policy: Policy,
  validMs: number = VALID_MS.authority,
): Promise<X509Certificate> {
  const cause = issuer.policy && exceeds(policy, issuer.policy);
  if (cause !== undefined)
    throw new ProtocolError('certificate', `policy of ${name}: it is more than its issuer's: ${cause}`);
  const command: Command = { kind: 'policy', value: { kind: 'add', value: policy } };
  return by(issuer, {
    subject: subject(label(name)),
    publicKey,
    validMs,
    extensions: [...authority, carrying(command)],
  });
}

/**
 * One that asks for `command` about `name`, the label of a unikernel or a block device; absent, about the issuer's path.
 * @throws ProtocolError (name)
 */
export function issueLeaf(
  issuer: Issuer,
  name: string | undefined,
  publicKey: CryptoKey,
  command: Command,
  validMs: number = VALID_MS.leaf,
): Promise<X509Certificate> {
  return by(issuer, {
    subject: subject(name === undefined ? '.' : label(name)),
    publicKey,
    validMs,
    extensions: [...end(ExtendedKeyUsage.clientAuth), carrying(command)],
  });
}

/** Asks for a certificate for `keys`, by the name `commonName`: whoever issues it decides on the name all the same. */
export function request(commonName: string, keys: Keys): Promise<Pkcs10CertificateRequest> {
  return Pkcs10CertificateRequestGenerator.create({
    name: subject(commonName),
    keys,
    signingAlgorithm: KEY,
  });
}
