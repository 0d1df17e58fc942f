// Certificates as others make them: another implementation than ours, with whatever is to be in them.
import 'reflect-metadata/lite';
import { X509Certificate, type KeyObject } from 'node:crypto';
import { X509CertificateGenerator, type Extension } from '@peculiar/x509';

export * from '@peculiar/x509';

const ED25519 = { name: 'Ed25519' };

interface Wanted {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly extensions: Extension[];
  readonly serialNumber?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** The certificate that is `wanted`, signed as `algorithm` says. */
export async function issuedElsewhere(
  { publicKey, signingKey, ...wanted }: Wanted,
  algorithm: { readonly name: string; readonly hash?: string } = ED25519,
): Promise<X509Certificate> {
  const { rawData } = await X509CertificateGenerator.create({
    ...wanted,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    signingKey: signingKey.toCryptoKey(algorithm, true, ['sign']) as CryptoKey,
    signingAlgorithm: algorithm,
  });
  return new X509Certificate(Buffer.from(rawData));
}
