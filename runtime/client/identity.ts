// Who asks: a folder with the certificate of an authority, those of whoever is above it, and its key. The same for the root, for whom it has let in, and
// for whom they have.
import { createPrivateKey, createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder, writeNew } from '../files.ts';
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

async function read(path: string): Promise<string> {
  try {
    if ((await fs.stat(path)).size > FILE_MAX) throw new IdentityError(`${path}: it is too large to be one`);
    return await fs.readFile(path, 'utf8');
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

export async function readCertificates(path: string): Promise<X509Certificate[]> {
  const pem = await read(path);
  try {
    const found = fromPem('CERTIFICATE', pem);
    if (found.length === 0) throw new Error('none');
    return found.map((der) => {
      contentsOf(der);
      return readCertificate(der);
    });
  } catch {
    throw new IdentityError(`${path}: it has no certificate in PEM, or a damaged one`);
  }
}

/** The key in the request for a certificate in the file `path`, which is signed by it. */
export async function readRequest(path: string): Promise<KeyObject> {
  const pem = await read(path);
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
async function readKey(path: string, certificate: X509Certificate): Promise<KeyObject> {
  const pem = await read(path);
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
export async function readIdentity(files: Files): Promise<Identity> {
  const [root, ...more] = await readCertificates(files.root);
  if (!root || more.length > 0)
    throw new IdentityError(`${files.root}: exactly one certificate is to be there`);
  const all = await readCertificates(files.cert);
  const [certificate] = all;
  if (!certificate) throw new IdentityError(`${files.cert}: it is empty`);
  const policy = policyOf(contentsOf(certificate.raw));
  const issuer = { certificate, key: await readKey(files.key, certificate), ...(policy ? { policy } : {}) };
  const chain = all.filter((one) => !one.raw.equals(root.raw));
  const path = chain
    .map(({ raw }) => contentsOf(raw))
    .filter((one) => policyOf(one))
    .map(({ subject }) => label(subject.commonNames[0] ?? ''))
    .reverse();
  return { issuer, chain, path, root };
}

/** Makes the folder `path` with `files`, all of it or nothing; keys are for their owner only. @throws IdentityError where there is one. */
export async function makeFolder(
  path: string,
  files: Readonly<Record<string, string>>,
  mode = 0o700,
): Promise<void> {
  const next = await fs.mkdtemp(join(dirname(path), `.${basename(path)}-`)).catch((error: unknown) => {
    throw new IdentityError(`${dirname(path)}: ${(error as Error).message}`);
  });
  try {
    for (const [name, text] of Object.entries(files))
      await writeNew(join(next, name), text, name === FILES.key ? 0o600 : 0o644);
    await fs.chmod(next, mode);
    await syncFolder(next);
    await fs.rename(next, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await fs.rm(next, { recursive: true, force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw new IdentityError(
      code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR'
        ? `${path}: it is there already, and is not overwritten; remove it, or take another name`
        : message,
    );
  }
}
