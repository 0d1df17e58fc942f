// Who asks: a folder with the certificate of an authority, those of whoever is above it, and its key. The same for the root, for whom it has let in, and
// for whom they have.
import { createPrivateKey, createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeExtension, EXTENSION } from '../protocol/chain.ts';
import type { Command } from '../protocol/command.ts';
import type { Issuer } from '../protocol/issue.ts';
import { label } from '../protocol/name.ts';
import { fromPem } from '../protocol/pem.ts';
import type { Policy } from '../protocol/policy.ts';
import { contentsOf, readCertificate, type Contents } from '../protocol/x509/certificate.ts';
import { keyOfRequest } from '../protocol/x509/request.ts';
import { isUsual } from '../protocol/x509/signatures.ts';
import { IdentityError } from './identity-error.ts';

/** The files of the folder. */
export const FILES = {
  /** Its certificate and those of the authorities above it, up to the root's, which is only there where it is its own. */
  cert: 'cert.pem',
  key: 'key.pem',
  /** The one certificate that the server's must be signed by. */
  root: 'root.pem',
} as const;

/** Bytes of the largest file that is read. */
const FILE_MAX = 1 << 20;

export interface Identity {
  readonly issuer: Issuer;
  /** Its certificate and those above it, but for the root's. */
  readonly chain: readonly X509Certificate[];
  /** The labels of the chain, the outermost first: all it does is below. */
  readonly path: readonly string[];
  readonly root: X509Certificate;
}

/** At once: a command has nothing else to do meanwhile, and need not load what waits. */
function read(path: string): string {
  try {
    if (statSync(path).size > FILE_MAX) throw new IdentityError(`${path}: it is too large to be one`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof IdentityError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new IdentityError(
      code === 'ENOENT'
        ? `${path}: there is none; 'kittiwake ca init' and 'kittiwake ca delegate' make such files`
        : `${path}: ${code === 'EACCES' ? 'permission denied' : message}`,
    );
  }
}

/** A certificate as OpenSSL reads it, and what is in it. */
export interface Certificate {
  readonly x509: X509Certificate;
  readonly contents: Contents;
}

/** The certificates in the file `path`: one or more. @throws IdentityError */
export function readCertificates(path: string): Certificate[] {
  const pem = read(path);
  try {
    const found = fromPem('CERTIFICATE', pem);
    if (found.length === 0) throw new Error('none');
    return found.map((der) => ({ contents: contentsOf(der), x509: readCertificate(der) }));
  } catch {
    throw new IdentityError(`${path}: it has no certificate in PEM, or a damaged one`);
  }
}

/** The key in the request for a certificate in the file `path`, which is signed by it. */
export function readRequest(path: string): KeyObject {
  const pem = read(path);
  try {
    const [der] = [...fromPem('CERTIFICATE REQUEST', pem), ...fromPem('NEW CERTIFICATE REQUEST', pem)];
    const key = der && keyOfRequest(der);
    if (key) return key;
  } catch {
    // The same to the person.
  }
  throw new IdentityError(`${path}: it is no request for a certificate in PEM, or not signed by its own key`);
}

/** What the certificate asks for, or the policy that it has. @throws ProtocolError where that makes no sense. */
export function commandOf({ extensions }: Contents): Command | undefined {
  const carried = extensions.find(({ type }) => type === EXTENSION);
  return carried && decodeExtension(carried.value);
}

/** The policy that an authority's certificate has. The root's has none. */
function policyOf(contents: Contents): Policy | undefined {
  const command = commandOf(contents);
  return command?.kind === 'policy' && command.value.kind === 'add' ? command.value.value : undefined;
}

/** The private key in the file `path`, which is the certificate's. */
function readKey(path: string, certificate: X509Certificate): KeyObject {
  const pem = read(path);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new IdentityError(`${path}: it has no private key in PEM without a passphrase`);
  }
  if (!createPublicKey(key).equals(certificate.publicKey))
    throw new IdentityError(`${path}: it is not the key of the certificate beside it`);
  if (!isUsual(key))
    throw new IdentityError(
      `${path}: it is no key of RSA, Ed25519 or a curve of NIST's; nothing is signed with it`,
    );
  return key;
}

export interface Files {
  readonly cert: string;
  readonly key: string;
  readonly root: string;
}

export function filesOf(folder: string): Files {
  return { cert: join(folder, FILES.cert), key: join(folder, FILES.key), root: join(folder, FILES.root) };
}

/** @throws IdentityError */
export function readIdentity(files: Files): Identity {
  const [root, ...more] = readCertificates(files.root);
  if (!root || more.length > 0)
    throw new IdentityError(`${files.root}: exactly one certificate is to be there`);
  const all = readCertificates(files.cert);
  const [own] = all;
  if (!own) throw new IdentityError(`${files.cert}: it is empty`);
  const policy = policyOf(own.contents);
  const key = readKey(files.key, own.x509);
  const issuer = { certificate: own.x509, key, ...(policy ? { policy } : {}) };
  const chain = all.filter(({ x509 }) => !x509.raw.equals(root.x509.raw));
  const path = chain
    .filter((one) => (one === own ? policy : policyOf(one.contents)))
    .map(({ contents }) => label(contents.subject.commonNames[0] ?? ''))
    .reverse();
  return { issuer, chain: chain.map(({ x509 }) => x509), path, root: root.x509 };
}
