// The net ring of hvt: what it carries, what becomes of a guest that breaks its rules; in a lab VM. And other devices of hvt there.
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { labVm } from '../vm/lab.ts';
import { assemble } from './assemble.ts';
import { DATA } from './code.ts';
import { guestElf, type Guest } from './guest-elf.ts';
import { tender } from './tender.ts';

const RUN_LIMIT_MS = 100_000;
/** Where everything is emulated and the host busy. */
vi.setConfig({ testTimeout: 120_000 });

const MEMORY = 0x400000;

/** What guests are written with: the hypercalls, the ring's fields, and what an honest guest does with them. */
const PRELUDE = `
.set DATA, ${DATA}
.set ARG, DATA + 0x7000
.set FRAME, 0x300000
.set RING, ${MEMORY}
.set COMMITS, RING + 32896
.macro hypercall number, argument
  mov $\\argument, %eax
  mov $(0x500 + \\number), %edx
  out %eax, %dx
.endm
.macro exit status
  movq $0, ARG
  movl $\\status, ARG + 8
  hypercall 8, ARG
.endm
.macro exit_with address
  mov \\address, %eax
  movq $0, ARG
  mov %eax, ARG + 8
  hypercall 8, ARG
.endm
/* Sleeps for two years, or as long as the nanoseconds in %rax. */
.macro sleep_forever
  mov $0x100000000000000, %rax
  mov %rax, ARG
  hypercall 3, ARG
.endm
.macro entry slot, operation, handle, data, length
  movl $\\operation, RING + 128 + 32 * \\slot
  movl $\\handle, RING + 128 + 32 * \\slot + 4
  mov $\\data, %rax
  mov %rax, RING + 128 + 32 * \\slot + 8
  movl $\\length, RING + 128 + 32 * \\slot + 16
  movl $(100 + \\slot), RING + 128 + 32 * \\slot + 20
.endm
.macro kick
  mov $0x600, %edx
  out %eax, %dx
.endm
.macro publish tail
  movl $\\tail, RING
  mfence
  kick
.endm
/* Until so many entries have been carried out. */
.macro await head
7: pause
  cmpl $\\head, RING + 64
  jne 7b
.endm
`;

/** What test/tender/inherit.c does, for a machine without a compiler: PROGRAM as "perl inherit KIND PROGRAM", the descriptor is 7. */
const PAIR = String.raw`use Socket; use POSIX;
my $kind = shift;
socketpair(my $end, my $other, AF_UNIX, $kind =~ /^dgram/ ? SOCK_DGRAM : SOCK_SEQPACKET, 0) or die;
send($other, "\2\0\0\0\0\1\2\0\0\0\0\2\x88\xb5" . "\0" x 46, 0) or die;
close $other if $kind =~ /gone/;
$| = 1;
my $child = fork;
if ($child == 0) { POSIX::dup2(fileno($end), 7); exec @ARGV }
close $end;
my ($ended, $status) = (0, 0);
until ($ended) {
  ($ended, $status) = (1, $?) if waitpid($child, WNOHANG) == $child;
  for (;;) {
    vec(my $ready = '', fileno($other), 1) = 1 unless $kind =~ /gone/;
    last if select($ready, undef, undef, $ended ? 0 : 0.02) < 1;
    last unless defined recv($other, my $frame, 70000, MSG_DONTWAIT);
    last if $kind eq 'seqpacket' && $frame eq ''; # its end
    print "got ", length $frame, $kind =~ /show/ ? ' ' . unpack('H8', substr $frame, 14) : '', "\n";
  }
}
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);`;

const lab = labVm(RUN_LIMIT_MS, async (lab) => {
  const prepared = await lab.run(`cat > /tmp/inherit <<'END'
${PAIR}
END
ip tuntap add tap0 mode tap
echo 1 > /proc/sys/net/ipv6/conf/tap0/disable_ipv6
ip link set tap0 up`);
  expect(prepared).toEqual({ status: 0, out: '' });
});
const vm = lab.run;

