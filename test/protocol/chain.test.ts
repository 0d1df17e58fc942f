// Chains of certificates: made, read by OpenSSL, carried by TLS, read again; and those that must be refused.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createSecureContext, TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeExtension, encodeExtension, EXTENSION, requestOf } from '../../runtime/protocol/chain.ts';
import type { Command } from '../../runtime/protocol/command.ts';
import { ProtocolError } from '../../runtime/protocol/errors.ts';
import {
  issueAuthority,
  issueLeaf,
  issueRoot,
  issueServer,
  newKeys,
  type Issuer,
} from '../../runtime/protocol/issue.ts';
import type { Policy } from '../../runtime/protocol/policy.ts';
import type { Keys } from '../../runtime/protocol/x509/request.ts';
import { Extension, issuedElsewhere } from '../foreign.ts';

const INFO: Command = { kind: 'unikernel', value: { kind: 'info' } };
const wide: Policy = { cpuids: [0, 1], unikernels: 10, memory: 1024, block: 100, bridges: ['service'] };
const narrow: Policy = { cpuids: [0], unikernels: 2, memory: 64, bridges: ['service'] };

let root: Issuer & { keys: Keys };
let team: Issuer;
let anna: Issuer;
let keys: Keys;
const dir = mkdtempSync(join(tmpdir(), 'kittiwake-chain-'));

beforeAll(() => {
  keys = newKeys();
  const own = newKeys();
  root = { keys: own, certificate: issueRoot('our root', own), key: own.privateKey };
  const below = (issuer: Issuer, name: string, policy: Policy): Issuer => {
    const { publicKey, privateKey } = newKeys();
    return { certificate: issueAuthority(issuer, name, publicKey, policy), key: privateKey, policy };
  };
  team = below(root, 'team', wide);
  anna = below(team, 'anna', narrow);
});
afterAll(() => rmSync(dir, { recursive: true }));

const der = (...certificates: X509Certificate[]): Uint8Array[] => certificates.map(({ raw }) => raw);

test.each<[string, string, Command]>([
  [
    'a policy',
    '3017020105a412a110300e3003020100020101020202003000',
    {
      kind: 'policy',
      value: { kind: 'add', value: { cpuids: [0], unikernels: 1, memory: 512, bridges: [] } },
    },
  ],
  [
    'a subscription',
    '300c020105a007a205a103020114',
    { kind: 'console', value: { kind: 'subscribe', value: { kind: 'count', value: 20 } } },
  ],
])('%s is in the extension as Albatross has it', (_, hex, command) => {
  expect(Buffer.from(encodeExtension(command)).toString('hex')).toBe(hex);
  expect(decodeExtension(new Uint8Array(Buffer.from(hex, 'hex')))).toEqual(command);
});

test('a chain says who asks, for what, and what limits it, the outermost first', () => {
  const leaf = issueLeaf(anna, 'Hello', keys.publicKey, INFO);
  expect(requestOf(der(leaf, anna.certificate, team.certificate, root.certificate))).toEqual({
    name: { path: ['team', 'anna'], label: 'hello' },
    command: INFO,
    policies: [
      { path: ['team'], policy: wide, issued: team.certificate.validFromDate },
      { path: ['team', 'anna'], policy: narrow, issued: anna.certificate.validFromDate },
    ],
  });
});

test('a leaf without a label speaks of the path, with or without the root beside it', () => {
  const leaf = issueLeaf(team, undefined, keys.publicKey, INFO);
  for (const chain of [der(leaf, team.certificate), der(leaf, team.certificate, root.certificate)])
    expect(requestOf(chain)).toMatchObject({ name: { path: ['team'] }, policies: [{ path: ['team'] }] });
});

test('no authority makes one that may do more than itself', () => {
  expect(() => issueAuthority(anna, 'x', keys.publicKey, wide)).toThrow(
    "policy of x: it is more than its issuer's: unikernels: 10, of 2 allowed",
  );
});

