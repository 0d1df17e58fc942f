// Clients that mean harm, or that others wrote: before it is known who somebody is nothing of theirs may cost more than a little, and nobody else may
// notice. OpenSSL's own client, with certificates made by OpenSSL, among them.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as tcp, type Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKeyPairSync, randomBytes, type X509Certificate } from 'node:crypto';
import { neighbourhood } from '../../../runtime/daemon/tls/endpoint.ts';
import { verified } from '../../../runtime/daemon/tls/trust.ts';
import { encodeExtension, EXTENSION, requestOf } from '../../../runtime/protocol/chain.ts';
import type { Command } from '../../../runtime/protocol/command.ts';
import { ProtocolError } from '../../../runtime/protocol/errors.ts';
import { frame, STREAM_END } from '../../../runtime/protocol/frame.ts';
import { issueAuthority, issueLeaf, newKeys, type Issuer } from '../../../runtime/protocol/issue.ts';
import type { Policy } from '../../../runtime/protocol/policy.ts';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  issuedElsewhere,
  KeyUsageFlags,
  KeyUsagesExtension,
} from '../../foreign.ts';
import { create, failure, IMAGE, INFO, pem, pems, text, World } from './world.ts';

const LIMITS = {
  handshakeMs: 1500,
  perAddress: 12,
  images: 12 << 20,
  largeCertificates: 6 << 20,
  lingerMs: 500,
  idleMs: 3000,
};
const POLICY: Policy = { cpuids: [0], unikernels: 50, memory: 2048, bridges: [] };

let world: World;
let team: Issuer;
beforeAll(async () => {
  world = await World.begin(LIMITS);
  const { publicKey, privateKey } = newKeys();
  team = { certificate: issueAuthority(world.root, 'team', publicKey, POLICY), key: privateKey };
  file('root.pem', pems(world.root.certificate));
  file('root.key', pem(world.root.key));
});
afterAll(() => world.end());

function file(name: string, content: string): string {
  const path = join(world.folder, name);
  writeFileSync(path, content);
  return path;
}
const at = (name: string): string => join(world.folder, name);

