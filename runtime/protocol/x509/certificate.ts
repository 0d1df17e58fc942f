// A certificate as it is written (RFC 5280). Node reads it as well, and OpenSSL verifies it; here is what neither tells, and how one is made.
import { randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import { any, anyBytes, ignored, integerBytes, second } from '../der/certificates.ts';
import { encode, expect } from '../der/codec.ts';
import { defaulted, explicit, listed, optional, sequence, sequenceOf } from '../der/compose.ts';
import { bytesOf } from '../der/block.ts';
import { integer } from '../der/primitives.ts';
import { parse } from '../der/read.ts';
import { extension, type Extension } from './extensions.ts';
import { nameOf, type Name } from './names.ts';
import { algorithm, algorithmOf, readSigned, signedBy, type Algorithm } from './signatures.ts';

/** Counted from 0: only the third has extensions. */
const VERSION = 2;

const codec = sequence('certificate', {
  version: defaulted(explicit(0, integer('version', 0, VERSION)), 0, (version) => version === 0),
  serial: integerBytes('serial number'),
  algorithm,
  issuer: any('issuer'),
  validity: sequence('validity', { from: second('beginning'), until: second('end') }),
  subject: any('subject'),
  key: anyBytes('public key'),
  issuerId: optional(ignored(1, 'identifier')),
  subjectId: optional(ignored(2, 'identifier')),
  extensions: listed(explicit(3, sequenceOf('extensions', extension))),
});

export interface Contents {
  readonly subject: Name;
  readonly issuer: Name;
  readonly from: Date;
  readonly until: Date;
  /** What it was signed with. */
  readonly algorithm: Algorithm;
  readonly extensions: readonly Extension[];
}

/** What is in the certificate `der`, whoever has signed it. @throws ProtocolError (malformed) */
export function contentsOf(der: Uint8Array): Contents {
  const { contents, algorithm: by } = readSigned(der);
  const { subject, issuer, validity, extensions } = expect(codec, contents);
  return { subject: nameOf(subject), issuer: nameOf(issuer), ...validity, algorithm: by, extensions };
}

/** The certificate `der`, as OpenSSL reads it, its key as well, which else is read when somebody asks for it. @throws Error */
export function readCertificate(der: Uint8Array): X509Certificate {
  const certificate = new X509Certificate(der);
  if (certificate.publicKey.type !== 'public') throw new Error('no public key');
  return certificate;
}

/** The subject of the certificate `der`, as its bytes: the issuer of what it signs has the same. */
export const subjectOf = (der: Uint8Array): Uint8Array =>
  bytesOf(expect(codec, readSigned(der).contents).subject);

/** A number that no other certificate has: 126 bits by chance. Those above them make it positive, and its bytes the shortest. */
function newSerial(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

export interface Wanted {
  /** Names, as their bytes. */
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly from: Date;
  readonly until: Date;
  /** The public key, as its bytes. */
  readonly key: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** The certificate that is `wanted`, signed by the private key `by`. */
export function certify({ subject, issuer, from, until, ...wanted }: Wanted, by: KeyObject): X509Certificate {
  const contents = encode(codec, {
    ...{ ...wanted, version: VERSION, serial: newSerial() },
    ...{ subject: parse(subject, 'subject'), issuer: parse(issuer, 'issuer') },
    ...{ algorithm: algorithmOf(by), validity: { from, until } },
  });
  return new X509Certificate(signedBy(contents, by));
}
