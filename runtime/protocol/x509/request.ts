// A request for a certificate (PKCS #10, RFC 2986): a name and a public key, signed by the private one.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { constructed, CONTEXT } from '../der/block.ts';
import { anyBytes, ignored } from '../der/certificates.ts';
import { encode, expect } from '../der/codec.ts';
import { optional, sequence } from '../der/compose.ts';
import { integer } from '../der/primitives.ts';
import { commonNamed } from './names.ts';
import { isSignedBy, isUsual, readSigned, signedBy } from './signatures.ts';

const codec = sequence('request', () => ({
  version: integer('version', 0, 0),
  subject: anyBytes('subject'),
  key: anyBytes('public key'),
  attributes: optional(ignored(0, 'attributes')),
}));

export interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Asks for a certificate for `keys`, by the name `commonName`: whoever issues it decides on the name all the same. In DER. */
export function request(commonName: string, { publicKey, privateKey }: Keys): Uint8Array {
  const key = publicKey.export({ type: 'spki', format: 'der' });
  // Nothing is asked for besides.
  const contents = {
    version: 0,
    subject: commonNamed(commonName),
    key,
    attributes: constructed(CONTEXT, 0, []),
  };
  return signedBy(encode(codec, contents), privateKey);
}

function keyOf(bytes: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(bytes), type: 'spki', format: 'der' });
  } catch {
    return undefined;
  }
}

/**
 * The key in the request `der`; undefined where that has not signed it, or is of a kind that nothing is issued for.
 * @throws ProtocolError (malformed) where it is no request.
 */
export function keyOfRequest(der: Uint8Array): KeyObject | undefined {
  const signed = readSigned(der);
  const { key } = expect(codec, signed.contents);
  const found = keyOf(key);
  return found && isUsual(found) && isSignedBy(signed, found) ? found : undefined;
}