/** Once `socket` is closed, in whatever way. */
function ended(socket: Socket): Promise<void> {
  socket.on('error', () => undefined).resume();
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** A client that is what it should be: it must be served whatever others do. */
async function served(): Promise<void> {
  await expect
    .poll(
      async () => {
        const answers = await world.ask(world.leaf(team, [], undefined, INFO)).catch(() => []);
        return answers[0]?.payload.kind;
      },
      { timeout: 20_000 },
    )
    .toBe('success');
}

describe("OpenSSL's client", () => {
  function openssl(...args: string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }
  /** A certificate for `name` that carries `command`, signed by `issuer`. */
  function issue(name: string, issuer: string, command: Command, authority: boolean, subject = name): void {
    const hex = Buffer.from(encodeExtension(command))
      .toString('hex')
      .replace(/..(?=.)/g, '$&:');
    file(
      `${name}.cnf`,
      `basicConstraints=critical,CA:${authority ? 'TRUE' : 'FALSE'}\n${EXTENSION}=DER:${hex}\n`,
    );
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
    openssl(
      'req',
      ...key,
      '-keyout',
      at(`${name}.key`),
      '-subj',
      `/CN=${subject}`,
      '-out',
      at(`${name}.csr`),
    );
    const signed = ['-CA', at(`${issuer}.pem`), '-CAkey', at(`${issuer}.key`), '-days', '2'];
    openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...signed,
      '-extfile',
      at(`${name}.cnf`),
      '-out',
      at(`${name}.pem`),
    );
  }
  /** What `openssl s_client` prints, and what its status is. */
  async function client(...args: string[]): Promise<{ status: number; out: Buffer; err: string }> {
    const child = spawn(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${world.port}`, '-CAfile', at('root.pem'), ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const out: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const [status] = (await once(child, 'close')) as [number];
    return { status, out: Buffer.concat(out), err };
  }

  beforeAll(() => {
    issue('made.by.openssl', 'root', { kind: 'policy', value: { kind: 'add', value: POLICY } }, true);
    issue('hello', 'made.by.openssl', create(), false);
    issue('bye', 'made.by.openssl', { kind: 'unikernel', value: { kind: 'destroy' } }, false, 'hello');
  });
  const shown = (name: string): string[] => [
    ...['-cert', at(`${name}.pem`), '-key', at(`${name}.key`), '-cert_chain', at('made.by.openssl.pem')],
  ];

  test('creates and destroys a unikernel, with certificates that OpenSSL made', async () => {
    expect((await client('-quiet', ...shown('hello'))).out.toString('latin1')).toContain('created unikernel');
    expect((await client('-quiet', ...shown('bye'))).out.toString('latin1')).toContain('destroyed unikernel');
  });

  test('is refused with an older TLS, and its log says why', async () => {
    const { err } = await client('-tls1_2', ...shown('bye'));
    expect(err).toMatch(/alert protocol version/);
    await expect.poll(() => world.log.join('\n')).toContain('it does not speak TLS 1.3');
  });

  test('cannot come back by a session that was', async () => {
    await client('-quiet', '-sess_out', at('session'), ...shown('bye'));
    const { out } = await client('-ign_eof', '-sess_in', at('session'), ...shown('bye')).catch(() => ({
      out: Buffer.alloc(0),
    }));
    expect(out.toString('latin1')).not.toContain('Reused');
  });
});

describe('before it is known who somebody is', () => {
  const open = async (): Promise<Socket> => {
    const socket = tcp(world.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };

  test('what is not TLS ends the connection', async () => {
    const firsts = fc.oneof(
      fc.uint8Array({ minLength: 6, maxLength: 600 }),
      // What begins as a record of a handshake.
      fc
        .uint8Array({ minLength: 6, maxLength: 600 })
        .map((rest) => Uint8Array.of(0x16, 3, 1, 0, rest.length & 255, 1, 0, 0, ...rest)),
      fc.constant(Buffer.from('GET / HTTP/1.1\r\n\r\n')),
    );
    await fc.assert(
      fc.asyncProperty(firsts, async (bytes) => {
        const socket = await open();
        socket.end(bytes);
        await ended(socket);
      }),
      { numRuns: 150 },
    );
    await served();
  });

  test('who says nothing is let go', async () => {
    const sockets = await Promise.all(Array.from({ length: 5 }, open));
    await Promise.all(sockets.map(ended));
    expect(world.log.join('\n')).toContain('no handshake in time');
  });

  test('who drips a handshake is let go', async () => {
    const socket = await open();
    const hello = Buffer.from('1603010200010001fc0303', 'hex');
    let at = 0;
    const drip = setInterval(() => socket.write(hello.subarray(at, ++at)), 200);
    await ended(socket);
    clearInterval(drip);
  });

  test('one address does not take what is there for all, and is served again when it has let go', async () => {
    const sockets = await Promise.all(Array.from({ length: 60 }, open));
    await expect
      .poll(() => sockets.filter((socket) => socket.closed || socket.readableEnded).length)
      .toBeGreaterThan(0);
    for (const socket of sockets) socket.resume();
    await expect
      .poll(() => sockets.filter(({ closed: gone }) => gone).length)
      .toBeGreaterThanOrEqual(60 - LIMITS.perAddress);
    for (const socket of sockets) socket.destroy();
    await served();
    await expect
      .poll(() => world.log.join('\n'), { timeout: 20_000 })
      .toMatch(/\d+ connections were turned away: too many at a time/);
  });
});

test('addresses are counted by who has them', () => {
  expect(neighbourhood('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(neighbourhood('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2');
  expect(neighbourhood('2001:db8::5')).toBe('2001:db8:0:0');
  expect(neighbourhood('fe80::1%eth0')).toBe('fe80:0:0:0');
  expect(neighbourhood('::1')).toBe('0:0:0:0');
});

describe('one who has certificates', () => {
  test('but more than nine of them is refused', async () => {
    const chain: Issuer[] = [team];
    for (let depth = 0; depth < 10; depth += 1) {
      const { publicKey, privateKey } = newKeys();
      const [above = team] = chain;
      chain.unshift({
        certificate: issueAuthority(above, `d${depth}`, publicKey, POLICY),
        key: privateKey,
      });
    }
    const [deepest = team, ...above] = chain;
    expect(await world.ask(world.leaf(deepest, above, 'x', INFO))).toMatchObject([
      { payload: failure('certificate: the chain has more than 9 certificates') },
    ]);
  });

  test.each<[string, string, RegExp]>([
    ['a command that is not DER', 'ff', /it is not DER/],
    ['a command of another version', '3009020104a304b3020500', /of version 4/],
    ['a command that no client has', '300b020105a006a204a3020500', /not/],
  ])('and in it %s, is told', async (_, hex, cause) => {
    const keys = newKeys();
    const certificate = await issuedElsewhere({
      ...{
        subject: 'CN=x',
        issuer: team.certificate.subject,
        publicKey: keys.publicKey,
        signingKey: team.key,
      },
      extensions: [new Extension(EXTENSION, false, Buffer.from(hex, 'hex'))],
    });
    const [answer] = await world.ask({
      cert: pems(certificate, team.certificate),
      key: pem(keys.privateKey),
    });
    expect(answer?.payload.kind).toBe('failure');
    expect(JSON.stringify(answer?.payload.value)).toMatch(cause);
  });

  test('and an image of megabytes in it is served, up to what anybody may show', async () => {
    const image = Buffer.concat([IMAGE, randomBytes(5 << 20)]);
    const [answer] = await world.ask(world.leaf(team, [], 'large', create({ image })));
    expect(answer?.payload).toEqual(text('created unikernel'));
    const [got] = await world.ask(
      world.leaf(team, [], 'large', { kind: 'unikernel', value: { kind: 'get', value: 0 } }),
    );
    const said = got?.payload.kind === 'success' ? got.payload.value : undefined;
    // Comparing millions of numbers one by one takes a minute.
    expect(said?.kind === 'image' && Buffer.from(said.value.data).equals(image)).toBe(true);
    const larger = world.client(world.leaf(team, [], 'x', create({ image: Buffer.alloc(7 << 20) })));
    await ended(larger);
    await expect
      .poll(() => world.log.join('\n'), { timeout: 20_000 })
      .toContain('more than 6144 KiB, the most that is taken now');
    await served();
  });

  test('of whom a few at a time may show as much, and not those who have shown less', async () => {
    const few = await World.begin({ large: 1 });
    await few.serve('stat.sock', (_, client) => client.gone.then(() => undefined));
    const subscribed = few.client(
      few.leaf(few.root, [], undefined, { kind: 'stats', value: { kind: 'subscribe' } }),
    );
    await expect.poll(() => few.log.join('\n')).toContain('stats subscribe');
    const large = few.leaf(few.root, [], 'large', create({ image: randomBytes(200_000) }));
    const [answer] = await few.ask(large);
    expect(answer?.payload.kind).toBe('failure'); // Random bytes are no image, but were taken.
    // The first one that says nothing after that one has let go takes the place.
    const waiting: Socket[] = [subscribed];
    const refused = async (): Promise<string> => {
      waiting.push(tcp(few.port, '127.0.0.1').on('error', () => undefined));
      await ended(few.client(large));
      return few.log.join('\n');
    };
    await expect.poll(refused).toContain('more than 100 KiB');
    for (const socket of waiting) socket.destroy();
    await few.end();
  });

  const streamed = () => world.leaf(team, [], 'streamed', create({ image: new Uint8Array(0) }));

  test('and an image larger than there is room for is told, and leaves the room to others', async () => {
    expect(await world.ask(streamed(), frame(Buffer.alloc(13 << 20)), STREAM_END)).toMatchObject([
      { payload: failure('image: as many are being sent by others as there is room for; try again') },
    ]);
    expect(await world.ask(streamed(), frame(IMAGE), STREAM_END)).toMatchObject([
      { payload: text('created unikernel') },
    ]);
  });

  test('and announces more than it ever sends is told, or let go', async () => {
    expect(await world.ask(streamed(), Buffer.from('7fffffff', 'hex'))).toMatchObject([
      {
        payload: {
          kind: 'failure',
          value: expect.stringMatching(/frame: 2147483647 bytes are announced/) as unknown,
        },
      },
    ]);
    const socket = world.client(streamed());
    await once(socket, 'secureConnect');
    socket.write(Buffer.from('03ffffff00', 'hex'));
    await ended(socket);
    await served();
  });
});

test('certificates are refused that OpenSSL would not take for a client either', async () => {
  const root = world.root.certificate;
  const leafs = newKeys();
  const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
  const signed = async (extensions: Extension[], publicKey = leafs.publicKey): Promise<Buffer> => {
    const certificate = await issuedElsewhere({
      ...{ subject: 'CN=x', issuer: world.root.certificate.subject, publicKey, signingKey: world.root.key },
      extensions,
    });
    return certificate.raw;
  };
  const weak = rsa(2048);
  const below = new Extension(EXTENSION, false, encodeExtension(INFO));
  const authority = await issuedElsewhere({
    ...{ subject: 'CN=weak', issuer: world.root.certificate.subject, publicKey: weak.publicKey },
    signingKey: world.root.key,
    extensions: [new BasicConstraintsExtension(true)],
  });
  const forgeable = await issuedElsewhere(
    {
      ...{ subject: 'CN=x', issuer: 'CN=weak', publicKey: leafs.publicKey, signingKey: weak.privateKey },
      extensions: [below],
    },
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' },
  );
  const noSigner = await issuedElsewhere({
    ...{ subject: 'CN=weak', issuer: world.root.certificate.subject, publicKey: weak.publicKey },
    signingKey: world.root.key,
    extensions: [new BasicConstraintsExtension(true), new KeyUsagesExtension(KeyUsageFlags.digitalSignature)],
  });
  const der = ({ raw }: X509Certificate): Buffer => raw;
  for (const [chain, cause] of [
    [[await signed([new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth])])], /not for clients/],
    [[await signed([new KeyUsagesExtension(KeyUsageFlags.keyEncipherment)])], /may not sign/],
    [[await signed([new Extension('2.5.29.30', true, Buffer.from('3000', 'hex'))])], /2\.5\.29\.30/],
    [[await signed([], rsa(1024).publicKey)], /RSA key of 1024 bits/],
    [[der(forgeable), der(authority)], /signed with SHA-1/],
    [[der(forgeable), der(noSigner)], /SHA-1|no authority's/],
    [[await signed([]), der(authority)], /not issued by/],
  ] as const)
    expect(() => verified(chain, root, Date.now())).toThrow(cause);
  const good = await signed([new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])]);
  expect(verified([good], root, Date.now())).toHaveLength(2);
  expect(() => verified([good], root, Date.now() - 86_400_000)).toThrow(/is not valid before .*clocks/);
  expect(() => verified([good], root, Date.now() + 5000 * 86_400_000)).toThrow(/was valid until/);
});

test('a certificate with a key that OpenSSL cannot read is refused as it comes', () => {
  const { publicKey } = newKeys();
  const [leaf, ...above] = [issueLeaf(team, 'x', publicKey, create()), team.certificate];
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const damaged = Buffer.from(leaf.raw);
  // The last byte of the first identifier in the key: that of its algorithm.
  damaged[damaged.indexOf(key) + key.indexOf(6) + 1 + (key[key.indexOf(6) + 1] ?? 0)] = 0;
  const chain = [damaged, ...above.map(({ raw }) => raw)];
  expect(() => verified(chain, world.root.certificate, Date.now())).toThrow(
    new ProtocolError('certificate', 'certificate: it cannot be read'),
  );
});

test('certificates that are damaged are refused in one line, whatever is wrong with them', () => {
  const { publicKey } = newKeys();
  const leaf = issueLeaf(team, 'x', publicKey, create());
  const whole = [leaf, team.certificate, world.root.certificate].map(({ raw }) => Uint8Array.from(raw));
  const root = world.root.certificate;
  const change = fc.record({
    which: fc.nat(2),
    at: fc.nat(),
    byte: fc.nat(255),
    cut: fc.option(fc.nat(), { freq: 4 }),
  });
  let refused = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const damaged = whole.map((der) => Uint8Array.from(der));
      for (const { which, at: place, byte, cut } of changes) {
        const der = damaged[which] ?? new Uint8Array(0);
        if (der.length === 0) continue;
        der[place % der.length] = byte;
        if (cut !== null) damaged[which] = der.slice(0, cut % der.length);
      }
      for (const read of [
        () => requestOf(damaged),
        () =>
          verified(
            damaged.map((der) => Buffer.from(der)),
            root,
            Date.now(),
          ),
      ])
        try {
          read();
        } catch (error) {
          refused += 1;
          if (!(error instanceof ProtocolError)) throw error;
          expect(error.message).not.toContain('\n');
        }
    }),
    { numRuns: 1000 },
  );
  expect(refused).toBeGreaterThan(500);
});
