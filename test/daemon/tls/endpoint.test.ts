// Clients that come by TLS: what their certificates ask for is done, and what they may not is refused, with the reason.
import * as fs from 'node:fs/promises';
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { keyOf, serialOf } from '../../../runtime/protocol/fingerprint.ts';
import { frame, STREAM_END } from '../../../runtime/protocol/frame.ts';
import { issueAuthority, newKeys, type Issuer } from '../../../runtime/protocol/issue.ts';
import type { Policy } from '../../../runtime/protocol/policy.ts';
import {
  BasicConstraintsExtension,
  Extension,
  issuedElsewhere,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
} from '../../foreign.ts';
import { encodeExtension, EXTENSION } from '../../../runtime/protocol/chain.ts';
import { answers, create, failure, IMAGE, INFO, pem, pems, text, World } from './world.ts';

const narrow: Policy = { cpuids: [0], unikernels: 2, memory: 64, bridges: ['service'] };

let world: World;
let team: Issuer;
let anna: Issuer;
beforeAll(async () => {
  world = await World.begin();
  team = authority(world.root, 'team', narrow);
  anna = authority(team, 'anna', { ...narrow, unikernels: 1 });
});
afterEach(() => fs.writeFile(world.revoked, ''));
afterAll(() => world.end());

function authority(issuer: Issuer, name: string, policy: Policy): Issuer {
  const { publicKey, privateKey } = newKeys();
  return { certificate: issueAuthority(issuer, name, publicKey, policy), key: privateKey, policy };
}
const revoke = (line: string): Promise<void> => fs.writeFile(world.revoked, `${line}\n`);

test('a unikernel is made, shown and destroyed by a chain of two authorities', async () => {
  const asked = (name: string | undefined, command: Parameters<World['leaf']>[3]) =>
    world.ask(world.leaf(anna, [team], name, command));
  const name = { path: ['team', 'anna'], label: 'hello' };
  expect(await asked('hello', create())).toEqual([
    { sequence: 0n, name, payload: text('created unikernel') },
  ]);
  // In lists names begin below the path.
  const listed = { name: { path: [], label: 'hello' } };
  expect(await asked(undefined, INFO)).toMatchObject([
    { name: { path: ['team', 'anna'] }, payload: { value: { kind: 'unikernels', value: [listed] } } },
  ]);
  expect(await asked('more', create())).toMatchObject([
    { payload: failure('policy of team:anna: allows 1 of unikernels: 1 in use, 1 more wanted') },
  ]);
  expect(await asked('hello', { kind: 'unikernel', value: { kind: 'destroy' } })).toMatchObject([
    { payload: text('destroyed unikernel') },
  ]);
});

test('an image that is streamed after the handshake is the one that is started', async () => {
  const image = Buffer.concat([IMAGE, Buffer.alloc(300_000, 'image')]);
  const shown = world.leaf(team, [], 'streamed', create({ image: new Uint8Array(0) }));
  const pieces = [image.subarray(0, 100_000), image.subarray(100_000)].map(frame);
  expect(await world.ask(shown, ...pieces, STREAM_END)).toMatchObject([
    { payload: text('created unikernel') },
  ]);
  const got = await world.ask(
    world.leaf(team, [], 'streamed', { kind: 'unikernel', value: { kind: 'get', value: 0 } }),
  );
  expect(got).toMatchObject([{ payload: { value: { value: { data: new Uint8Array(image) } } } }]);
  await world.ask(world.leaf(team, [], 'streamed', { kind: 'unikernel', value: { kind: 'destroy' } }));
});

test('a subscription goes on until its client says anything', async () => {
  const seen: Buffer[] = [];
  await world.serve('console.sock', (_, client) => {
    client.send({ kind: 'data', value: { kind: 'console', value: { time: new Date(0), line: 'a line' } } });
    return client.gone.then(() => undefined);
  });
  const shown = world.leaf(team, [], 'x', {
    kind: 'console',
    value: { kind: 'subscribe', value: { kind: 'count', value: 1 } },
  });
  const socket = world.client(shown);
  socket.on('data', (chunk: Buffer) => seen.push(chunk));
  while (!Buffer.concat(seen).includes('a line')) await once(socket, 'data');
  // Anything ends a subscription.
  socket.write('x');
  await once(socket, 'end');
  socket.destroy();
});

test('who is subscribed and ends what they say has the answer, and then the end', async () => {
  const quiet = await World.begin();
  await quiet.serve('console.sock', async (_, client) => {
    client.send(text('subscribed'));
    await client.gone;
    client.send({ kind: 'data', value: { kind: 'console', value: { time: new Date(0), line: 'a line' } } });
    return undefined;
  });
  const shown = quiet.leaf(quiet.root, [], 'x', {
    kind: 'console',
    value: { kind: 'subscribe', value: { kind: 'count', value: 1 } },
  });
  const socket = quiet.client(shown);
  socket.allowHalfOpen = true;
  await once(socket, 'secureConnect');
  socket.end();
  expect(await answers(socket)).toMatchObject([
    { payload: text('subscribed') },
    { payload: { kind: 'data' } },
  ]);
  await quiet.end();
});

test('certificates that are replaced are shown to who comes next, and to nobody who is there', async () => {
  const renewed = await World.begin();
  await renewed.serve('stat.sock', (_, client) => client.gone.then(() => undefined));
  const shown = renewed.leaf(renewed.root, [], undefined, {
    kind: 'stats',
    value: { kind: 'subscribe' },
  });
  const before = renewed.client(shown);
  await once(before, 'secureConnect');
  await renewed.renew();
  const after = renewed.client(shown);
  await once(after, 'secureConnect');
  const serial = (socket: TLSSocket): string | undefined => socket.getPeerX509Certificate()?.serialNumber;
  expect(serial(after)).not.toBe(serial(before));
  expect(before.closed).toBe(false);
  for (const socket of [before, after]) socket.destroy();
  await renewed.end();
});