/** Shell that writes bytes to a file in the VM. */
function into(file: string, bytes: Buffer): string {
  const packed = spawnSync('gzip', ['-9c'], { input: bytes }).stdout.toString('base64');
  return `base64 -d <<'END' | gunzip > ${file}\n${packed.replaceAll(/.{1000}/g, '$&\n')}\nEND\n`;
}

const NET = [{ name: 'net', type: 2 }];
const DATA_SEGMENT = { address: DATA, flags: 6, bytes: [7], memory: 0x8000 };

let made = 0;
/** Shell that puts a guest into the VM as $guest; it exits with 42 where its code ends. */
function put(source: string, guest: Guest = {}): string {
  const code = assemble(`${PRELUDE}\n${source}\nexit 42`);
  const bytes = guestElf({ target: 'hvt', code, more: [DATA_SEGMENT], devices: NET, ...guest });
  return `guest=/tmp/${made++}.hvt\n${into('$guest', bytes)}`;
}

const start = (source: string, options = '--net-ring', guest: Guest = {}) =>
  vm(`${put(source, guest)}timeout 40 kittiwake-hvt --sysexits --mem=4 --net:net=tap0 ${options} $guest`);
/** With one end of a pair of sockets, whose other end sends a frame of 60 bytes and says what it gets. */
const startOnSocket = (source: string, kind = 'dgram', options = '--net-ring') =>
  vm(
    `${put(source)}timeout 40 perl /tmp/inherit ${kind} kittiwake-hvt --sysexits --mem=4 --net:net=@7 ${options} $guest`,
  );

