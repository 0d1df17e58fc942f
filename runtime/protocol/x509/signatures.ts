// What certificates and requests are signed with. OpenSSL signs and verifies; here is how that is written down.
import { constants, sign, verify, type KeyObject } from 'node:crypto';
import { bytesOf, type Block } from '../der/block.ts';
import { decode, encode, expect, type Of } from '../der/codec.ts';
import { defaulted, explicit, optional, sequence } from '../der/compose.ts';
import { any, bits, identifier } from '../der/certificates.ts';
import { integer, nothing } from '../der/primitives.ts';
import { parse } from '../der/read.ts';

/** A kind of signature or of hash, and what it needs besides. */
export const algorithm = sequence('algorithm', {
  type: identifier('algorithm'),
  parameters: optional(any('parameters')),
});
export type Algorithm = Of<typeof algorithm>;

const HASHES: Readonly<Record<string, string>> = {
  ...{ '1.2.840.113549.2.2': 'MD2', '1.2.840.113549.2.4': 'MD4', '1.2.840.113549.2.5': 'MD5' },
  ...{ '1.3.14.3.2.26': 'SHA-1', '2.16.840.1.101.3.4.2.1': 'SHA-256' },
  ...{ '2.16.840.1.101.3.4.2.2': 'SHA-384', '2.16.840.1.101.3.4.2.3': 'SHA-512' },
};

interface Kind {
  /** Of the key, as OpenSSL calls it. */
  readonly key: string;
  readonly hash: string;
}

const PSS = '1.2.840.113549.1.1.10';
const RSA_SHA256 = '1.2.840.113549.1.1.11';
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';

/** Signatures of a key of one kind and a hash, by their type. */
const SIGNATURES: Readonly<Record<string, Kind>> = {
  '1.2.840.113549.1.1.2': { key: 'rsa', hash: 'MD2' },
  '1.2.840.113549.1.1.3': { key: 'rsa', hash: 'MD4' },
  '1.2.840.113549.1.1.4': { key: 'rsa', hash: 'MD5' },
  '1.2.840.113549.1.1.5': { key: 'rsa', hash: 'SHA-1' },
  '1.3.14.3.2.29': { key: 'rsa', hash: 'SHA-1' },
  [RSA_SHA256]: { key: 'rsa', hash: 'SHA-256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'SHA-384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'SHA-512' },
  '1.2.840.10040.4.3': { key: 'dsa', hash: 'SHA-1' },
  '1.3.14.3.2.27': { key: 'dsa', hash: 'SHA-1' },
  '1.2.840.10045.4.1': { key: 'ec', hash: 'SHA-1' },
  [ECDSA_SHA256]: { key: 'ec', hash: 'SHA-256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'SHA-384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'SHA-512' },
};

/** Those that have a hash of their own, by the key. */
const OWN: Readonly<Record<string, string>> = { ed25519: '1.3.101.112', ed448: '1.3.101.113' };

const SHA1: Algorithm = { type: '1.3.14.3.2.26' };
const never = (): boolean => false;
const pss = sequence('parameters of RSASSA-PSS', () => ({
  hash: defaulted(explicit(0, algorithm), SHA1, never),
  mask: optional(explicit(1, algorithm)),
  salt: defaulted(explicit(2, integer('length of the salt', 0, 1024)), 20, never),
  trailer: optional(explicit(3, integer('trailer', 1, 1))),
}));

function pssOf(parameters: Block | undefined): { readonly hash: string; readonly salt: number } {
  const found = parameters && expect(pss, parameters);
  const { type } = found?.hash ?? SHA1;
  return { hash: HASHES[type] ?? type, salt: found?.salt ?? 20 };
}

/** The hash that is signed; undefined where the signature has its own, or it is not known here. @throws ProtocolError (malformed) */
export function hashOf({ type, parameters }: Algorithm): string | undefined {
  return type === PSS ? pssOf(parameters).hash : SIGNATURES[type]?.hash;
}

const kindOf = (key: KeyObject): string => key.asymmetricKeyType ?? '';

const CURVES: readonly (string | undefined)[] = ['prime256v1', 'secp384r1', 'secp521r1'];

/** Whether certificates are issued for `key`, and by it: RSA, ECDSA on NIST's curves, EdDSA. */
export function isUsual(key: KeyObject): boolean {
  const kind = kindOf(key);
  return (
    kind === 'rsa' || kind in OWN || (kind === 'ec' && CURVES.includes(key.asymmetricKeyDetails?.namedCurve))
  );
}

/** What `key`, which is a usual one, signs with. */
export function algorithmOf(key: KeyObject): Algorithm {
  const kind = kindOf(key);
  if (kind === 'rsa') return { type: RSA_SHA256, parameters: nothing.encode(undefined) };
  return { type: OWN[kind] ?? ECDSA_SHA256 };
}

const signed = sequence('what is signed', {
  contents: any('contents'),
  algorithm,
  signature: bits('signature'),
});
export type Signed = Of<typeof signed>;

/** `contents` signed by the private `key`, which is a usual one: certificates are written so, and requests for them. */
export function signedBy(contents: Uint8Array, key: KeyObject): Uint8Array {
  const bytes = sign(kindOf(key) in OWN ? null : 'sha256', contents, key);
  return encode(signed, {
    contents: parse(contents, 'contents'),
    algorithm: algorithmOf(key),
    signature: { bytes, unused: 0 },
  });
}

/** What is signed in `der`, and the signature, which says nothing yet. @throws ProtocolError (malformed) */
export const readSigned = (der: Uint8Array): Signed => decode(signed, der);

/** Whether it was signed by the private key that belongs to `key`. */
export function isSignedBy(
  { contents, algorithm: by, signature: { bytes } }: Signed,
  key: KeyObject,
): boolean {
  const [kind, whole] = [kindOf(key), bytesOf(contents)];
  if (by.type === OWN[kind]) return verify(null, whole, key, bytes);
  const hash = hashOf(by)?.toLowerCase().replace('-', '');
  if (hash === undefined) return false;
  if (by.type !== PSS) return SIGNATURES[by.type]?.key === kind && verify(hash, whole, key, bytes);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const saltLength = pssOf(by.parameters).salt;
  return kind === 'rsa' && verify(hash, whole, { key, padding, saltLength }, bytes);
}