describe('is refused', () => {
  const command = (carried: Command): X509Certificate => issueLeaf(team, 'hello', keys.publicKey, carried);
  const signed = (commonNames: string, extensions: Extension[]): Promise<X509Certificate> =>
    issuedElsewhere({
      subject: commonNames,
      issuer: team.certificate.subject,
      publicKey: keys.publicKey,
      signingKey: team.key,
      extensions,
    });
  const carrying = (hex: string): Extension => new Extension(EXTENSION, false, Buffer.from(hex, 'hex'));
  const info = '3009020105a304b3020500';

  test.each<[string, () => Uint8Array[] | Promise<Uint8Array[]>, string]>([
    ['no chain', () => Promise.resolve([]), 'chain: it is empty'],
    [
      'a chain that is too long',
      () =>
        Array.from({ length: 10 }, () => der(root.certificate))
          .flat()
          .concat(der(command(INFO)))
          .reverse(),
      'chain: it has 11 certificates, 9 are the most',
    ],
    [
      'what is no certificate',
      () => Promise.resolve([new Uint8Array([48, 1])]),
      'leaf certificate: it cannot be read',
    ],
    [
      'a leaf without a command',
      () => Promise.resolve(der(root.certificate)),
      'leaf certificate: it has no command',
    ],
    [
      'a leaf that adds a policy',
      () => der(command({ kind: 'policy', value: { kind: 'add', value: wide } })),
      'leaf certificate: policy add is not for certificates of clients',
    ],
    [
      'a leaf that speaks as a daemon',
      () => der(command({ kind: 'console', value: { kind: 'add', value: 1 } })),
      'leaf certificate: console add is not for certificates of clients',
    ],
    [
      'a leaf that grants',
      () =>
        der(
          command({
            kind: 'kittiwake',
            value: { kind: 'grant', value: { policy: wide, issued: new Date(0) } },
          }),
        ),
      'leaf certificate: kittiwake grant is not for certificates of clients',
    ],
    [
      'an authority with another command',
      () => der(command(INFO), command(INFO)),
      'certificate 2 of the chain: an authority has a policy, and no other command',
    ],
    [
      'an authority without a name',
      async () =>
        der(
          command(INFO),
          await signed('O=a', [
            new Extension(
              EXTENSION,
              false,
              encodeExtension({ kind: 'policy', value: { kind: 'add', value: wide } }),
            ),
          ]),
        ),
      'certificate 2 of the chain: it has a policy, and no common name to go with it',
    ],
    [
      'two commands',
      async () => der(await signed('CN=a', [carrying(info), carrying(info)])),
      'several commands',
    ],
    ['two names', async () => der(await signed('CN=a, CN=b', [carrying(info)])), 'several common names'],
    ['a name that is none', async () => der(await signed('CN=../a', [carrying(info)])), 'label "../a"'],
    [
      'another version',
      async () => der(await signed('CN=a', [carrying('3009020104a304b3020500')])),
      'of version 4',
    ],
    ['a command that is not DER', async () => der(await signed('CN=a', [carrying('ff')])), 'it is not DER'],
    [
      'a command that needs a name',
      async () => der(await signed('O=a', [carrying('3009020105a504a2020500')])),
      'the command needs one',
    ],
  ])('%s', async (_, chain, cause) => {
    const certificates = await chain();
    const read = (): unknown => requestOf(certificates);
    expect(read).toThrow(ProtocolError);
    expect(read).toThrow(cause);
  });
});

function file(name: string, ...certificates: X509Certificate[]): string {
  const path = join(dir, name);
  writeFileSync(path, certificates.join(''));
  return path;
}

function openssl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  return `${status} ${stdout}${stderr}`;
}

test('OpenSSL finds the chain in order for a client, and not for a server', () => {
  const leaf = issueLeaf(anna, 'hello', keys.publicKey, INFO);
  const given = [
    ...['-x509_strict', '-CAfile', file('root.pem', root.certificate)],
    ...['-untrusted', file('chain.pem', anna.certificate, team.certificate)],
    file('leaf.pem', leaf),
  ];
  expect(openssl('verify', '-purpose', 'sslclient', ...given)).toMatch(/^0 .*: OK/);
  expect(openssl('verify', '-purpose', 'sslserver', ...given)).toMatch(
    /^2 .*unsuitable certificate purpose/s,
  );
  const shown = openssl(
    'x509',
    '-noout',
    '-subject',
    '-ext',
    'basicConstraints,keyUsage',
    '-in',
    file('a.pem', anna.certificate),
  );
  expect(shown).toMatch(/CN = anna/);
  expect(shown).toMatch(/critical\n *CA:TRUE\n/);
  expect(shown).toMatch(/Certificate Sign, CRL Sign/);
});

/** The certificates a peer sent, the leaf first. */
function chainOf(socket: TLSSocket): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (at) {
    found.push(new Uint8Array(at.raw));
    // The root is its own issuer.
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return found;
}

test('TLS 1.3 carries the chain from one end to the other', async () => {
  const serverKeys = newKeys();
  const certificate = issueServer(root, ['localhost', '127.0.0.1'], serverKeys.publicKey);
  const secureContext = createSecureContext({
    ca: root.certificate.toString(),
    cert: certificate.toString(),
    key: serverKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    minVersion: 'TLSv1.3',
  });
  const server = createServer();
  const asked = new Promise((resolve, reject) => {
    server.once('connection', (raw) => {
      const socket = new TLSSocket(raw, { isServer: true, secureContext, requestCert: true });
      socket.once('error', reject);
      // Node 24.21 forgets all but the leaf right after this event, in which tls.Server's comes too late.
      socket.once('secure', () => {
        resolve(requestOf(chainOf(socket)));
        socket.end();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const leaf = issueLeaf(team, 'hello', keys.publicKey, INFO);
  const client = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    ca: root.certificate.toString(),
    cert: `${leaf.toString()}${team.certificate.toString()}`,
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  });
  await once(client, 'secureConnect');
  expect(client.authorized).toBe(true);
  expect(await asked).toEqual({
    name: { path: ['team'], label: 'hello' },
    command: INFO,
    policies: [{ path: ['team'], policy: wide, issued: team.certificate.validFromDate }],
  });
  client.destroy();
  server.close();
});
