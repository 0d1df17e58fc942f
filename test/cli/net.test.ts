// The words of `kittiwake net`: what it refuses before it looks at the host, what it shows of what is remembered, and its help.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Command } from '../../runtime/cli/command.ts';
import { net } from '../../runtime/cli/commands/net.ts';
import { installAt } from '../../runtime/cli/install.ts';
import { main } from '../../runtime/cli/main.ts';
import { withTap, type Network } from '../../runtime/network/model.ts';
import { folderStore } from '../../runtime/network/store.ts';

const empty: Network = {
  ...{
    name: 'web',
    subnet: '10.0.42.0/24',
    subnet6: 'fd00:42::/64',
    forward: 'nat',
    uplink: 'eth0',
    dhcp: false,
    isolated: false,
  },
  ...{ seed: '5e'.repeat(32), taps: [], former: [], published: [] },
};
const web: Network = {
  ...withTap(withTap(empty, { name: 'www', user: 'agent' }), { name: 'db' }),
  published: [{ protocol: 'tcp', address: '127.0.0.1', port: 8080, tap: 'www', guestPort: 80 }],
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-net-'));
  folderStore(folder).write(web);
  folderStore(folder).write({ ...empty, name: 'lab', dhcp: true, removing: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

async function kittiwake(...args: string[]): Promise<{ status: number; out: string; notes: string[] }> {
  const did = { status: -1, out: '', notes: [] as string[] };
  did.status = await main(['net', ...args], {
    out: (text) => (did.out += text),
    note: (line) => did.notes.push(line),
    colour: false,
    install: installAt('/nonexistent'),
    probeKvm: () => ({ state: 'missing', detail: '' }),
    exec: () => undefined,
  });
  return did;
}

describe('refusals', () => {
  test.each<[string[], number, RegExp]>([
    [[], 64, /no command given; 'kittiwake net --help' lists them/],
    [['destroy'], 64, /'destroy': no such command/],
    [['create'], 64, /net create takes NAME; see 'kittiwake net create --help'/],
    [['create', 'web'], 64, /network web: no subnet given; add --subnet/],
    [['create', 'web', '--subnet', '10.0.42.1/24'], 64, /has host bits set; the subnet is 10\.0\.42\.0\/24/],
    [['create', 'Web', '--subnet', '10.0.42.0/24'], 64, /network 'Web': not a name for a network/],
    [
      ['create', 'web', '--subnet', '10.0.42.0/24', '--nat', '--routed'],
      64,
      /either this or --nat; leave one away/,
    ],
    [['create', 'web', '--nap'], 64, /'--nap'.*see 'kittiwake net create --help'/],
    [['tap', 'web'], 64, /net tap: 'web': neither add nor rm; see 'kittiwake net tap --help'/],
    [['tap', 'add', 'web'], 64, /net tap add takes NETWORK NAME/],
    [['tap', 'rm', '--farce'], 64, /see 'kittiwake net tap rm --help'/],
    [['publish', 'web', '8080:80'], 64, /'8080:80': not a port to publish; write it as 8080:www:80/],
    [['publish', 'web', '70000:www:80'], 64, /not a port to publish/],
    [['publish', 'web', '8080:www:0'], 64, /not a port to publish/],
    [['publish', 'web', '8080:www:80/sctp'], 64, /not a port to publish/],
    [['publish', 'web', '[127.0.0.1]:8080:www:80'], 64, /not a port to publish/],
    [['publish', 'web', '[::1]:8080:www:80'], 64, /port \[::1\]:8080\/tcp: .*; publish it at 127\.0\.0\.1/],
    [['unpublish', 'web', 'http'], 64, /'http': not a published port; write it as 8080/],
    [['inspect', 'dmz'], 66, /network dmz: no such network; 'kittiwake net list' lists them/],
    [['inspect', '../web'], 64, /not a name for a network/],
    [['rm', '\u001b[2J'], 64, /^network '\\x1b\[2J': not a name/],
  ])('%j', async (args, status, message) => {
    const state = args.length > 1 ? ['--state', folder] : [];
    expect(await kittiwake(...args, ...state)).toMatchObject({
      status,
      out: '',
      notes: [expect.stringMatching(message)],
    });
  });

  test('a damaged file is named', async () => {
    const other = mkdtempSync(join(tmpdir(), 'kittiwake-net-'));
    writeFileSync(join(other, 'web.json'), '{}');
    expect(await kittiwake('list', '--state', other)).toMatchObject({
      status: 65,
      notes: [expect.stringMatching(/web\.json: damaged \(version/)],
    });
    rmSync(other, { recursive: true });
  });
});

test('list shows each network in a line', async () => {
  expect((await kittiwake('list', '--state', folder)).out).toBe(
    `\
NETWORK  BRIDGE  SUBNET        SUBNET6       FORWARD       TAPS  PORTS
lab      kw-lab  10.0.42.0/24  fd00:42::/64  half removed  0     0
web      kw-web  10.0.42.0/24  fd00:42::/64  nat by eth0   2     1
`,
  );
  const json = JSON.parse((await kittiwake('list', '--json', '--state', folder)).out) as { name: string }[];
  expect(json.map(({ name }) => name)).toEqual(['lab', 'web']);
  expect((await kittiwake('list', '--state', join(folder, 'none'))).out).toBe(
    'NETWORK  BRIDGE  SUBNET  SUBNET6  FORWARD  TAPS  PORTS\n',
  );
});

test('inspect shows who has which address, and how to run a unikernel there', async () => {
  const { out } = await kittiwake('inspect', 'web', '--state', folder);
  expect(out).toContain('subnet    10.0.42.0/24, host 10.0.42.1\n');
  expect(out).toMatch(/^www {2}02:[0-9a-f:]{14} {2}10\.0\.42\.2 {2}fd00:42::2 {2}agent$/m);
  expect(out).toMatch(/^db {3}02:[0-9a-f:]{14} {2}10\.0\.42\.3 {2}fd00:42::3 {2}root$/m);
  expect(out).toMatch(/^127\.0\.0\.1:8080\/tcp {2}www {2}80$/m);
  expect(out).toMatch(
    /^kittiwake run --net:service=www --net-mac:service=02:\S+ IMAGE -- --ipv4=10\.0\.42\.2\/24 --ipv4-gateway=10\.0\.42\.1 --ipv6=fd00:42::2\/64 --ipv6-gateway=fd00:42::1$/m,
  );
  const json = JSON.parse((await kittiwake('inspect', 'web', '--json', '--state', folder)).out) as Record<
    string,
    unknown
  >;
  expect(json).toMatchObject({
    bridge: 'kw-web',
    gateway: '10.0.42.1',
    gateway6: 'fd00:42::1',
    forward: 'nat',
  });
  expect(Object.keys(json)).not.toContain('seed');
  // The host has no such network: what was dropped is not to be had, and is not said to be nothing.
  expect(json['drops']).toBeNull();
  expect(out).toContain("dropped   only root may ask: 'sudo kittiwake net inspect web'\n");
});

test('each command has its help, with examples, no line longer than a terminal', async () => {
  const visit = async (command: Command, path: string[]): Promise<void> => {
    const { status, out } = await kittiwake(...path, '--help');
    expect({ path, status }).toEqual({ path, status: 0 });
    expect(out).toBe(command.help);
    expect(out).toContain(`Usage: kittiwake ${['net', ...path].join(' ')}`);
    expect(out).toContain('\nExamples:\n');
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    for (const option of command.options.filter((each) => each.startsWith('--')))
      expect(out + 'the help: --help', `${path.join(' ')} ${option}`).toContain(option);
    for (const inner of command.commands ?? []) await visit(await inner.load(), [...path, inner.name]);
  };
  await visit(net, []);
});