describe('the ring', () => {
  /** 42 with a ring that is empty and where it belongs, 43 without one. */
  const look = `
    cmpl $0, 0x10028
    jne 1f
    cmpq $0, 0x10030
    jne 2f
    exit 43
  1: cmpl $1, 0x10028
    jne 2f
    cmpq $RING, 0x10030
    jne 2f
    mov $RING, %edi
    mov $(49280 / 4), %ecx
    xor %eax, %eax
    cmpl $1, RING + 72
    ja 2f
    movl $0, RING + 72
    repe scasl
    je 3f
  2: exit 1
  3:`;

  test('is offered where it is asked for, by default with more than one processor, never without a network', async () => {
    const processors = Number((await vm('nproc')).out);
    expect(await start(look)).toEqual({ status: 42, out: '' });
    expect(await start(look, '--no-net-ring')).toEqual({ status: 43, out: '' });
    expect(await start(look, '')).toEqual({ status: processors > 1 ? 42 : 43, out: '' });
    const without = `${put(look, { devices: [] })}kittiwake-hvt --mem=4 --net-ring $guest`;
    expect(await vm(without)).toEqual({ status: 43, out: '' });
  });

  test('lies behind memory that ends within a large page, too', async () => {
    const odd = look.replaceAll('RING', '0x300000');
    expect(await start(odd, '--net-ring --mem=3')).toEqual({ status: 42, out: '' });
  });

  test('is not there where it cannot be', async () => {
    expect(await start('', '--mem=4096', {})).toEqual({ status: 42, out: '' });
    const refusal = (cause: string) => ({
      status: 78,
      out: `kittiwake-hvt: option '--net-ring': ${cause}; leave the option out, and the guest uses hypercalls\n`,
    });
    expect(await start('', '--net-ring --mem=4096')).toEqual(
      refusal('there is no room for it behind so much memory'),
    );
    expect(await start('', '--net-ring --snapshot=/tmp/s')).toEqual(refusal('a snapshot does not hold it'));
    expect(await start('', '--net-ring --gdb=unix:/tmp/g')).toEqual(refusal('a debugger could not stop it'));
    expect(await start('', '--net-ring --pcap:net=/tmp/p')).toEqual(
      refusal('a guest could send another frame than the capture then holds'),
    );
  });

  test('carries frames out, of any length, in order', async () => {
    const { status, out } = await startOnSocket(`
      entry 0, 1, 1, FRAME, 60
      entry 1, 1, 1, FRAME, 0
      entry 2, 1, 1, FRAME, 1
      publish 3
      await 3
      entry 3, 1, 1, FRAME, 13
      entry 4, 1, 1, (RING - 1514), 1514
      entry 5, 1, 1, FRAME, 65550
      publish 6
      await 6`);
    expect(out).toBe('got 60\ngot 0\ngot 1\ngot 13\ngot 1514\ngot 65550\n');
    expect(status).toBe(42);
  });

  test('carries frames in, and says so', async () => {
    const read = `
      entry 0, 2, 1, FRAME, 2000
      entry 1, 2, 1, FRAME, 2000
      publish 2
      await 2`;
    const expected = [
      ['RING + 68', 2],
      ['COMMITS', 100],
      ['COMMITS + 4', 0],
      ['COMMITS + 8', 60],
      ['FRAME + 10', 0xb5880200],
      ['COMMITS + 16', 101],
      ['COMMITS + 20', 1], // there is no second one: AGAIN
      ['COMMITS + 24', 0],
    ].map(([field, value], index) => `mov $${index}, %ebx\ncmpl $${value}, ${field}\njne 9f`);
    const source = `${read}\n${expected.join('\n')}\nexit 42\n9: mov %ebx, DATA\nexit_with DATA`;
    expect(await startOnSocket(source)).toEqual({ status: 42, out: '' });
  });

  test('runs on and on: many more frames than it has slots', async () => {
    const many = `
      mov $3000, %ebx
      movl $0x88b5, FRAME + 12
    1: mov RING, %eax
      mov %eax, %ecx
      sub RING + 64, %ecx
      cmp $1023, %ecx
      pause
      jae 1b
      and $1023, %eax
      shl $5, %eax
      movl $1, RING + 128(%rax)
      movl $1, RING + 132(%rax)
      movq $FRAME, RING + 136(%rax)
      movl $60, RING + 144(%rax)
      incl RING
      mfence
      cmpl $0, RING + 72
      je 2f
      kick
    2: dec %ebx
      jnz 1b
      await 3000`;
    const counted = 'cat /sys/class/net/tap0/statistics/rx_packets';
    const { out } = await vm(`before=$(${counted})
${put(many)}timeout 40 kittiwake-hvt --mem=4 --net:net=tap0 --net-ring $guest; echo $?
echo $(($(${counted}) - before))`);
    expect(out).toBe('42\n3000\n');
  });

  test('does not care what a guest makes of the counters that are not its own', async () => {
    const { out } = await startOnSocket(`
      movl $77, RING + 64
      movl $-1, RING + 68
      movl $9, RING + 72
      entry 0, 2, 1, FRAME, 100
      entry 1, 1, 1, FRAME, 61
      publish 2
      await 2
      cmpl $1, RING + 68
      je 1f
      exit 1
    1:`);
    expect(out).toBe('got 61\n');
  });

  test('passes over operations it does not know and handles of no network', async () => {
    const { status, out } = await startOnSocket(`
      entry 0, 0, 1, FRAME, 60
      entry 1, 3, 1, -1, -1
      entry 2, 1, 0, FRAME, 60
      entry 3, 1, 64, FRAME, 60
      entry 4, 1, -1, FRAME, 60
      entry 5, 2, 0, FRAME, 60
      entry 6, 1, 1, FRAME, 62
      publish 7
      await 7
      exit_with COMMITS+4`);
    expect(out).toBe('got 62\n');
    expect(status).toBe(2); // EINVAL
  });

  test('lets the tender sleep while the guest does, however often it is kicked for nothing', async () => {
    const { out } = await vm(`${put('kick\nkick\nsleep_forever')}
kittiwake-hvt --mem=4 --net:net=tap0 --net-ring $guest & pid=$!
for i in $(seq 500); do
  states=$(for t in /proc/$pid/task/*; do cut -d' ' -f3 $t/stat; done | tr -d '\\n')
  test "$states" = SS && break
  sleep 0.02
done
echo $states
grep -hE '^(CapPrm|CapEff|NoNewPrivs|Seccomp):' /proc/$pid/task/*/status | tr -d '\\t' | sort
kill $pid; wait $pid; echo $?`);
    const none = '0000000000000000';
    const twice = (line: string) => `${line}\n${line}\n`;
    expect(out).toBe(
      `SS\n${twice(`CapEff:${none}`)}${twice(`CapPrm:${none}`)}${twice('NoNewPrivs:1')}${twice('Seccomp:2')}143\n`,
    );
  });
});

