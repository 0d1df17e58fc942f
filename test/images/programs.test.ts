// The prebuilt images under spt: what they print, what they refuse, what netcheck answers to the kernel's own tools.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixtures, inNamespace, noTaps, TAP0, tender, tenders } from '../tender/tender.ts';

const hello = join(fixtures, 'hello.spt');
const netcheck = join(fixtures, 'netcheck.spt');
const spt = `${join(tenders, 'kittiwake-spt')} --mem=4`;

describe('hello', () => {
  test.each([
    [[], 0, 'Hello from a unikernel.\n'],
    [['a', 'b c'], 0, 'a b c\n'],
    [['--exit=0'], 0, 'Hello from a unikernel.\n'],
    [['x', '--exit=255'], 255, 'x\n'],
    [['--exit', '7', 'x'], 7, 'x\n'],
    [['--exit=256'], 64, "hello: --exit '256': not a number from 0 to 255\n"],
    [['--exit'], 64, "hello: --exit '': not a number from 0 to 255\n"],
    [['--nonsense'], 64, "hello: '--nonsense': unknown option; --help lists them\n"],
    [['esc\x1b[31m'], 0, 'esc?[31m\n'],
  ])('%j', (args, status, out) => {
    expect(tender('spt', '--mem=4', hello, ...args)).toMatchObject({ status, out, err: '' });
  });

  test('all of a command line that fills more than one piece of console output', () => {
    const words = Array.from({ length: 400 }, (_, i) => String(i * 7919));
    expect(tender('spt', '--mem=4', hello, ...words).out).toBe(`${words.join(' ')}\n`);
    const full = 'x'.repeat(512); // exactly one piece, its end in the next
    expect(tender('spt', '--mem=4', hello, full).out).toBe(`${full}\n`);
  });

  test('--help', () => {
    expect(tender('spt', hello, '--help')).toMatchObject({
      status: 0,
      out: expect.stringContaining('--exit=N') as string,
    });
  });
});

/** Runs a script in a network namespace with netcheck behind tap0 at 10.0.0.2, ready. */
function withNetcheck(args: string, script: string) {
  return inNamespace(
    `${TAP0}
console=$(mktemp)
${spt} --net:service=tap0 ${netcheck} ${args} >"$console" &
guest=$!
ping -q -c 1 -w 15 10.0.0.2 >/dev/null || { cat "$console"; exit 99; }
${script}
kill $guest 2>/dev/null
rm "$console"`,
  );
}

