// `kittiwake ca` and `kittiwake cert`: what they make is what OpenSSL finds right, and nothing that was there is lost.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kittiwake } from './kittiwake.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-ca-'));
  expect(await kittiwake('ca', 'init', at('ca'), '--server', 'localhost', '--server', '::1')).toMatchObject({
    status: 0,
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (...parts: string[]): string => join(folder, ...parts);
const read = (...parts: string[]): string => readFileSync(at(...parts), 'utf8');

function openssl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  return `${status} ${stdout}${stderr}`;
}

const SMALL = ['--unikernels', '2', '--memory', '64', '--cpu', '0-1'];
const delegate = (from: string, name: string, ...more: string[]) =>
  kittiwake('ca', 'delegate', at(from), name, ...more);

test('a chain is made in two commands, and OpenSSL verifies it', async () => {
  expect(
    await delegate(
      'ca',
      'Anna',
      '--unikernels',
      '5',
      '--memory',
      '512',
      '--cpu',
      '0,1',
      '--bridge',
      'br0',
      '--block',
      '9',
    ),
  ).toEqual({
    status: 0,
    notes: '',
    out: `${at('ca', 'anna')}: anna: may have 5 unikernels; 512 MB; CPUs 0,1; block devices of 9 MB; bridges br0\n`,
  });
  expect((await delegate('ca/anna', 'site', ...SMALL, '--bridge', 'br0')).out).toContain(
    'anna:site: may have 2',
  );
  const site = at('ca', 'anna', 'site', 'cert.pem');
  const strict = ['verify', '-x509_strict', '-CAfile', at('ca', 'root.pem')];
  expect(openssl(...strict, '-untrusted', site, site)).toMatch(/^0 .*OK/);
  expect(
    openssl(
      ...strict,
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'localhost',
      at('ca', 'server', 'cert.pem'),
    ),
  ).toMatch(/^0 .*OK/);
  expect(openssl(...strict, '-purpose', 'sslclient', at('ca', 'server', 'cert.pem'))).toMatch(/^2 /);
  expect(openssl('x509', '-noout', '-text', '-in', site)).toMatch(
    /CA:TRUE[\s\S]*1\.3\.6\.1\.4\.1\.49836\.42/,
  );
});

test('keys and folders are for their owner alone, and keys are never printed', async () => {
  const { out } = await delegate('ca', 'carol', ...SMALL);
  const mode = (...parts: string[]): number => statSync(at(...parts)).mode & 0o777;
  for (const parts of [['ca'], ['ca', 'carol'], ['ca', 'server']]) {
    expect(mode(...parts)).toBe(parts.includes('server') ? 0o755 : 0o700);
    expect(mode(...parts, 'key.pem')).toBe(0o600);
    expect(openssl('pkey', '-noout', '-in', at(...parts, 'key.pem'))).toMatch(/^0 /);
  }
  expect(out).not.toContain(read('ca', 'carol', 'key.pem').split('\n')[1]);
});

test('a limit is changed for the same key, and the old certificate is replaced', async () => {
  await delegate('ca', 'dora', ...SMALL);
  const key = read('ca', 'dora', 'key.pem');
  const before = await kittiwake('cert', 'show', at('ca', 'dora', 'cert.pem'), '--json');
  await delegate('ca', 'dora', '--unikernels', '1', '--memory', '32', '--cpu', '0', '--renew');
  const after = await kittiwake('cert', 'show', at('ca', 'dora', 'cert.pem'), '--json');
  const [[was], [is]] = [before, after].map(({ out }) => JSON.parse(out) as Record<string, string>[]) as [
    Record<string, string>[],
    Record<string, string>[],
  ];
  expect(is).toMatchObject({ key: was?.['key'], subject: 'CN=dora' });
  expect(is?.['serial']).not.toBe(was?.['serial']);
  expect(is?.['may']).toContain('1 unikernels; 32 MB; CPUs 0;');
  expect(read('ca', 'dora', 'key.pem')).toBe(key);
  expect(readdirSync(at('ca', 'dora')).sort()).toEqual(['cert.pem', 'key.pem', 'root.pem']);
});

test("a server's certificate is issued anew for its key and its names, and a second server gets its own", async () => {
  const server = at('ca', 'server');
  const fact = (folder: string, ...args: string[]): string =>
    openssl('x509', '-noout', ...args, '-in', join(folder, 'cert.pem'));
  const facts = (): string[] => [fact(server, '-pubkey'), fact(server, '-ext', 'subjectAltName')];
  const [before, number] = [facts(), fact(server, '-serial')];
  expect(await kittiwake('ca', 'server', at('ca'), server, '--renew')).toMatchObject({
    status: 0,
    notes: '',
  });
  expect(facts()).toEqual(before);
  expect(before[1]).toMatch(/DNS:localhost, IP Address:0:0:0:0:0:0:0:1/);
  expect(fact(server, '-serial')).not.toBe(number);
  await kittiwake('ca', 'server', at('ca'), at('second'), '--server', 'second.example.org');
  expect(readdirSync(at('second')).sort()).toEqual(['cert.pem', 'key.pem', 'revoked', 'root.pem']);
  const strict = ['verify', '-x509_strict', '-CAfile', at('ca', 'root.pem'), '-purpose', 'sslserver'];
  for (const folder of [server, at('second')])
    expect(openssl(...strict, join(folder, 'cert.pem'))).toMatch(/^0 .*OK/);
});

test('a key that was made elsewhere stays there', async () => {
  await kittiwake('cert', 'request', at('bob'));
  expect(openssl('req', '-verify', '-noout', '-in', at('bob', 'request.pem'))).toMatch(/^0 /);
  expect(await delegate('ca', 'bob', ...SMALL, '--request', at('bob', 'request.pem'))).toMatchObject({
    status: 0,
  });
  expect(readdirSync(at('ca', 'bob')).sort()).toEqual(['cert.pem', 'root.pem']);
  const of = (...args: string[]): string => openssl(...args, '-pubout').replace(/^\d /, '');
  expect(openssl('x509', '-noout', '-pubkey', '-in', at('ca', 'bob', 'cert.pem'))).toContain(
    of('pkey', '-in', at('bob', 'key.pem')).trim(),
  );
});

test('an authority that OpenSSL made of another kind of key can delegate as well', async () => {
  const own = ['-keyout', at('ec', 'key.pem'), '-out', at('ec', 'cert.pem'), '-subj', '/CN=made elsewhere'];
  spawnSync('mkdir', [at('ec')]);
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', ...own);
  writeFileSync(at('ec', 'root.pem'), read('ec', 'cert.pem'));
  expect(await delegate('ec', 'eve', ...SMALL)).toMatchObject({ status: 0, notes: '' });
  const verify = openssl('verify', '-CAfile', at('ec', 'root.pem'), at('ec', 'eve', 'cert.pem'));
  expect(verify).toMatch(/^0 .*OK/);
});

test('a certificate is refused by its key or its number, once', async () => {
  const list = at('ca', 'server', 'revoked');
  await delegate('ca', 'mallory', ...SMALL);
  const revoke = (...more: string[]) =>
    kittiwake('cert', 'revoke', at('ca', 'mallory', 'cert.pem'), '--list', list, ...more);
  expect((await revoke()).out).toMatch(/: key [0-9a-f]{64} is let in no more\n$/);
  expect((await revoke()).out).toMatch(/is there already\n$/);
  expect((await revoke('--serial')).out).toMatch(/: serial [0-9a-f]{30,34} is let in no more\n$/);
  expect(read('ca', 'server', 'revoked')).toMatch(
    /^#.*\nkey \w{64} # CN=mallory, .*\nserial \w+ # CN=mallory, .*\n$/,
  );
  writeFileSync(list, 'nonsense\n');
  expect(await revoke()).toMatchObject({
    status: 71,
    notes: `${list}: line 1: neither \`key HEX\` nor \`serial HEX\`\n`,
  });
});

describe('refuses, and leaves everything as it is:', () => {
  test.each<[string, () => string[], number, RegExp]>([
    [
      'a root of trust that is there',
      () => ['ca', 'init', at('ca'), '--server', 'x'],
      66,
      /ca: it is there already/,
    ],
    ['a server without a name', () => ['ca', 'init', at('x')], 64, /no --server given/],
    [
      'a server that is none',
      () => ['ca', 'init', at('x'), '--server', 'a b'],
      64,
      /neither a name nor an address/,
    ],
    ['a second server without a name', () => ['ca', 'server', at('ca'), at('x')], 64, /no --server given/],
    [
      'a server of somebody who was let in',
      () => ['ca', 'server', at('ca', 'anna'), at('x'), '--server', 'a'],
      66,
      /it is not the root of trust/,
    ],
    [
      'a second server where there is one',
      () => ['ca', 'server', at('ca'), at('ca', 'server'), '--server', 'a'],
      66,
      /it is there already/,
    ],
    ['a folder in nowhere', () => ['ca', 'init', at('no', 'x'), '--server', 'a'], 66, /ENOENT/],
    ['no policy', () => ['ca', 'delegate', at('ca'), 'x'], 64, /no --memory given|no --unikernels given/],
    [
      'no number',
      () => ['ca', 'delegate', at('ca'), 'x', '--unikernels', 'many', '--memory', '1', '--cpu', '0'],
      64,
      /'many' is not a whole number/,
    ],
    [
      'no CPUs',
      () => ['ca', 'delegate', at('ca'), 'x', '--unikernels', '1', '--memory', '1', '--cpu', '1-0'],
      64,
      /'1-0' is no CPU/,
    ],
    ['no name', () => ['ca', 'delegate', at('ca'), '../x', ...SMALL], 64, /label "\.\.\/x"/],
    [
      'no authority',
      () => ['ca', 'delegate', at('none'), 'x', ...SMALL],
      66,
      /root\.pem: there is none; 'kittiwake ca init'/,
    ],
    [
      'more than is its own',
      () => ['ca', 'delegate', at('ca', 'anna'), 'x', '--unikernels', '6', '--memory', '1', '--cpu', '0'],
      64,
      /unikernels: 6, of 5 allowed/,
    ],
    [
      'no request',
      () => ['ca', 'delegate', at('ca'), 'x', ...SMALL, '--request', at('ca', 'root.pem')],
      66,
      /no request for a certificate/,
    ],
    [
      'two ways at once',
      () => ['ca', 'delegate', at('ca'), 'x', ...SMALL, '--request', 'y', '--renew'],
      64,
      /leave one away/,
    ],
    ['no days', () => ['ca', 'delegate', at('ca'), 'x', ...SMALL, '--days', '0'], 64, /not a number of days/],
    ['no certificate', () => ['cert', 'show', at('ca', 'key.pem')], 66, /no certificate in PEM/],
    ['no list', () => ['cert', 'revoke', at('ca', 'cert.pem')], 64, /no --list given/],
    ['no command', () => ['ca'], 64, /no command given/],
    ['another command', () => ['cert', 'x'], 64, /'x': no such command/],
  ])('%s', async (_, args, status, cause) => {
    const before = readdirSync(folder, { recursive: true }).sort();
    const did = await kittiwake(...args());
    expect(did.status).toBe(status);
    expect(did.notes).toMatch(cause);
    expect(did.notes.trim()).not.toContain('\n');
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
  });
});
