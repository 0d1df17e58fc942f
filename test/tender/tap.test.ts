// The tenders and taps: in a network namespace of the test's own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { guestElf, call, type Guest } from './guest-elf.ts';
import { fixtures, inNamespace, noTaps, TAP0, tenders } from './tender.ts';

const spt = `${join(tenders, 'kittiwake-spt')} --sysexits --mem=4`;
const netcheck = join(fixtures, 'netcheck.spt');

describe.skipIf(noTaps)(`a running tender ${noTaps ?? ''}`, () => {
  test('has no capability, no way to gain one, a filter, and no descriptor of its caller', () => {
    const ended = inNamespace(`
${TAP0}
exec 7</etc/passwd
${spt} --net:service=tap0 ${netcheck} >&2 &
ping -q -c 1 -w 15 10.0.0.2 >&2 || exit 1
grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/$!/status
readlink /proc/$!/fd/* | grep -e passwd -e hello -e netcheck
kill $!`);
    const none = '0000000000000000';
    expect(ended.out.replaceAll('\t', ' ')).toBe(
      `CapInh: ${none}\nCapPrm: ${none}\nCapEff: ${none}\nCapBnd: ${none}\nCapAmb: ${none}\nNoNewPrivs: 1\nSeccomp: 2\n`,
    );
  });
});

describe.skipIf(noTaps)(`a tap ${noTaps ?? ''}`, () => {
  test.each([
    [
      'is not there',
      '',
      'tap0',
      78,
      /tap0 does not exist; create it with 'sudo ip tuntap add dev tap0 mode tap user \$USER'/,
    ],
    [
      'is down',
      'ip tuntap add tap0 mode tap',
      'tap0',
      78,
      /tap0 is down; bring it up with 'sudo ip link set dev tap0 up'/,
    ],
    ['is none', 'ip link set lo up', 'lo', 78, /lo is not a tap interface/],
    [
      'is a tun',
      'ip tuntap add tun0 mode tun; ip link set tun0 up',
      'tun0',
      78,
      /tun0 is not a tap interface/,
    ],
    [
      'has many queues',
      'ip tuntap add tap0 mode tap multi_queue; ip link set tap0 up',
      'tap0',
      78,
      /multi-queue tap/,
    ],
  ])('that %s is refused', (_, prepare, name, status, line) => {
    const ended = inNamespace(`${prepare}\nexec ${spt} --net:service=${name} ${netcheck}`);
    expect(ended.err).toMatch(line);
    expect(ended.status).toBe(status);
  });

  test('in use by another tender is refused, and stays as it is', () => {
    const ended = inNamespace(`
${TAP0}
${spt} --net:service=tap0 ${netcheck} >&2 &
ping -q -c 1 -w 15 10.0.0.2 >&2 || exit 1
${spt} --net:service=tap0 ${netcheck}
echo "second: $?"
ping -q -c 1 -w 15 10.0.0.2 >&2 && echo "first: answers"
kill $!`);
    expect(ended.out).toBe('second: 78\nfirst: answers\n');
    expect(ended.err).toMatch(/tap0 is in use by another process/);
  });

  test('has the MAC address it is given, and its MTU', () => {
    const ended = inNamespace(`
${TAP0} mtu 9000
${spt} --net-mac:service=02:00:00:00:be:ef --net:service=tap0 ${netcheck} --ipv4=10.0.0.77/24 >&2 &
ping -q -c 1 -w 15 10.0.0.77 >&2 || exit 1
ping -q -c 1 -w 15 -M do -s 8972 10.0.0.77 >&2 && echo jumbo
ip neigh show dev tap0 | grep -o 'lladdr [^ ]*'
kill $!`);
    expect(ended.out).toBe('jumbo\nlladdr 02:00:00:00:be:ef\n');
  });

  test('a thousand flood pings lose none', () => {
    const ended = inNamespace(`
${TAP0}
${spt} --net:service=tap0 ${netcheck} >&2 &
ping -q -c 1 -w 15 10.0.0.2 >&2 || exit 1
ping -q -f -c 1000 10.0.0.2
kill $!`);
    expect(ended.out).toContain('1000 packets transmitted, 1000 received, 0% packet loss');
  });
});

// Its device's features stand at 97 in the first manifest entry behind the reserved one, which spt puts at 0x11028.
const FEATURES = 0x11028 + 8 + 104 + 97;
/** movzbl FEATURES, %edi; exit_group. */
const exitWithFeatures = [
  0x0f,
  0xb6,
  0x3c,
  0x25,
  FEATURES & 255,
  (FEATURES >> 8) & 255,
  FEATURES >> 16,
  0,
  ...call(231),
];

describe.skipIf(noTaps)(`offloads ${noTaps ?? ''}`, () => {
  const told = (...guests: Guest[]): string => {
    const folder = mkdtempSync(join(tmpdir(), 'kittiwake-offload-'));
    try {
      const runs = guests.map((guest, index) => {
        const image = join(folder, `${index}.spt`);
        const devices = [{ name: 'service', type: 2 }];
        writeFileSync(image, guestElf({ ...guest, code: exitWithFeatures, devices }));
        return `${spt} --net:service=tap0 ${image}; echo $?`;
      });
      return inNamespace(`ip tuntap add tap0 mode tap; ip link set tap0 up\n${runs.join('\n')}`).out;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('are given to an image that says it understands them, and to no other, on the same tap', () => {
    expect(told({ features: 1 }, {}, { features: 0 }, { features: 0xffffffff })).toBe('1\n0\n0\n1\n');
  });

  test('are not there because the image says so in its own manifest', () => {
    expect(told({ spoil: (manifest) => manifest.writeUInt8(1, 8 + 104 + 97) })).toBe('0\n');
  });
});
