// The command at one end and the endpoint at the other: what people type becomes certificates, and is done.
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { kittiwake } from '../cli/kittiwake.ts';
import { World } from '../daemon/tls/world.ts';

let world: World;
let ca: string;
const IMAGE = join(import.meta.dirname, '../../fixtures/images/hello.spt');

beforeAll(async () => {
  world = await World.begin();
  ca = await world.rootFolder();
  const small = ['--unikernels', '2', '--memory', '64', '--cpu', '1'];
  expect(await kittiwake('ca', 'delegate', ca, 'anna', ...small)).toMatchObject({ status: 0 });
  expect(await kittiwake('ca', 'delegate', join(ca, 'anna'), 'site', ...small)).toMatchObject({ status: 0 });
});
afterAll(() => world.end());

const as = (identity: string, ...args: string[]) =>
  kittiwake(...args, '--remote', `127.0.0.1:${world.port}`, '--identity', join(ca, identity));

test('a unikernel is created, listed, restarted, stopped and removed from elsewhere', async () => {
  const site = 'anna/site';
  expect(await as(site, 'create', 'web', IMAGE, '--mem', '32')).toEqual({
    ...{ status: 0, notes: '', out: 'anna:site:web: created unikernel\n' },
  });
  const { out } = await as(site, 'ps');
  expect(out).toMatch(/^NAME .*\nanna:site:web +running/);
  expect((await as('anna', 'ps')).out).toBe(out);
  expect((await as('', 'ps')).out).toBe(out);
  for (const verb of ['restart', 'stop', 'rm'])
    expect(await as(site, verb, 'anna:site:web')).toMatchObject({
      ...{ status: 0, notes: '', out: expect.stringMatching(/^anna:site:web: .*ed unikernel/) as unknown },
    });
  expect((await as(site, 'ps')).out).toMatch(/^NAME .*\n$/);
});

test('limits go with an image that follows, change from elsewhere, and are bound by the same policies', async () => {
  const site = 'anna/site';
  const limits = async (): Promise<unknown> =>
    (JSON.parse((await as(site, 'ps', '--json')).out) as { limits?: unknown }[])[0]?.limits;
  const create = (memory: string) => as(site, 'create', 'web', IMAGE, '--cpu-limit', '50', '--mem', memory);
  expect(await create('128')).toMatchObject({ status: 69, notes: expect.stringMatching(/64 MB/) as unknown });
  expect(await create('32')).toMatchObject({ status: 0, out: 'anna:site:web: created unikernel\n' });
  expect(await limits()).toEqual({ cpuMax: 50 });
  expect(await as(site, 'limit', 'web', '--cpu-weight', '7')).toMatchObject({ status: 0 });
  expect(await limits()).toEqual({ cpuWeight: 7 });
  for (const [option, value] of [
    ['--cpu-weight', '0'],
    ['--cpu-weight', '10001'],
    ['--cpu-limit', '0'],
    ['--cpu-limit', '1.5'],
  ] as const)
    expect(await as(site, 'limit', 'web', option, value)).toMatchObject({ status: 64 });
  expect(await as(site, 'rm', 'web')).toMatchObject({ status: 0 });
});

test('policies of certificates are those of the server then', async () => {
  const { out } = await as('', 'policy', 'list');
  expect(out).toMatch(/\nanna: +2 +64 MB +none +1 +none\nanna:site: +2 /);
});

test('a lowered limit holds, also for who kept the certificate from before', async () => {
  const before = await fs.readFile(join(ca, 'anna/cert.pem'), 'utf8');
  const issued = (): Promise<string> =>
    kittiwake('cert', 'show', join(ca, 'anna/cert.pem'), '--json').then(
      ({ out }) => (JSON.parse(out) as { from: string }[])[0]?.from ?? '',
    );
  const first = await issued();
  const less = ['--unikernels', '1', '--memory', '16', '--cpu', '1', '--renew'];
  // Certificates count seconds, and the next is to be of a later one.
  await expect
    .poll(
      async () => {
        expect(await kittiwake('ca', 'delegate', ca, 'anna', ...less)).toMatchObject({ status: 0 });
        return issued();
      },
      { timeout: 10_000 },
    )
    .not.toBe(first);
  const refused = 'policy of anna: allows 16 MB of memory: 0 MB in use, 32 MB more wanted\n';
  const create = (identity: string, memory: string) => as(identity, 'create', 'x', IMAGE, '--mem', memory);
  expect(await create('anna', '32')).toMatchObject({ status: 69, notes: refused });
  await fs.writeFile(join(ca, 'anna/cert.pem'), before);
  expect(await create('anna', '32')).toMatchObject({ status: 69, notes: refused });
  expect(await create('anna/site', '32')).toMatchObject({ status: 69 });
  expect(await create('anna', '16')).toMatchObject({ status: 0 });
  expect(await as('anna', 'rm', 'x')).toMatchObject({ status: 0 });
});

describe('is refused, and told why:', () => {
  test.each<[string, () => ReturnType<typeof kittiwake>, number, RegExp]>([
    [
      'another name than the certificates are for',
      () => as('anna', 'rm', 'bob:web'),
      69,
      /bob:web: these certificates are for names in anna: and no others; use those of bob:/,
    ],
    ['no identity', () => kittiwake('ps', '--remote', 'localhost'), 64, /no --identity is given/],
    ['an identity for nothing', () => kittiwake('ps', '--identity', ca), 64, /--identity: of no use without/],
    ['two ways', () => kittiwake('ps', '--remote', 'localhost', '--sockets', '/'), 64, /leave one away/],
    ['no address', () => kittiwake('ps', '--remote', 'a:b:c', '--identity', ca), 64, /'a:b:c' is no address/],
    [
      'no files',
      () => kittiwake('ps', '--remote', 'localhost', '--identity', '/nonexistent'),
      66,
      /root\.pem: there is none/,
    ],
    [
      'nobody there',
      () => kittiwake('ps', '--remote', '127.0.0.1:1', '--identity', ca),
      69,
      /127\.0\.0\.1:1: nobody serves there/,
    ],
    [
      'a server of another name',
      () => as('anna', 'ps', '--server-name', 'elsewhere.example'),
      69,
      /--server-name NAME expects that one/,
    ],
  ])('%s', async (_, asked, status, cause) => {
    const did = await asked();
    expect(did.notes).toMatch(cause);
    expect(did).toMatchObject({ status, out: '' });
  });

  test('a server of another name, though the environment says that any will do', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const did = await as('anna', 'ps', '--server-name', 'elsewhere.example');
    vi.unstubAllEnvs();
    expect(did).toMatchObject({ status: 69, out: '' });
    expect(did.notes).toContain('--server-name NAME expects that one');
  });

  test('a server of somebody who was let in, and whom the root did not make one', async () => {
    const other = await World.begin({}, join(ca, 'anna'));
    const did = await kittiwake('ps', '--remote', `127.0.0.1:${other.port}`, '--identity', ca);
    expect(did).toMatchObject({ status: 69, out: '' });
    expect(did.notes).toContain('its certificate is not issued by the root itself');
    await other.end();
  });

  test('who was revoked', async () => {
    const revoke = ['cert', 'revoke', join(ca, 'anna/cert.pem'), '--list', world.revoked];
    expect(await kittiwake(...revoke)).toMatchObject({ status: 0 });
    for (const identity of ['anna', 'anna/site'])
      expect(await as(identity, 'ps')).toMatchObject({
        status: 69,
        notes: 'certificate: "CN=anna" was revoked\n',
      });
    expect(await as('', 'ps')).toMatchObject({ status: 0 });
  });
});
