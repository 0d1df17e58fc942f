// netcheck calls others: Linux's own stack, and another netcheck on the same bridge; by address and by name, with what goes wrong.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Namespace, noNamespaces } from './namespace.ts';
import { serveNames } from './names.ts';
import { noImage, prebuilt, Unikernel } from './unikernel.ts';

const skipped = noNamespaces ?? noImage('netcheck');
const noServer =
  spawnSync('busybox', ['udhcpd', '--help']).status === null ? 'busybox is not installed' : undefined;
const folder = mkdtempSync(join(tmpdir(), 'kittiwake-calls-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ADDRESSES = ['--ipv4=10.0.0.2/24', '--ipv6=fd00::2/64'];
const GATEWAYS = ['--ipv4-gateway=10.0.0.1', '--ipv6-gateway=fd00::1'];
const MS = String.raw`\d+\.\d{3} ms`;

/** A tap with Linux's own stack at 10.0.0.1 and fd00::1, where an echo service listens at port 7. */
async function host(): Promise<Namespace> {
  const namespace = await Namespace.open();
  await namespace.tap('tap0', '10.0.0.1/24', 'fd00::1/64');
  const server = namespace.start([
    process.execPath,
    '-e',
    `require('node:net').createServer((socket) => socket.pipe(socket)).listen(7, '::', () => console.log('listening'))`,
  ]);
  if (server.stdout) await once(server.stdout, 'data');
  return namespace;
}

/** netcheck to its end: its status, and its lines behind the one that says it is ready. */
async function netcheck(
  namespace: Namespace,
  ...args: string[]
): Promise<{ status: number | null; lines: string[] }> {
  const guest = new Unikernel(namespace, {
    image: prebuilt('netcheck'),
    args: [...ADDRESSES, '--exit', ...args],
  });
  const status = await guest.status();
  const lines = guest.console.trimEnd().split('\n');
  return { status, lines: lines.filter((line) => !line.startsWith('netcheck: ready')) };
}

describe.skipIf(skipped)(`netcheck calls ${skipped ?? ''}`, () => {
  test.each(['10.0.0.1', 'fd00::1'])(
    'Linux at %s: ping, then TCP, as often as it is told',
    async (address) => {
      await using namespace = await host();
      const target = address.includes(':') ? `[${address}]` : address;
      const { status, lines } = await netcheck(
        namespace,
        `--ping=${address}`,
        `--call=${target}:7`,
        '--count=2',
      );
      expect(lines).toEqual([
        ...Array<unknown>(2).fill(expect.stringMatching(`^netcheck: ping ${address}: answered in ${MS}$`)),
        ...Array<unknown>(2).fill(
          expect.stringMatching(
            `^netcheck: call ${address} port 7: connected in ${MS}, answered 'Hello from netcheck\\.' in ${MS}$`,
          ),
        ),
      ]);
      expect(status).toBe(0);
    },
  );

  test.each([
    ['--call=10.0.0.1:81', 'call 10.0.0.1 port 81: refused: nobody listens at the port'],
    ['--call=[fd00::1]:81', 'call fd00::1 port 81: refused: nobody listens at the port'],
    ['--ping=10.0.0.9', 'ping 10.0.0.9: nobody answers ARP for it or its gateway'],
    ['--call=10.0.0.9:7', 'call 10.0.0.9 port 7: nobody answers ARP for it or its gateway'],
    ['--call=[fd00::9]:7', 'call fd00::9 port 7: nobody answers neighbour discovery for it or its router'],
    ['--ping=192.0.2.1', 'ping 192.0.2.1: cannot be reached, says the network'],
    ['--ping=2001:db8::1', 'ping 2001:db8::1: cannot be reached, says the network'],
    ['--call=198.51.100.1:7', 'call 198.51.100.1 port 7: no answer in time'],
    ['--call=[2001:db8:1::1]:7', 'call 2001:db8:1::1 port 7: no answer in time'],
  ])('%s, and says what is wrong: status 69', async (argument, line) => {
    await using namespace = await host();
    await namespace.shell(`sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip route add unreachable 192.0.2.0/24; ip route add blackhole 198.51.100.0/24
ip -6 route add unreachable 2001:db8::/64; ip -6 route add blackhole 2001:db8:1::/64`);
    const ended = await netcheck(namespace, ...GATEWAYS, '--timeout=2', argument);
    expect(ended).toEqual({ status: 69, lines: [`netcheck: ${line}`] });
  });

  test('nobody without a way there', async () => {
    await using namespace = await host();
    const { status, lines } = await netcheck(namespace, '--timeout=1', '--ping=192.0.2.1');
    const line =
      'netcheck: ping 192.0.2.1: no way there; is a gateway missing, or an address of its version of IP?';
    expect({ status, lines }).toEqual({ status: 69, lines: [line] });
  });

  test('a name, by the server it is given: the next address when one does not answer, IPv6 first', async () => {
    await using namespace = await host();
    await serveNames(
      namespace,
      'both.test=fd00::1,10.0.0.1',
      'old.test=10.0.0.1',
      'half.test=fd00::9,10.0.0.1',
    );
    // Its own IPv6 address is usable a second after the start: until then names mean IPv4.
    for (const [server, used] of [
      ['10.0.0.1', String.raw`(fd00::1|10\.0\.0\.1)`],
      ['fd00::1', 'fd00::1'],
    ]) {
      const args = [`--dns=${server}`, '--ping=both.test', '--call=old.test:7'];
      const { status, lines } = await netcheck(namespace, ...args);
      expect(lines).toEqual([
        expect.stringMatching(`^netcheck: ping both\\.test \\(${used}\\): answered in ${MS}$`),
        expect.stringMatching(`^netcheck: call old\\.test \\(10\\.0\\.0\\.1\\) port 7: connected in`),
      ]);
      expect(status).toBe(0);
    }
    const { status, lines } = await netcheck(namespace, '--dns=fd00::1', '--timeout=4', '--call=half.test:7');
    expect(lines).toEqual([
      'netcheck: call half.test (fd00::9) port 7: nobody answers neighbour discovery for it or its router',
      expect.stringMatching(`^netcheck: call half\\.test \\(10\\.0\\.0\\.1\\) port 7: connected in`),
    ]);
    expect(status).toBe(0);
  });

  test.each([
    [['--dns=10.0.0.1', '--ping=nowhere.test'], 'ping nowhere.test: the name does not exist'],
    [['--dns=10.0.0.9', '--ping=both.test', '--timeout=2'], 'ping both.test: no DNS server answers in time'],
    [
      ['--ping=both.test', '--timeout=1'],
      'ping both.test: no DNS server is in reach; give one with --dns, or use --dhcp',
    ],
  ])('a name, and says what is wrong: %j', async (args, line) => {
    await using namespace = await host();
    await serveNames(namespace, 'both.test=fd00::1,10.0.0.1');
    expect(await netcheck(namespace, ...args)).toEqual({ status: 69, lines: [`netcheck: ${line}`] });
  });

  test.skipIf(noServer)('a name, by the server of its DHCP lease', async () => {
    await using namespace = await host();
    await serveNames(namespace, 'old.test=10.0.0.1');
    const file = join(folder, 'dhcp.conf');
    writeFileSync(
      file,
      `start 10.0.0.50\nend 10.0.0.50\ninterface tap0\nlease_file ${file}.leases\npidfile ${file}.pid
max_leases 1\nopt subnet 255.255.255.0\nopt dns 10.0.0.1\nopt lease 3600\n`,
    );
    writeFileSync(`${file}.leases`, '');
    const server = namespace.start(['busybox', 'udhcpd', '-f', file]);
    if (server.stderr) await once(server.stderr, 'data');
    const args = ['--dhcp', '--ping=old.test', '--exit'];
    const guest = new Unikernel(namespace, { image: prebuilt('netcheck'), args });
    expect(await guest.status()).toBe(0);
    expect(guest.console).toMatch(/netcheck: ping old\.test \(10\.0\.0\.1\): answered in/);
  });

  test('another netcheck across a bridge, both ways at the same time, and goes on serving', async () => {
    await using namespace = await Namespace.open();
    await namespace.shell('ip link add bridge0 type bridge; ip link set bridge0 up');
    const guests = await Promise.all(
      [2, 3].map(async (own) => {
        const other = 5 - own;
        await namespace.tap(`tap${own}`);
        await namespace.shell(`ip link set tap${own} master bridge0`);
        const addresses = [`--ipv4=10.0.0.${own}/24`, `--ipv6=fd00::${own}/64`];
        const args = [...addresses, `--ping=fd00::${other}`, `--call=10.0.0.${other}:7`, '--timeout=20'];
        return new Unikernel(namespace, { image: prebuilt('netcheck'), tap: `tap${own}`, args });
      }),
    );
    for (const guest of guests) {
      await guest.line(/ping fd00::[23]: answered in/);
      await guest.line(/call 10\.0\.0\.[23] port 7: connected in .*, answered 'Hello from netcheck\.' in/);
    }
    for (const guest of guests) await guest.stop();
  });
});