describe.skipIf(noTaps)(`netcheck ${noTaps ?? ''}`, () => {
  test.each([
    ['--ipv4=10.0.0.2', "--ipv4 '10.0.0.2': not a host's address with a prefix; write it as 10.0.0.2/24"],
    ['--ipv4-gateway=10.0.1.1', "--ipv4-gateway '10.0.1.1': not another host in the network of --ipv4"],
    ['--ipv4-gateway=10.0.0.2', "--ipv4-gateway '10.0.0.2': not another host in the network of --ipv4"],
    ['--ipv4-gateway=10.0.0.255', "--ipv4-gateway '10.0.0.255': not another host in the network of --ipv4"],
    ['--ipv4-gateway=10.0.0.0', "--ipv4-gateway '10.0.0.0': not another host in the network of --ipv4"],
    ['--ipv4-gateway=x', "--ipv4-gateway 'x': not an address; write it as 10.0.0.1"],
    [
      '-l loud',
      "-l: 'loud': not LEVEL or SOURCE:LEVEL; levels are quiet, app, error, warning, info and debug",
    ],
    ['-l nobody:debug', "-l 'nobody': no source of log lines; there are netcheck, dhcp and mdns"],
    ['--metrics-port=7', '--metrics-port: a port of netcheck itself; take another one'],
    ['--call=x', "--call 'x': not a host and a port; write it as 10.0.0.1:7 or [fd00::1]:7"],
    [
      '--call=10.0.0.1:0',
      "--call '10.0.0.1:0': not a host and a port; write it as 10.0.0.1:7 or [fd00::1]:7",
    ],
    ['--call=fd00::1:7', "--call 'fd00::1:7': not a host and a port; write it as 10.0.0.1:7 or [fd00::1]:7"],
    [
      '--call=[10.0.0.1]:7',
      "--call '[10.0.0.1]:7': not a host and a port; write it as 10.0.0.1:7 or [fd00::1]:7",
    ],
    ['--ping=10.0.0.300', "--ping '10.0.0.300': not a host's address or name; write it as 10.0.0.1"],
    ['--ping=224.0.0.1', "--ping '224.0.0.1': not a host's address or name; write it as 10.0.0.1"],
    ['--ping=ff02::1', "--ping 'ff02::1': not a host's address or name; write it as 10.0.0.1"],
    ['--ping=a..b', "--ping 'a..b': not a host's address or name; write it as 10.0.0.1"],
    ['--dns=x', "--dns 'x': not an address; write it as 10.0.0.1"],
    ['--count=0', "--count '0': not a number from 1 to 1000000"],
    ['--timeout=3601', "--timeout '3601': not a number from 1 to 3600"],
    ['--exit', '--exit: only with --call or --ping'],
    ['surplus', 'surplus: unknown; --help lists the options'],
  ])('refuses %s', (args, line) => {
    const ended = inNamespace(
      `ip tuntap add tap0 mode tap; ip link set tap0 up; exec ${spt} --net:service=tap0 ${netcheck} ${args}`,
    );
    expect(ended).toMatchObject({ status: 64, out: `netcheck: ${line}\n` });
  });

  test('answers pings of every size', () => {
    const { out } = withNetcheck(
      '',
      'for size in 0 1 63 64 65 500 1471 1472; do ping -q -c 2 -w 15 -i 0.01 -s $size 10.0.0.2 | grep -o " 0% packet loss"; done',
    );
    expect(out).toBe(' 0% packet loss\n'.repeat(8));
  });

  test('says what it sees with -l debug, and only that it is ready without', () => {
    const loud = withNetcheck(
      '-l debug',
      'ip neigh flush dev tap0; ping -q -c 1 -w 15 10.0.0.2 >/dev/null; cat "$console"',
    ).out;
    expect(loud).toMatch(/^netcheck: ready: 10\.0\.0\.2\/24, MAC ([0-9a-f]{2}:){5}[0-9a-f]{2}\n/);
    expect(loud).toMatch(/^arp: 10\.0\.0\.1 asks who has 10\.0\.0\.2; answered$/m);
    expect(loud).toMatch(/^icmp: echo request from 10\.0\.0\.1, number \d+, 64 bytes; answered$/m);
    expect(withNetcheck('', 'cat "$console"').out.trim().split('\n')).toHaveLength(1);
    expect(withNetcheck('-l error', 'cat "$console"').out).toBe('');
  });

  test('ignores a datagram with a wrong checksum, and goes on', () => {
    // A raw socket leaves the UDP header to whoever writes it; perl is on every Debian.
    const datagram = 'pack("n4a*", 40000, 7, 12, 0x1234, "oops")';
    const to = 'pack("Sna4x8", 2, 0, "\\x0a\\x00\\x00\\x02")';
    // It says of each ping that it has answered it: of one before and one after, and more where the first was sent before it was ready.
    const { out } = withNetcheck(
      '-l debug',
      `perl -e 'socket(my $s, 2, 3, 17) or die; send($s, ${datagram}, 0, ${to}) or die'
ping -q -c 1 -w 15 10.0.0.2 >/dev/null
until [ "$(grep -c '^icmp: echo request' "$console")" -ge 2 ]; do sleep 0.05; done
cat "$console"`,
    );
    expect(out).toMatch(
      /^dropped: 46 bytes from [0-9a-f:]{17} type 0x0800: malformed UDP or wrong checksum$/m,
    );
    expect(out).not.toContain('sent back');
  });

  test('answers another network through its gateway, and not without one', () => {
    const script = (seconds: number) => `ip link set lo up; ip addr add 192.0.2.7/32 dev lo
ping -q -c 1 -W ${seconds} -I 192.0.2.7 10.0.0.2 | grep -o "[0-9]* received"; cat "$console"`;
    expect(withNetcheck('--ipv4-gateway=10.0.0.1 -l error', script(15)).out).toBe('1 received\n');
    expect(withNetcheck('-l debug', script(1)).out).toMatch(
      /^0 received\n[^]*type 0x0800: from another network, and there is no gateway$/m,
    );
  });

  test('echoes UDP at port 7, whole datagrams as they came', () => {
    const client = `
const socket = require('node:dgram').createSocket('udp4');
const sizes = [0, 1, 2, 512, 1471, 1472];
const timer = setTimeout(() => process.exit(1), 15000);
let next = 0;
const send = () => socket.send(Buffer.alloc(sizes[next], 'kittiwake'), 7, '10.0.0.2');
socket.on('message', (data, { port }) => {
  console.log(port, data.length, data.equals(Buffer.alloc(sizes[next], 'kittiwake')));
  if (++next < sizes.length) return send();
  clearTimeout(timer);
  socket.close();
});
send();`;
    const { out } = withNetcheck('', `${process.execPath} -e "${client.replaceAll('\n', ' ')}"`);
    expect(out).toBe([0, 1, 2, 512, 1471, 1472].map((size) => `7 ${size} true\n`).join(''));
  });
});
