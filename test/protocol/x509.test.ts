// Certificates and requests for them, as we write and read them: held against another implementation byte for byte, against OpenSSL, and against
// whatever is not one.
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { issueAuthority, issueLeaf, issueRoot, issueServer, newKeys } from '../../runtime/protocol/issue.ts';
import { EXTENSION } from '../../runtime/protocol/chain.ts';
import { identifier, second } from '../../runtime/protocol/der/certificates.ts';
import { decode, encode } from '../../runtime/protocol/der/codec.ts';
import { parse } from '../../runtime/protocol/der/read.ts';
import { ProtocolError } from '../../runtime/protocol/errors.ts';
import { fromPem, toPem } from '../../runtime/protocol/pem.ts';
import type { Policy } from '../../runtime/protocol/policy.ts';
import { contentsOf } from '../../runtime/protocol/x509/certificate.ts';
import { limitsOf } from '../../runtime/protocol/x509/extensions.ts';
import { nameOf } from '../../runtime/protocol/x509/names.ts';
import { keyOfRequest, request } from '../../runtime/protocol/x509/request.ts';
import { hashOf } from '../../runtime/protocol/x509/signatures.ts';
import {
  issuedElsewhere,
  Name,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  X509Certificate as Foreign,
  X509CertificateGenerator,
} from '../foreign.ts';

const POLICY: Policy = { cpuids: [0, 1], unikernels: 3, memory: 64, block: 9, bridges: ['service'] };
const keys = newKeys();
const root = { certificate: issueRoot('our root', keys), key: keys.privateKey };
const leafKeys = newKeys();

const authority = (by: KeyObject): X509Certificate =>
  issueAuthority({ ...root, key: by }, 'team', leafKeys.publicKey, POLICY, 100_000 * 86_400_000);
const MADE: readonly [string, X509Certificate][] = [
  ['a root', root.certificate],
  ['a server', issueServer(root, ['unikernels.example.org', '192.0.2.1', '2001:db8::1'], leafKeys.publicKey)],
  ['an authority, valid beyond 2049', authority(root.key)],
  ['a leaf', issueLeaf(root, 'hello', leafKeys.publicKey, { kind: 'unikernel', value: { kind: 'info' } })],
];

function openssl(input: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8', input });
  return `${status} ${stdout}${stderr}`;
}

test.each(MADE)(
  '%s is what another implementation makes of the same, to the byte',
  async (_, certificate) => {
    const read = new Foreign(certificate.raw);
    const { rawData } = await X509CertificateGenerator.create({
      ...{ serialNumber: read.serialNumber, subject: read.subjectName, issuer: read.issuerName },
      ...{ notBefore: read.notBefore, notAfter: read.notAfter, extensions: read.extensions },
      publicKey: read.publicKey,
      signingKey: root.key.toCryptoKey('Ed25519', true, ['sign']) as CryptoKey,
      signingAlgorithm: { name: 'Ed25519' },
    });
    expect(Buffer.from(rawData).equals(certificate.raw)).toBe(true);
    expect(certificate.verify(keys.publicKey) && certificate.checkIssued(root.certificate)).toBe(true);
  },
);

test('a request is what another implementation makes of the same, and both take it', async () => {
  const made = request('bob', leafKeys);
  const { rawData } = await Pkcs10CertificateRequestGenerator.create({
    name: new Name([{ CN: [{ utf8String: 'bob' }] }]),
    keys: {
      publicKey: leafKeys.publicKey.toCryptoKey('Ed25519', true, ['verify']) as CryptoKey,
      privateKey: leafKeys.privateKey.toCryptoKey('Ed25519', true, ['sign']) as CryptoKey,
    },
    signingAlgorithm: { name: 'Ed25519' },
  });
  expect(Buffer.from(made).equals(Buffer.from(rawData))).toBe(true);
  expect(await new Pkcs10CertificateRequest(Buffer.from(made)).verify()).toBe(true);
  expect(keyOfRequest(made)?.equals(leafKeys.publicKey)).toBe(true);
});