const FAULTS: readonly [what: string, code: string, line: RegExp][] = [
  [
    'leaves more entries than there are',
    'publish 1025',
    /it says that 1025 entries are waiting, more than the 1024/,
  ],
  ['goes back', 'publish -1', /it says that 4294967295 entries are waiting/],
  [
    'sends what lies behind memory',
    'entry 0, 1, 1, RING-1, 2\npublish 1',
    /an entry has address 0x3fffff and 2 bytes, which it may not read/,
  ],
  ['sends the ring', 'entry 0, 1, 1, RING, 60\npublish 1', /address 0x400000 and 60 bytes/],
  [
    'sends around the end of addresses',
    'entry 0, 1, 1, -1, 2\npublish 1',
    /address 0xffffffffffffffff and 2 bytes/,
  ],
  ['sends 4 GiB', 'entry 0, 1, 1, FRAME, -1\npublish 1', /address 0x300000 and 4294967295 bytes/],
  [
    'receives into its code',
    'entry 0, 2, 1, 0x100000, 60\npublish 1',
    /address 0x100000 and 60 bytes, which it may not write/,
  ],
  [
    'receives into its boot info',
    'entry 0, 2, 1, 0x10000, 60\npublish 1',
    /address 0x10000 .* may not write/,
  ],
  ['receives into the ring', 'entry 0, 2, 1, RING+64, 60\npublish 1', /address 0x400040 .* may not write/],
  [
    'takes no results',
    `mov $RING, %edi
     1: movl $2, 128(%rdi)
     movq $FRAME, 136(%rdi)
     add $32, %edi
     cmp $(RING + 32 * 1024), %edi
     jne 1b
     publish 1024
     await 1024
     publish 1025`,
    /it takes none of 1024 results and asks for more/,
  ],
];

describe('a guest that', () => {
  test.each(FAULTS)('%s gets one line and 255, whether it sleeps or computes', async (_, code, line) => {
    for (const end of ['sleep_forever', 'jmp .']) {
      const { status, out } = await start(`${code}\n${end}`);
      expect(out).toMatch(line);
      expect(out).toMatch(
        /^kittiwake-hvt: guest fault: net ring: [ -~]+; report it to whoever made the image\n$/,
      );
      expect(status).toBe(255);
    }
  });

  test.each([
    [
      'prints the ring',
      'movq $RING, ARG\nmovq $1, ARG + 8\nhypercall 2, ARG',
      '--net-ring',
      /PUTS: address 0x400000 with 1 bytes/,
    ],
    [
      'has an argument in the ring',
      'hypercall 1, RING',
      '--net-ring',
      /hypercall argument: address 0x400000/,
    ],
    ['executes the ring', 'movl $0xfeebf4f4, RING\nmov $RING, %eax\njmp *%rax', '--net-ring', /triple fault/],
    ['reads behind the ring', 'mov RING + 0xd000, %eax', '--net-ring', /it used memory it has not/],
    ['kicks with 2 bytes', 'mov $0x600, %edx\nout %ax, %dx', '--net-ring', /2-byte write of I\/O port 0x600/],
    ['kicks a ring it has not', 'kick', '--no-net-ring', /4-byte write of I\/O port 0x600 is no hypercall/],
    ['uses a ring it has not', 'movl $1, RING', '--no-net-ring', /triple fault/],
  ])('%s gets one line and 255', async (_, code, options, line) => {
    const { status, out } = await start(code, options);
    expect(out).toMatch(line);
    expect(status).toBe(255);
  });
});