describe('is refused, with the reason', () => {
  const leaf = (issuer: Issuer, above: Issuer[] = []) => world.leaf(issuer, above, undefined, INFO);

  test('a client without a certificate', async () => {
    expect(await world.ask(undefined)).toMatchObject([
      { name: { path: [] }, payload: failure('certificate: there is none; give one with a command in it') },
    ]);
  });

  test('a stranger, whose certificates end at another root', async () => {
    const other = await World.begin();
    const shown = other.leaf(other.root, [], undefined, INFO);
    const [answer] = await world.ask(shown);
    expect(answer?.payload).toMatchObject({ kind: 'failure' });
    expect(JSON.stringify(answer?.payload.value)).toMatch(/is not issued by|not signed by its key/);
    await other.end();
  });

  test('one whose authority was revoked by its key, and whoever is below it', async () => {
    await revoke(`key ${keyOf(team.certificate)} # left`);
    for (const shown of [leaf(team), leaf(anna, [team])])
      expect(await world.ask(shown)).toMatchObject([
        { payload: failure('certificate: "CN=team" was revoked') },
      ]);
    await revoke('');
    expect(await world.ask(leaf(team))).toMatchObject([{ payload: { kind: 'success' } }]);
  });

  test('one certificate by its number, and not the next of that key', async () => {
    const { publicKey, privateKey } = newKeys();
    const issued = (): Issuer => ({
      certificate: issueAuthority(world.root, 'bob', publicKey, narrow),
      key: privateKey,
    });
    const [before, after] = [issued(), issued()];
    await revoke(`serial ${serialOf(before.certificate)}`);
    expect(await world.ask(leaf(before))).toMatchObject([{ payload: { kind: 'failure' } }]);
    expect(await world.ask(leaf(after))).toMatchObject([{ payload: { kind: 'success' } }]);
  });

  test('everybody, while the list of who was revoked cannot be understood', async () => {
    await revoke('key 12');
    const expected = [
      {
        payload: failure(
          'certificate: whether it was revoked cannot be told; the log of the endpoint says why',
        ),
      },
    ];
    expect(await world.ask(leaf(team))).toMatchObject(expected);
    expect(world.log.join('\n')).toContain('line 1: a key has 64 digits');
    await fs.rm(world.revoked);
    expect(await world.ask(leaf(team))).toMatchObject(expected);
  });

  test('a policy that an authority wrote for itself, beside its own certificate', async () => {
    // The twin says what the genuine one says but for the policy. Where it has expired OpenSSL looks for another and finds the genuine one, and Node,
    // which asks only who was first, reads the twin.
    const wide: Policy = { ...narrow, memory: 4096, unikernels: 100 };
    const forger = newKeys();
    const twin = (notAfter: Date) =>
      issuedElsewhere({
        serialNumber: team.certificate.serialNumber,
        subject: team.certificate.subject,
        issuer: team.certificate.issuer,
        notBefore: team.certificate.validFromDate,
        notAfter,
        publicKey: team.certificate.publicKey,
        signingKey: forger.privateKey,
        extensions: [
          new Extension(
            EXTENSION,
            false,
            encodeExtension({ kind: 'policy', value: { kind: 'add', value: wide } }),
          ),
          ...new X509Certificate(team.certificate.raw).extensions.filter(({ type }) => type !== EXTENSION),
        ],
      });
    const shown = leaf(team);
    const [own = '', genuine = ''] = shown.cert.split(/(?<=-----END CERTIFICATE-----\n)/);
    const expired = pems(await twin(team.certificate.validFromDate));
    const valid = pems(await twin(team.certificate.validToDate));
    for (const authorities of [expired + genuine, valid + genuine, valid, expired]) {
      const [answer] = await world.ask({ ...shown, cert: own + authorities });
      expect(answer?.payload.kind).toBe('failure');
      expect(JSON.stringify(answer?.payload.value)).toMatch(
        /was valid until|not signed by its key|signature failure/,
      );
    }
  });

  test('one that an ordinary certificate has issued', async () => {
    const keys = newKeys();
    const shown = world.leaf(team, [], 'x', INFO);
    const [middle = ''] = shown.cert.split(/(?<=-----END CERTIFICATE-----\n)/);
    const forged = await issuedElsewhere({
      ...{ subject: 'CN=x', issuer: 'CN=x', publicKey: keys.publicKey, signingKey: keys.privateKey },
      extensions: [
        new BasicConstraintsExtension(false),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature),
        new Extension(EXTENSION, false, encodeExtension(INFO)),
      ],
    });
    const answer = await world.ask({
      cert: pems(forged) + middle + pems(team.certificate),
      key: pem(keys.privateKey),
    });
    expect(answer).toMatchObject([{ payload: { kind: 'failure' } }]);
  });
});

test('who is revoked while connected is let go', async () => {
  const quick = await World.begin({ revokedMs: 20 });
  await quick.serve('stat.sock', (_, client) => client.gone.then(() => undefined));
  const shown = quick.leaf(quick.root, [], undefined, { kind: 'stats', value: { kind: 'subscribe' } });
  const socket = quick.client(shown);
  socket.on('error', () => undefined).resume();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await expect.poll(() => quick.log.join('\n')).toContain('stats subscribe');
  await fs.writeFile(quick.revoked, `key ${keyOf(quick.root.certificate)}\n`);
  await closed;
  expect(quick.log.join('\n')).toContain('was revoked; its connection is closed');
  await quick.end();
});
