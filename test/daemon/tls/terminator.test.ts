// What speaks TLS for the endpoint, by itself and under AddressSanitizer: whatever is said, in whatever pieces, by whoever ends first, arrives.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as tcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check, shown, terminate, type Terminated } from '../../../runtime/daemon/tls/terminator.ts';
import { issueLeaf, issueRoot, issueServer, newKeys, type Issuer } from '../../../runtime/protocol/issue.ts';
import { root as project } from '../../../scripts/setup/root.ts';
import { INFO, pem, pems } from './world.ts';

const BUILD_LIMIT_MS = 180_000;
const program = join(project, 'build', 'tender', 'tls-terminator-fuzz');
const folder = mkdtempSync(join(tmpdir(), 'kittiwake-terminator-'));
const at = (name: string): string => join(folder, name);
const files = { root: at('root.pem'), cert: at('cert.pem'), key: at('key.pem') };
const server = createServer({ pauseOnConnect: true });
let client: { cert: string; key: string };
let root: Issuer;

beforeAll(async () => {
  const source = join(project, 'runtime', 'daemon', 'tls', 'terminator');
  const { status, stderr } = spawnSync('make', ['-s', '-C', source, 'fuzz'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [keys, own, leafs] = [newKeys(), newKeys(), newKeys()];
  root = { certificate: issueRoot('root', keys), key: keys.privateKey };
  writeFileSync(files.root, pems(root.certificate));
  writeFileSync(files.cert, pems(issueServer(root, ['127.0.0.1'], own.publicKey)));
  writeFileSync(files.key, pem(own.privateKey));
  client = {
    cert: pems(issueLeaf(root, 'x', leafs.publicKey, INFO)),
    key: pem(leafs.privateKey),
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}, BUILD_LIMIT_MS);
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const port = (): number => (server.address() as AddressInfo).port;
/** A connection of `dialled`'s, in the hands of a terminator. */
async function accepted(
  dial: () => Socket,
  ms = 20_000,
): Promise<{ dialled: Socket; terminated: Terminated }> {
  const coming = once(server, 'connection') as Promise<[Socket]>;
  const dialled = dial().on('error', () => undefined);
  const [raw] = await coming;
  const terminated = terminate(program, files, raw, { most: 1 << 20, ms });
  terminated.socket.on('error', () => undefined);
  return { dialled, terminated };
}
const dialTls = (): TLSSocket => {
  const dialled = connect({
    port: port(),
    host: '127.0.0.1',
    ca: readFileSync(files.root, 'utf8'),
    ...client,
  });
  dialled.allowHalfOpen = true;
  return dialled;
};
/** The terminator's own end: 0, or the status of a handshake that failed; a sanitizer has others. */
async function ended({ process: child }: Terminated): Promise<number | null> {
  if (child.exitCode === null) await once(child, 'exit');
  return child.exitCode;
}
async function all(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of socket as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

const said = fc.array(fc.uint8Array({ minLength: 1, maxLength: 70_000, size: 'max' }), { maxLength: 6 });

test('what both say arrives, and the end of each, in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(said, said, fc.boolean(), async (there, back, first) => {
      const { dialled, terminated } = await accepted(dialTls);
      const { socket } = terminated;
      const chain = await shown(socket, 1 << 20);
      // OpenSSL's client sends the root, too, where it knows it.
      expect(chain).toHaveLength(2);
      const [heard, answered] = [all(socket), all(dialled)];
      const say = (to: Socket, pieces: readonly Uint8Array[]): void => {
        for (const piece of pieces) to.write(piece);
        to.end();
      };
      say(first ? dialled : socket, first ? there : back);
      if (first) expect((await heard).equals(Buffer.concat(there))).toBe(true);
      else expect((await answered).equals(Buffer.concat(back))).toBe(true);
      say(first ? socket : dialled, first ? back : there);
      expect((await heard).equals(Buffer.concat(there))).toBe(true);
      expect((await answered).equals(Buffer.concat(back))).toBe(true);
      expect(await ended(terminated)).toBe(0);
    }),
    { numRuns: 25 },
  );
}, 120_000);

test('whoever goes in the middle ends it', async () => {
  await fc.assert(
    fc.asyncProperty(said, said, fc.boolean(), async (there, back, clientGoes) => {
      const { dialled, terminated } = await accepted(dialTls);
      await shown(terminated.socket, 1 << 20);
      for (const piece of there) dialled.write(piece);
      for (const piece of back) terminated.socket.write(piece);
      (clientGoes ? dialled : terminated.socket).destroy();
      (clientGoes ? terminated.socket : dialled).resume().end();
      expect(await ended(terminated)).toBe(0);
    }),
    { numRuns: 25 },
  );
}, 120_000);

test('damaged records end it, in the handshake and after it', async () => {
  let failed = 0;
  const noise = fc.uint8Array({ minLength: 1, maxLength: 400 });
  await fc.assert(
    fc.asyncProperty(noise, fc.option(fc.nat(3000)), async (bytes, where) => {
      // Between the client and the terminator, who passes on all but some bytes.
      const { dialled: outer, terminated } = await accepted(() => tcp(port(), '127.0.0.1'), 1500);
      const middle = createServer((inner) => {
        let passed = 0;
        inner.on('error', () => outer.destroy());
        outer.on('data', (piece: Buffer) => inner.write(piece));
        outer.once('close', () => inner.destroy());
        inner.once('close', () => outer.destroy());
        inner.on('data', (piece: Buffer) => {
          if (where !== null && passed <= where && where < passed + piece.length)
            piece.set(bytes.subarray(0, piece.length - (where - passed)), where - passed);
          passed += piece.length;
          outer.write(piece);
          if (where === null) outer.write(bytes);
        });
      });
      middle.listen(0, '127.0.0.1');
      await once(middle, 'listening');
      const dialled = connect({
        port: (middle.address() as AddressInfo).port,
        ...{ host: '127.0.0.1', ca: readFileSync(files.root, 'utf8'), ...client },
      });
      dialled.on('error', () => undefined).resume();
      dialled.end('a word');
      try {
        await shown(terminated.socket, 1 << 20);
      } catch {
        failed += 1;
      }
      terminated.socket.resume().end();
      outer.resume();
      expect([0, 76]).toContain(await ended(terminated));
      dialled.destroy();
      middle.close();
    }),
    { numRuns: 40 },
  );
  expect(failed).toBeGreaterThan(10);
}, 120_000);

describe('says at once what is wrong with', () => {
  test.each<[string, Partial<typeof files>, RegExp]>([
    ['a root that is not there', { root: '/none' }, /\/none: /],
    ['a certificate that is none', { cert: at('key.pem') }, /key\.pem: no start line/],
    ['a key of another certificate', { key: at('other.pem') }, /other\.pem: key values mismatch/],
  ])('%s', (_, wrong, cause) => {
    writeFileSync(at('other.pem'), pem(newKeys().privateKey));
    expect(() => check(program, { ...files, ...wrong })).toThrow(cause);
  });
  test('a program that is not there', () => {
    expect(() => check('/none', files)).toThrow(/\/none: .*install Kittiwake again/);
    expect(() => check(program, files)).not.toThrow();
  });
});