describe('a socket', () => {
  const call = (number: number, size: number) => `
    movq $1, DATA
    movq $FRAME, DATA + 8
    movq $${size}, DATA + 16
    hypercall ${number}, DATA`;
  const [NET_WRITE, NET_READ] = [6, 7];

  test.each(['dgram', 'seqpacket'])('of kind %s carries frames of any length by hypercalls', async (kind) => {
    const { status, out } = await startOnSocket(
      [1, 14, 1514, 65_550].map((size) => call(NET_WRITE, size)).join(''),
      kind,
      '--no-net-ring',
    );
    expect(out).toBe('got 1\ngot 14\ngot 1514\ngot 65550\n');
    expect(status).toBe(42);
    expect(await startOnSocket(`${call(NET_READ, 100)}\nexit_with DATA+16`, kind)).toEqual({
      status: 60,
      out: '',
    });
  });

  test.each(['dgram-gone', 'seqpacket-gone'])(
    'whose other end is gone (%s) does not keep the guest awake',
    async (kind) => {
      const first = call(NET_READ, 100);
      const poll = `
      movq $1000000, ARG
      hypercall 3, ARG
      exit_with ARG+16`;
      expect(await startOnSocket(`${first}\nexit_with DATA+16`, kind)).toEqual({ status: 60, out: '' });
      const AGAIN = 1;
      expect(await startOnSocket(`${first}${call(NET_READ, 100)}\nexit_with DATA+24`, kind)).toEqual({
        status: AGAIN,
        out: '',
      });
      expect(await startOnSocket(`${first}${call(NET_READ, 100)}${poll}`, kind)).toEqual({
        status: 0,
        out: '',
      });
      const { status } = await startOnSocket(`${call(NET_WRITE, 60)}\nexit_with DATA+24`, kind);
      expect(status).toBe(3); // EUNSPEC, and the guest goes on
    },
  );

  test('lets an honest reader of the ring come to rest, too', async () => {
    const source = `
      entry 0, 2, 1, FRAME, 100
      entry 1, 2, 1, FRAME, 100
      publish 2
      await 2
      movq $1000000, ARG
      hypercall 3, ARG
      exit_with ARG+16`;
    expect(await startOnSocket(source, 'seqpacket-gone')).toEqual({ status: 0, out: '' });
  });
});

describe('a tap', () => {
  test('takes a frame of any length without harm, and a buffer may end where memory does', async () => {
    const write = (size: number, at = 0x300000) => `
      movq $1, DATA
      movq $${at}, DATA + 8
      mov $${size}, %rax
      mov %rax, DATA + 16
      movl $99, DATA + 24
      hypercall 6, DATA
      mov DATA + 24, %eax
      or %eax, %ebx`;
    const good = [14, 60, 1514, 9014].map((size) => write(size)).join('') + write(1514, MEMORY - 1514);
    expect(await start(`xor %ebx, %ebx${good}\nmov %ebx, DATA\nexit_with DATA`)).toEqual({
      status: 0,
      out: '',
    });
    // Shorter than an Ethernet header is EINVAL, and so is what no tap takes.
    for (const [size, results] of [
      [0, [2]],
      [1, [2]],
      [13, [2]],
      [65_564, [2]],
      [1_000_000, [2]],
    ] as const) {
      const { status } = await start(`xor %ebx, %ebx${write(size)}\nmov %ebx, DATA\nexit_with DATA`);
      expect(results).toContain(status);
    }
    const { status, out } = await start(write(0xffffffff));
    expect(out).toMatch(/NET_WRITE: address 0x300000 with 4294967295 bytes/);
    expect(status).toBe(255);
  });
});

describe('63 devices', () => {
  const devices = (type: number) => Array.from({ length: 63 }, (_, i) => ({ name: `d${i}`, type }));

  test('networks, each with its own address and MTU', async () => {
    // The MTU of handle h is 1000 + h; the last byte of its address is h.
    const source = `
      mov $1, %ebx
      mov $(0x10038 + 8 + 104), %esi
    1: movzwl 78(%rsi), %eax
      sub $1000, %eax
      cmp %eax, %ebx
      jne 2f
      cmp %bl, 77(%rsi)
      jne 2f
      add $104, %esi
      inc %ebx
      cmp $64, %ebx
      jne 1b
      entry 0, 1, 63, FRAME, 60
      publish 1
      await 1
      exit 42
    2: exit 1`;
    const { out } = await vm(`${put(source, { devices: devices(2) })}options=
for h in $(seq 63); do
  printf 'tuntap add t%d mode tap\\nlink set t%d up mtu %d\\n' $h $h $((1000 + h)) >> /tmp/links
  options="$options --net:d$((h - 1))=t$h --net-mac:d$((h - 1))=02:00:00:00:00:$(printf %x $h)"
done
ip -batch /tmp/links
kittiwake-hvt --mem=4 --net-ring $options $guest; echo $?
cat /sys/class/net/t63/statistics/rx_packets`);
    expect(out).toBe('42\n1\n');
  });

  test('disks', async () => {
    const source = `
      movq $63, DATA
      movq $0, DATA + 8
      movq $FRAME, DATA + 16
      movq $512, DATA + 24
      hypercall 5, DATA
      exit_with FRAME`;
    const { status } = await vm(`${put(source, { devices: devices(1) })}options=
for h in $(seq 63); do
  printf "\\\\x$(printf %x $h)" > /tmp/d$h
  options="$options --block:d$((h - 1))=/tmp/d$h"
done
truncate -s 512 /tmp/d*
kittiwake-hvt --mem=4 $options $guest`);
    expect(status).toBe(63);
  });
});

