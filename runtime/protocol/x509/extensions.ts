// Extensions of certificates, those that are written or judged here.
import { hash } from 'node:crypto';
import { decode, encode, type Codec } from '../der/codec.ts';
import { defaulted, optional, sequence, sequenceOf } from '../der/compose.ts';
import { anyBytes, bits, identifier, tagged, type Bits } from '../der/certificates.ts';
import { boolean, integer, octets } from '../der/primitives.ts';
import { ProtocolError } from '../errors.ts';

const flag = (what: string) => defaulted(boolean(what), false, (value) => !value);

export const extension = sequence('extension', {
  type: identifier('extension'),
  critical: flag('critical'),
  value: octets('value of an extension'),
});

export interface Extension {
  readonly type: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Types of extensions. */
export const TYPE = {
  ...{ subjectKey: '2.5.29.14', keyUsage: '2.5.29.15', alternativeName: '2.5.29.17' },
  ...{ constraints: '2.5.29.19', policies: '2.5.29.32', authorityKey: '2.5.29.35', purposes: '2.5.29.37' },
} as const;

/** Purposes of a certificate. */
export const PURPOSE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

/** What a key may be used for: bits of the first byte, the first of them the highest. */
export const USAGE = { sign: 0x80, commit: 0x40, encipher: 0x20, signCertificates: 4, signLists: 2 } as const;

const constraintsCodec = sequence('basic constraints', {
  authority: flag('authority'),
  pathLength: optional(integer('path length')),
});
const purposesCodec = sequenceOf('extended key usage', identifier('purpose'));
const usageCodec = bits('key usage');

export const constraints = (authority: boolean): Extension => ({
  ...{ type: TYPE.constraints, critical: true },
  value: encode(constraintsCodec, { authority }),
});

/** Of a list of bits those at the end that are not set are left out. */
export function keyUsage(usage: number): Extension {
  const unused = 31 - Math.clz32(usage & -usage);
  return {
    type: TYPE.keyUsage,
    critical: true,
    value: encode(usageCodec, { bytes: Uint8Array.of(usage), unused }),
  };
}

export const purpose = (only: string): Extension => ({
  ...{ type: TYPE.purposes, critical: true },
  value: encode(purposesCodec, [only]),
});

const spki = sequence('public key', { algorithm: anyBytes('algorithm'), key: bits('key') });

/** SHA-1 of the key, as RFC 5280 (4.2.1.2) has it: it names the key, and nobody gains by another of the same name. */
const keyId = (key: Uint8Array): Uint8Array => hash('sha1', decode(spki, key).key.bytes, 'buffer');

/** Names the key of the certificate. */
export const subjectKey = (key: Uint8Array): Extension => ({
  ...{ type: TYPE.subjectKey, critical: false },
  value: encode(octets('key identifier'), keyId(key)),
});

const authorityKeyCodec = sequence('authority key identifier', { id: tagged(0, 'key identifier') });

/** Names the key that has signed the certificate. */
export const authorityKey = (key: Uint8Array): Extension => ({
  ...{ type: TYPE.authorityKey, critical: false },
  value: encode(authorityKeyCodec, { id: keyId(key) }),
});

const [dnsName, address] = [tagged(2, 'name of a server'), tagged(7, 'address of a server')];

/**
 * The bytes of an IPv4 or IPv6 address; undefined where `host` is none. Node's own reading of URLs: the network's (network/ip.ts) would be a file more
 * to load for commands that know nothing of certificates.
 */
function addressBytes(host: string): Buffer | undefined {
  const isLong = host.includes(':');
  const { hostname } = URL.parse(isLong ? `http://[${host}]` : `http://${host}`) ?? {};
  if (hostname === undefined) return undefined;
  if (!isLong) return hostname === host ? Buffer.from(host.split('.').map(Number)) : undefined;
  const halves = hostname.slice(1, -1).split('::');
  const [front = [], back = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0');
  const words = [...front, ...zeros, ...back].map((word) => word.padStart(4, '0'));
  return Buffer.from(words.join(''), 'hex');
}

/** Either, by what it looks like. */
const hostName: Codec<string> = {
  what: 'name or address of a server',
  accepts: (block) => dnsName.accepts(block) || address.accepts(block),
  encode(host) {
    if (!/^[\d.]+$|:/.test(host)) return dnsName.encode(Buffer.from(host, 'latin1'));
    const bytes = addressBytes(host);
    if (!bytes) throw new ProtocolError('certificate', `server ${host}: it is neither a name nor an address`);
    return address.encode(bytes);
  },
  decode: (block) => Buffer.from(dnsName.decode(block)).toString('latin1'),
};
const alternativeNameCodec = sequenceOf('subject alternative name', hostName);

/** What clients ask for who are to find the server. @throws ProtocolError (certificate) where one is neither a name nor an address. */
export const alternativeName = (hosts: readonly string[]): Extension => ({
  ...{ type: TYPE.alternativeName, critical: false },
  value: encode(alternativeNameCodec, hosts),
});

export interface Limits {
  readonly pathLength: number | undefined;
  /** Whether the key may sign; undefined where nothing is said. */
  readonly signs: boolean | undefined;
  /** Whether it is a client's; undefined where nothing is said. */
  readonly isClient: boolean | undefined;
}

const mayBegin = (usage: Bits): boolean => ((usage.bytes[0] ?? 0) & USAGE.sign) !== 0;

/** How the use of a certificate with `extensions` is limited. @throws ProtocolError (malformed) */
export function limitsOf(extensions: readonly Extension[]): Limits {
  const read = <T>(type: string, codec: Codec<T>): T | undefined => {
    const found = extensions.find((one) => one.type === type);
    return found && decode(codec, found.value);
  };
  const usage = read(TYPE.keyUsage, usageCodec);
  return {
    pathLength: read(TYPE.constraints, constraintsCodec)?.pathLength,
    signs: usage && mayBegin(usage),
    isClient: read(TYPE.purposes, purposesCodec)?.includes(PURPOSE.client),
  };
}
