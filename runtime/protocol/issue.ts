// Makes the certificates of a chain: the root, a server's, an authority for somebody else, and the leaf with a command. As Albatross's own tools
// make them, so that either side's are taken by the other.
import { generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto';
import { encodeExtension, EXTENSION } from './chain.ts';
import type { Command } from './command.ts';
import { ProtocolError } from './errors.ts';
import { label } from './name.ts';
import { exceeds, VALID_BEFORE_MS, type Policy } from './policy.ts';
import { certify, subjectOf } from './x509/certificate.ts';
import {
  alternativeName,
  authorityKey,
  constraints,
  keyUsage,
  PURPOSE,
  purpose,
  subjectKey,
  USAGE,
  type Extension,
} from './x509/extensions.ts';
import { commonNamed } from './x509/names.ts';
import type { Keys } from './x509/request.ts';

const DAY_MS = 86_400_000;

/** How long certificates are valid. A leaf is used at once. */
export const VALID_MS = {
  root: 3650 * DAY_MS,
  server: 365 * DAY_MS,
  authority: 365 * DAY_MS,
  leaf: 300_000,
} as const;

/** Who signs: a certificate, and the private key that belongs to it. */
export interface Issuer {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  /** What it may itself do; absent for the root, which may do anything. */
  readonly policy?: Policy;
}

export const newKeys = (): Keys => generateKeyPairSync('ed25519');

interface Wanted {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly validMs: number;
  readonly extensions: readonly Extension[];
}

const bytesOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

function sign(
  { subject, publicKey, validMs, extensions }: Wanted,
  issuer: { readonly name: Uint8Array; readonly publicKey: KeyObject },
  key: KeyObject,
): X509Certificate {
  const now = Date.now();
  const spki = bytesOf(publicKey);
  const wanted = {
    ...{ subject: commonNamed(subject), issuer: issuer.name, key: spki },
    ...{ from: new Date(now - VALID_BEFORE_MS), until: new Date(now + validMs) },
    extensions: [...extensions, subjectKey(spki), authorityKey(bytesOf(issuer.publicKey))],
  };
  return certify(wanted, key);
}

const by = ({ certificate, key }: Issuer, wanted: Wanted): X509Certificate =>
  sign(wanted, { name: subjectOf(certificate.raw), publicKey: certificate.publicKey }, key);

const authority = (): Extension[] => [
  constraints(true),
  keyUsage(USAGE.sign | USAGE.commit | USAGE.signCertificates | USAGE.signLists),
];
const end = (only: string): Extension[] => [
  constraints(false),
  keyUsage(USAGE.sign | USAGE.encipher),
  purpose(only),
];
const carrying = (command: Command): Extension => ({
  ...{ type: EXTENSION, critical: false },
  value: encodeExtension(command),
});

/** The certificate all others are trusted by: that of `keys`, signed by itself. */
export function issueRoot(commonName: string, keys: Keys): X509Certificate {
  const { publicKey, privateKey } = keys;
  const wanted = { subject: commonName, publicKey, validMs: VALID_MS.root, extensions: authority() };
  return sign(wanted, { name: commonNamed(commonName), publicKey }, privateKey);
}

/** A server's, for clients that ask for one of `hosts` and for those that do not ask. */
export function issueServer(
  issuer: Issuer,
  hosts: readonly [string, ...string[]],
  publicKey: KeyObject,
): X509Certificate {
  return by(issuer, {
    subject: hosts[0],
    publicKey,
    validMs: VALID_MS.server,
    extensions: [...end(PURPOSE.server), alternativeName(hosts)],
  });
}

/**
 * One for somebody who may do `policy` below the label `name` of the issuer's path, and pass that on.
 * @throws ProtocolError (name); (certificate) when the issuer may not do as much.
 */
export function issueAuthority(
  issuer: Issuer,
  name: string,
  publicKey: KeyObject,
  policy: Policy,
  validMs: number = VALID_MS.authority,
): X509Certificate {
  const cause = issuer.policy && exceeds(policy, issuer.policy);
  if (cause !== undefined)
    throw new ProtocolError('certificate', `policy of ${name}: it is more than its issuer's: ${cause}`);
  const command: Command = { kind: 'policy', value: { kind: 'add', value: policy } };
  return by(issuer, {
    subject: label(name),
    publicKey,
    validMs,
    extensions: [...authority(), carrying(command)],
  });
}

/**
 * One that asks for `command` about `name`, the label of a unikernel or a block device; absent, about the issuer's path.
 * @throws ProtocolError (name)
 */
export function issueLeaf(
  issuer: Issuer,
  name: string | undefined,
  publicKey: KeyObject,
  command: Command,
  validMs: number = VALID_MS.leaf,
): X509Certificate {
  return by(issuer, {
    subject: name === undefined ? '.' : label(name),
    publicKey,
    validMs,
    extensions: [...end(PURPOSE.client), carrying(command)],
  });
}