test('OpenSSL reads in them what was meant', () => {
  const shown = (certificate: X509Certificate): string =>
    openssl(certificate.toString(), 'x509', '-noout', '-text');
  const [rootText, server, team, leaf] = MADE.map(([, certificate]) => shown(certificate));
  expect(rootText).toMatch(
    /Key Usage: critical\n *Digital Signature, Non Repudiation, Certificate Sign, CRL Sign\n/,
  );
  expect(rootText).toMatch(/Basic Constraints: critical\n *CA:TRUE\n/);
  expect(server).toContain(
    'DNS:unikernels.example.org, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1',
  );
  expect(server).toMatch(/Extended Key Usage: critical\n *TLS Web Server Authentication\n/);
  expect(team).toMatch(/Version: 3[\s\S]*Not After : .* 2300 GMT[\s\S]*Subject: CN = team\n/);
  expect(leaf).toMatch(/CA:FALSE[\s\S]*Digital Signature, Key Encipherment\n[\s\S]*TLS Web Client Auth/);
  expect(leaf).toContain(EXTENSION);
  const asked = toPem('CERTIFICATE REQUEST', request('bob', leafKeys));
  expect(openssl(asked, 'req', '-verify', '-noout', '-text')).toMatch(/^0 [\s\S]*Subject: CN = bob\n/);
});