describe('a limit', () => {
  test.each([
    [
      'a hypercall',
      `
      movq $1, DATA
      movq $0x200000, DATA + 8
      movq $0x200000, DATA + 16
      hypercall 6, DATA
      cmpl $2, DATA + 24
      jne 9f
      movq $60, DATA + 16
      hypercall 6, DATA
      exit_with DATA + 24
    9: exit 9`,
      '--no-net-ring',
      0,
    ],
    [
      'an entry of the ring',
      `
      entry 0, 1, 1, 0x200000, 0x200000
      entry 1, 1, 1, FRAME, 60
      publish 2
      await 2`,
      '--net-ring',
      42,
    ],
  ])('lets nobody wait for a frame that is all of memory, sent by %s', async (_, code, ring, end) => {
    const { status, out } = await startOnSocket(code, 'dgram', `${ring} --net-rate:net=out=100/100`);
    expect(out).toBe('got 60\n');
    expect(status).toBe(end);
  });
});

describe('with two processors', () => {
  beforeAll(() => lab.addProcessor());

  /** Sends 300 frames; beside a ring it changes each one while the tender has it, else from one to the next. */
  const changing = `
      movq $1, DATA
      movq $FRAME, DATA + 8
      movq $60, DATA + 16
      xor %ebx, %ebx
    1: cmpl $1, 0x10028
      je 2f
      incl FRAME + 14
      hypercall 6, DATA
      inc %ebx
      jmp 4f
    2: mov %ebx, %eax
      shl $5, %eax
      movl $1, RING + 128(%rax)
      movl $1, RING + 132(%rax)
      movq $FRAME, RING + 136(%rax)
      movl $60, RING + 144(%rax)
      inc %ebx
      mov %ebx, RING
      mfence
      kick
    3: incl FRAME + 14
      cmp %ebx, RING + 64
      jne 3b
    4: cmp $300, %ebx
      jne 1b`;

  test('a guest cannot have another frame captured than it sent', async () => {
    const { status, out } = await startOnSocket(changing, 'dgram-show', '--pcap:net=/tmp/changing');
    expect(status).toBe(42);
    const sent = [...out.matchAll(/^got 60 ([0-9a-f]{8})$/gm)].map(([, content]) => content);
    expect(sent.length).toBeGreaterThan(0);
    const file = Buffer.from((await vm('base64 -w 0 /tmp/changing')).out, 'base64');
    // Frames of 60 bytes, each behind a header of 16; none came in, since none was read.
    const captured = [];
    for (let at = 24; at < file.length; at += 76) captured.push(file.toString('hex', at + 30, at + 34));
    expect(captured).toEqual(sent);
  });
});

test.each([
  ['spt', ['--net-ring'], /only kittiwake-hvt has a net ring; leave the option out/],
  ['spt', ['--no-net-ring'], /only kittiwake-hvt has a net ring/],
  [
    'hvt',
    ['--net-ring', '--no-net-ring'],
    /said more than once whether there is a net ring; give '--net-ring' or '--no-net-ring'/,
  ],
] as const)('kittiwake-%s %j is refused', (kind, options, line) => {
  expect(tender(kind, '--sysexits', ...options, 'x')).toMatchObject({
    status: 64,
    err: expect.stringMatching(line) as string,
  });
});