test.each([
  ['rsa', 'sha256WithRSAEncryption', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['P-256', 'ecdsa-with-SHA256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['P-384', 'ecdsa-with-SHA256', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['Ed448', 'ED448', generateKeyPairSync('ed448')],
])('a key of %s issues, and asks', (_, algorithm, own) => {
  const certificate = issueRoot('other', own);
  expect(certificate.verify(own.publicKey)).toBe(true);
  expect(openssl(certificate.toString(), 'x509', '-noout', '-text')).toContain(
    `Signature Algorithm: ${algorithm}`,
  );
  const asked = request('other', own);
  expect(keyOfRequest(asked)?.equals(own.publicKey)).toBe(true);
  asked[asked.length - 1] = (asked.at(-1) ?? 0) ^ 1;
  expect(keyOfRequest(asked)).toBeUndefined();
});

describe('requests that OpenSSL made are taken with', () => {
  test.each([
    ['RSA and SHA-512', ['-newkey', 'rsa:2048', '-sha512']],
    [
      'RSASSA-PSS',
      ['-newkey', 'rsa:2048', '-sha256', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'],
    ],
    [
      'ECDSA and extensions',
      ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521', '-addext', 'subjectAltName=DNS:a'],
    ],
    ['Ed25519', ['-newkey', 'ed25519']],
  ])('%s', (_, args) => {
    const made = openssl('', 'req', '-new', '-noenc', '-keyout', '/dev/null', '-subj', '/CN=a', ...args);
    const [der = Buffer.alloc(0)] = fromPem('CERTIFICATE REQUEST', made);
    expect(keyOfRequest(der)?.type).toBe('public');
  });
  test('and not with a key of a kind that nothing is issued for', () => {
    const own = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    expect(keyOfRequest(request('a', own))).toBeUndefined();
  });
});

test('names are written as they were', () => {
  const name = new Name('CN=a\\, b, O=" c", OU=#0403010203, 2.5.4.5=x+C=DE, E=a@b.c, DC=org');
  const read = nameOf(parse(new Uint8Array(name.toArrayBuffer()), 'name'));
  expect(read.text).toBe(name.toString());
  expect(read.commonNames).toEqual(['a, b']);
  expect(
    nameOf(
      parse(new Uint8Array(new Name('CN=a, O=x, CN=ü+CN=c').toArrayBuffer()), 'name'),
    ).commonNames.toSorted(),
  ).toEqual(['a', 'c', 'ü']);
});

test.each([['1.2', '300.1.1.1', 'a:b', '1::2::3', '01.2.3.4', '1:2:3:4:5:6:7:8:9', '::1]', ':']])(
  'what is neither a name nor an address is refused: %s',
  (...hosts) => {
    for (const host of hosts)
      expect(() => issueServer(root, [host], leafKeys.publicKey), host).toThrow(
        'neither a name nor an address',
      );
    const { subjectAltName } = issueServer(root, ['::ffff:1.2.3.4', '::', '0.0.0.0'], leafKeys.publicKey);
    expect(subjectAltName).toBe(
      'IP Address:0:0:0:0:0:FFFF:102:304, IP Address:0:0:0:0:0:0:0:0, IP Address:0.0.0.0',
    );
  },
);

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test.each([
  ['a length of more bytes than it needs', '3081020500', /BER, not DER/],
  ['a length with a zero before it', '30820080', /BER, not DER/],
  ['a length left open', '308005000000', /BER, not DER/],
  ['a tag of more bytes than it needs', '1f0500', /BER, not DER/],
  ['a tag with a zero before it', '1f802000', /BER, not DER/],
  ['a tag that never ends', '1fffffffffffffffff00', /tag is too large/],
  ['a tag of no type', '30020000', /tag of no type/],
  ['a value longer than what it is in', '30020501', /cut off/],
  ['a length without end', '308fffffffffffffffffffffffffffffffff', /cut off/],
  ['half a head', '30', /cut off/],
  ['an OBJECT IDENTIFIER in parts', '260306012a', /in parts/],
])('bytes are not DER with %s', (_, wire, cause) => {
  expect(() => parse(hex(wire), 'x')).toThrow(cause);
});

test('an OBJECT IDENTIFIER of megabytes costs nothing', () => {
  const wire = Buffer.concat([hex('3083 800005 0683 800000'), Buffer.alloc(8 << 20, 1)]);
  const begun = process.cpuUsage();
  expect(() => parse(wire, 'x')).toThrow('an OBJECT IDENTIFIER of 8388608 bytes is too large');
  expect(process.cpuUsage(begun).user).toBeLessThan(200_000);
});

test.each([
  ['06032a0304', '1.2.3.4'],
  ['0603883703', '2.999.3'],
  ['0613 69 8387bbd8f8a0d2d7f8a4c9b8a1e2f0a9d9 55'.replaceAll(' ', ''), /^2\.25\.\d{37}$/],
])('%s is an OBJECT IDENTIFIER', (wire, text) => {
  expect(decode(identifier('x'), hex(wire))).toMatch(text);
});

test.each(['0600', '06032a8003', '06022a83', '0602802a'])('%s is no OBJECT IDENTIFIER', (wire) => {
  expect(() => decode(identifier('x'), hex(wire))).toThrow(ProtocolError);
});

describe('a time', () => {
  const codec = second('x');
  test.each([
    ['500101000000Z', '1950-01-01T00:00:00.000Z', 23],
    ['491231235959Z', '2049-12-31T23:59:59.000Z', 23],
    ['20500101000000Z', '2050-01-01T00:00:00.000Z', 24],
    ['19491231235959Z', '1949-12-31T23:59:59.000Z', 24],
  ])('%s is %s', (digits, iso, tag) => {
    const wire = Uint8Array.of(tag, digits.length, ...Buffer.from(digits));
    expect(decode(codec, wire).toISOString()).toBe(iso);
    expect(encode(codec, new Date(Date.parse(iso) + 999))).toEqual(wire);
  });
  test.each([
    ['4912312359Z', 23],
    ['491231235959+0100', 23],
    ['490231000000Z', 23],
    ['20500101000000.5Z', 24],
    ['20500101000000', 24],
    ['20501301000000Z', 24],
  ])('%s is none', (digits, tag) => {
    expect(() => decode(codec, Uint8Array.of(tag, digits.length, ...Buffer.from(digits)))).toThrow(
      'is no time',
    );
  });
});

test.each([
  ['1.2.840.113549.1.1.4', 'MD5'],
  ['1.2.840.113549.1.1.5', 'SHA-1'],
  ['1.2.840.10045.4.1', 'SHA-1'],
  // Where nothing is said of it.
  ['1.2.840.113549.1.1.10', 'SHA-1'],
  ['1.2.840.113549.1.1.11', 'SHA-256'],
  ['1.3.101.112', undefined],
])('the hash of signature %s is %s', (type, hash) => {
  expect(hashOf({ type })).toBe(hash);
});

test('certificates of others are read as they read them themselves', async () => {
  const made = await issuedElsewhere({
    ...{ subject: 'O=x, CN=y', issuer: 'CN=z', publicKey: keys.publicKey, signingKey: keys.privateKey },
    ...{ extensions: [], notBefore: new Date(1e12), notAfter: new Date(3e12) },
  });
  expect(contentsOf(made.raw)).toMatchObject({
    ...{ subject: { text: 'O=x, CN=y', commonNames: ['y'] }, issuer: { text: 'CN=z' } },
    ...{ from: new Date(1e12), until: new Date(3e12), extensions: [], algorithm: { type: '1.3.101.112' } },
  });
});

test('damaged certificates and requests are refused in one way, and what is still read is what OpenSSL reads', () => {
  const change = fc.record({
    at: fc.noBias(fc.nat(2000)),
    byte: fc.nat(255),
    cut: fc.option(fc.nat(), { freq: 1 }),
  });
  const whole = [...MADE.map(([, { raw }]) => raw), request('bob', leafKeys)];
  let [refused, agreed] = [0, 0];
  fc.assert(
    fc.property(
      fc.nat(whole.length - 1),
      fc.array(change, { minLength: 1, maxLength: 2 }),
      (which, changes) => {
        let der = Uint8Array.from(whole[which] ?? []);
        for (const { at, byte, cut } of changes) {
          if (der.length > 0) der[at % der.length] = byte;
          if (cut !== null) der = der.slice(0, cut % (der.length + 1));
        }
        try {
          if (which === MADE.length) {
            // Nothing that is damaged is signed any more.
            const changed = !Buffer.from(der).equals(whole[which] ?? Buffer.alloc(0));
            const { publicKey } = leafKeys;
            if (changed) expect(keyOfRequest(der)?.equals(publicKey) ?? false).toBe(false);
            return;
          }
          const { from, until, extensions } = contentsOf(der);
          limitsOf(extensions);
          let theirs: X509Certificate;
          try {
            theirs = new X509Certificate(der);
          } catch {
            return;
          }
          expect([from, until]).toEqual([theirs.validFromDate, theirs.validToDate]);
          agreed += 1;
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          refused += 1;
        }
      },
    ),
    { numRuns: 3000, seed: 11 },
  );
  expect(refused).toBeGreaterThan(500);
  expect(agreed).toBeGreaterThan(200);
});

test('PEM is read where it stands among other lines, and not where it is damaged', () => {
  const [, certificate] = MADE[0] ?? [];
  const pem = certificate?.toString() ?? '';
  const der = certificate?.raw ?? Buffer.alloc(0);
  expect(toPem('CERTIFICATE', der)).toBe(pem);
  expect(fromPem('CERTIFICATE', `a\n${pem}\r\nb\n${pem.replaceAll('\n', '\r\n')}`)).toEqual([der, der]);
  expect(fromPem('CERTIFICATE', toPem('X', der))).toEqual([]);
  expect(fromPem('CERTIFICATE', pem.replace('\n', '\nProc-Type: 4\n\n'))).toEqual([der]);
  expect(() => fromPem('CERTIFICATE', pem.replace('\nM', '\nM='))).toThrow('damaged');
});

test('serial numbers are 16 bytes that no sign and no zero goes before, and differ', () => {
  const serials = Array.from({ length: 64 }, () => issueRoot('our root', keys).serialNumber);
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  expect(new Set(serials).size).toBe(serials.length);
});
