// Debugging under hvt: the gdb stub, crash reports and core files; with real machine code and real KVM, in a lab VM.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { seeded } from '../random.ts';
import { labVm, written } from '../vm/lab.ts';
import { DATA, halt, hypercall, store, word } from './code.ts';
import { framed, type Step } from './gdb-client.ts';
import { CODE, guestElf, type Segment } from './guest-elf.ts';

const RUN_LIMIT_MS = 60_000;

/** A test starts several guests, one after the other, on a processor that may be emulated. */
vi.setConfig({ testTimeout: 180_000 });

const client = readFileSync(join(import.meta.dirname, 'gdb-client.ts'));
const { accelerator, run: vm } = labVm(RUN_LIMIT_MS, (lab) =>
  lab.run(`mkdir /tmp/debug; ${written(client, '/tmp/debug/client.ts')}`),
);

const MEMORY = 0x400000;
const NOTHING = 0x202000;
const SEGMENTS: readonly Segment[] = [
  { address: DATA, flags: 6, bytes: [0], memory: 0x1000 },
  { address: NOTHING, flags: 0, bytes: [0xab], memory: 0x1000 },
];

const POLL = 3;
const nop = 0x90;
/** Turns in place. */
const loop = [0xeb, 0xfe];

let made = 0;
/** Shell that puts a guest into the VM as $guest, in the folder of the tests. */
function put(code: readonly number[]): string {
  const elf = guestElf({ target: 'hvt', code, more: SEGMENTS });
  return `cd /tmp/debug; guest=$PWD/${++made}.hvt; ${written(elf, '$guest')}`;
}

describe('gdb', () => {
  /** Runs machine code with a debugger that takes `steps`; what it was answered, and how the tender ended. */
  async function debug(code: readonly number[], steps: readonly Step[], options = '') {
    const { out } = await vm(`${put(code)}
rm -f s
kittiwake-hvt --sysexits --mem=4 --gdb=unix:/tmp/debug/s ${options} $guest >said 2>&1 &
for i in $(seq 1000); do test -S s && break; sleep 0.02; done
stat -c %a s
/usr/local/lib/kittiwake/node client.ts /tmp/debug/s '${Buffer.from(JSON.stringify(steps)).toString('base64')}'
wait $!; echo $?
cat said`);
    const [mode, answers = '', status, waiting, ...rest] = out.split('\n');
    expect(mode).toBe('600');
    expect(waiting).toMatch(
      /^kittiwake-hvt: waiting for a debugger: gdb -ex 'target remote \/tmp\/debug\/s' \S+\.hvt$/,
    );
    expect(answers).toMatch(/^\[/);
    return {
      answers: JSON.parse(answers) as (string | null)[],
      status: Number(status),
      said: rest.join('\n'),
    };
  }

  test.each([
    ['HUP', 129, 'gone'],
    ['INT', 130, 'gone'],
    ['QUIT', 131, 'gone'],
    ['USR1', 138, 'gone'],
    ['TERM', 143, 'gone'],
    ['KILL', 137, 'left'],
  ])('its socket when SIG%s ends the tender that waits: %d, %s', async (signal, status, left) => {
    const { out } = await vm(`${put(loop)}
rm -f s said
kittiwake-hvt --mem=4 --gdb=unix:s --events=3 $guest 3>events 2>said &
until grep -qs waiting said; do sleep 0.02; done
kill -${signal} $!; wait $! 2>&-; echo $?
test -e s && echo left || echo gone
grep -c '"event":"exit".*"reason":"signal"' events
kittiwake-hvt --mem=4 --gdb=unix:s/ $guest`);
    expect(out.split('\n')).toEqual([
      `${status}`,
      left,
      left === 'gone' ? '1' : '0',
      expect.stringMatching(/^kittiwake-hvt: gdb: /),
      '',
    ]);
  });

  const packet = (text: string): Step => ({ packet: text });
  const stopped = 'T05thread:1;';
  const hex = (value: number | bigint, digits = 16): string =>
    Buffer.from(value.toString(16).padStart(digits, '0'), 'hex').reverse().toString('hex');
  const at = (address: number) => packet(`Z0,${address.toString(16)},1`);

  test('waits before the first instruction, steps, and sees the guest end', async () => {
    const { answers, status, said } = await debug(
      [nop, nop, ...halt(42)],
      ['?', 'p10', 's', 'p10', 'vCont;s:1', 'p10', 'c'].map(packet),
    );
    expect(answers).toEqual([stopped, hex(CODE), stopped, hex(CODE + 1), stopped, hex(CODE + 2), 'W2a']);
    expect({ status, said }).toEqual({ status: 42, said: '' });
  });

  test('stops at breakpoints in code the guest itself cannot write', async () => {
    const code = [nop, nop, 0x41, 0xbc, ...word(12), ...halt(1)]; // mov $12, %r12d
    const { answers, status } = await debug(code, [
      at(CODE + 8),
      packet('c'),
      packet('p10'),
      packet('pc'), // r12
      packet(`m${CODE.toString(16)},9`),
      packet(`z0,${(CODE + 8).toString(16)},1`),
      packet('c'),
    ]);
    const clean = Buffer.from(code.slice(0, 9)).toString('hex');
    expect(answers).toEqual(['OK', stopped, hex(CODE + 8), hex(12), clean, 'OK', 'W01']);
    expect(status).toBe(1);
  });

  test('lets no guest write its code, where a breakpoint stands neither', async () => {
    const code = [nop, 0xc6, 0x04, 0x25, ...word(CODE + 8), 0, ...halt(1)]; // movb $0, CODE + 8
    const { answers, status, said } = await debug(code, [
      at(CODE + 1),
      at(CODE + 9),
      packet('c'),
      packet('c'), // still armed at CODE + 1: steps nowhere, stops there again
      packet(`z0,${(CODE + 1).toString(16)},1`),
      packet('c'),
      packet('p10'),
      packet('c'),
    ]);
    expect(answers).toEqual(['OK', 'OK', stopped, stopped, 'OK', 'T0bthread:1;', hex(CODE + 1), 'X0b']);
    expect(said).toMatch(/guest fault: it wrote memory it may only read/);
    expect(status).toBe(255);
  });

  test('steps off a breakpoint', async () => {
    const { answers } = await debug(
      [nop, nop, ...halt(0)],
      [at(CODE), packet('s'), packet('p10'), packet('k')],
    );
    expect(answers).toEqual(['OK', stopped, hex(CODE + 1), null]);
  });

  test('has hardware breakpoints and watches memory', async (context) => {
    context.skip(
      accelerator() !== 'kvm',
      "QEMU's emulated SVM does not load the debug registers that KVM gives a guest; the next test",
    );
    const code = [
      ...store(DATA, 1),
      nop,
      ...[0x48, 0x8b, 0x04, 0x25, ...word(DATA)], // mov DATA, %rax
      nop,
      ...halt(0),
    ];
    const data = DATA.toString(16);
    const { answers } = await debug(code, [
      packet(`Z1,${(CODE + 12).toString(16)},1`),
      packet('c'),
      packet('p10'),
      packet(`z1,${(CODE + 12).toString(16)},1`),
      packet(`Z4,${data},8`),
      packet('c'),
      packet('p10'),
      packet(`z4,${data},8`),
      packet(`P10=${hex(CODE)}`),
      packet(`Z2,${data},4`),
      packet('c'),
      packet('p10'),
      packet('c'),
    ]);
    expect(answers).toEqual([
      ...['OK', stopped, hex(CODE + 12), 'OK'],
      ...['OK', `${stopped}awatch:${data};`, hex(CODE + 21), 'OK'],
      ...['OK', 'OK', `${stopped}watch:${data};`, hex(CODE + 12)],
      'W00',
    ]);
  });

  test('offers no hardware breakpoints where they would never be reached', async (context) => {
    context.skip(accelerator() === 'kvm', 'a real processor reaches them');
    const where = `${DATA.toString(16)},4`;
    const { answers } = await debug(
      halt(0),
      ['Z1', 'Z2', 'Z3', 'Z4', 'z2'].map((kind) => packet(`${kind},${where}`)).concat(packet('c')),
    );
    expect(answers).toEqual(['', '', '', '', '', 'W00']);
  });

  test('reads and writes memory, whatever the guest may do there', async () => {
    const far = (MEMORY - 4).toString(16);
    const { answers } = await debug(halt(0), [
      packet(`M${DATA.toString(16)},4:01020304`),
      packet(`m${DATA.toString(16)},6`),
      packet(`m${NOTHING.toString(16)},1`),
      packet(`m${far},8`), // half of it is there
      packet(`m${MEMORY.toString(16)},1`),
      packet('m0,1'),
      packet('mffffffffffffffff,2'),
      packet(`M${MEMORY.toString(16)},1:00`),
      packet(`M${DATA.toString(16)},2:0102030`),
      packet(`M${DATA.toString(16)},ffffffffffffffff:01`),
      packet(`M${CODE.toString(16)},1:f4`), // hlt
      packet('c'),
      packet('k'),
    ]);
    expect(answers).toEqual([
      ...['OK', '010203040000', 'ab', '00000000'],
      ...['E14', 'E14', 'E14', 'E01', 'E01', 'E01', 'OK'],
      ...['T0bthread:1;', null],
    ]);
  });

  test('reads and writes registers, r12 to r15 and SSE among them', async () => {
    const xmm3 = '00112233445566778899aabbccddeeff';
    const { answers } = await debug(
      [nop, ...halt(0)],
      [
        `Pf=${hex(0x1122334455667788n)}`,
        `P2b=${xmm3}`,
        's',
        'pf',
        'p2b',
        'p11', // eflags
        'p12', // cs
        'p39', // nothing
        'P39=00',
        'Pf=00',
        'g',
      ].map(packet),
    );
    const all = answers.pop();
    expect(answers).toEqual([
      ...['OK', 'OK', stopped, hex(0x1122334455667788n), xmm3, hex(2, 8), hex(8, 8), 'E01', 'E01', 'E01'],
    ]);
    expect(all).toHaveLength(536 * 2);
    expect(all?.slice(15 * 16, 17 * 16)).toBe(hex(0x1122334455667788n) + hex(CODE + 1));
  });

  test('interrupts a guest that turns in a loop, and one that sleeps', async () => {
    const spin: Step[] = [packet(`vCont?`), { raw: framed('c') }, { raw: '\x03' }, { wait: true }];
    const looping = await debug(loop, [...spin, packet('p10'), packet('k')]);
    expect(looping.answers).toEqual(['vCont;c;C;s;S', 'T02thread:1;', hex(CODE), null]);
    expect(looping).toMatchObject({ status: 137, said: 'kittiwake-hvt: the debugger ended the guest\n' });

    const sleep = [
      ...[0x48, 0xb8, ...word(0), ...word(0x1000000)], // mov $2^56, %rax: two years of nanoseconds
      ...[0x48, 0x89, 0x04, 0x25, ...word(DATA)], // mov %rax, DATA
      ...hypercall(POLL, DATA),
    ];
    const asleep = await debug([...sleep, ...halt(7)], [{ until: hex(CODE + sleep.length) }, packet('c')]);
    expect(asleep.answers.at(-2)).toBe('T02thread:1;');
    expect(asleep.answers.at(-1)).toBe('W07');
  });

  test('leaves int3 to the guest', async () => {
    const { answers } = await debug([0xcc], ['c', 'k'].map(packet));
    expect(answers).toEqual(['T0bthread:1;', null]); // a triple fault: this guest has no handler
  });

  test('that detaches or disappears leaves the guest to itself', async () => {
    const code = [nop, nop, ...halt(9)];
    const detached = await debug(code, [at(CODE + 1), packet('D')]);
    expect(detached).toEqual({ answers: ['OK', 'OK'], status: 9, said: '' });
    for (const steps of [[], [at(CODE + 1)], [{ raw: '$m1000' }], [{ close: true }]] as Step[][]) {
      const gone = await debug(code, steps);
      expect(gone).toMatchObject({ status: 9, said: '' });
    }
    // While it runs, too: the guest ends when what it waits for is over.
    const waits = [
      ...store(DATA, 500_000_000),
      ...hypercall(POLL, DATA),
      ...[0x83, 0x3c, 0x25, ...word(DATA + 16), 1, 0x74, halt(9).length], // cmpl $1, DATA + 16; je
      ...halt(9),
    ];
    const running = await debug(waits, [{ raw: framed('c') }, { close: true }]);
    expect(running).toMatchObject({ status: 9, said: '' });
  });

  test('that talks nonsense is answered, and the guest takes no harm', async () => {
    const nonsense = [
      ...['', 'x', 'm', 'm1', 'm1,', 'm,1', 'm11111111111111111,1', 'M', 'Mz,1:00', 'Z', 'Z0', 'Z0,', 'Z0,1'],
      ...[
        'Z9,0,1',
        'Z2,200000,3',
        'Z2,200001,2',
        `Z0,${MEMORY.toString(16)},1`,
        'P',
        'P=',
        'P10=',
        'pffff',
        'G',
      ],
      ...[
        'G00',
        'vCont;',
        'vCont;x',
        'vMustReplyEmpty',
        'qXfer:features:read:other.xml:0,fff',
        'Qx',
        'cx',
        's zz',
      ],
      ...['z0,0,1', 'z3,0,1', '~', 'y'.repeat(5000)],
    ];
    const { answers, status } = await debug(halt(5), [...nonsense.map(packet), packet('c')]);
    expect(answers.slice(0, -1).filter((answer) => !/^(|E[0-9a-f]{2}|OK)$/.test(answer ?? 'null'))).toEqual(
      [],
    );
    expect(answers.at(-1)).toBe('W05');
    expect(status).toBe(5);
  });

  test('has room for a number of breakpoints, and says when it is full', async () => {
    const many = Array.from({ length: 65 }, (_, i) => at(DATA + i));
    const hardware = Array.from({ length: 5 }, (_, i) => packet(`Z1,${(CODE + i).toString(16)},1`));
    const { answers } = await debug(halt(0), [...hardware, ...many, packet('k')]);
    // Where a processor would never reach them there are none of hardware, and all the room is for the others.
    const offered = accelerator() === 'kvm' ? ['OK', 'OK', 'OK', 'OK', 'E01'] : Array<string>(5).fill('');
    const left = 64 - offered.filter((answer) => answer === 'OK').length;
    expect(answers.slice(0, 5)).toEqual(offered);
    expect(answers.slice(5, -1)).toEqual([
      ...Array<string>(left).fill('OK'),
      ...Array<string>(65 - left).fill('E01'),
    ]);
  });

  test('asks again for what was garbled, and switches acknowledgments off', async () => {
    const { answers, status } = await debug(halt(6), [
      { raw: '$p10#00' }, // a wrong checksum: it is not answered
      packet('p10'),
      { raw: '-' },
      { wait: true },
      packet('QStartNoAckMode'),
      { raw: '$p10#00' },
      { wait: true },
      packet('qSupported:multiprocess+'),
      packet('qAttached'),
      packet('qXfer:features:read:target.xml:0,fff'),
      packet('c'),
    ]);
    expect(answers.slice(0, 4)).toEqual([hex(CODE), hex(CODE), 'OK', hex(CODE)]);
    expect(answers[4]).toMatch(/PacketSize=1000/);
    expect(answers.slice(5)).toEqual(['1', expect.stringMatching(/^l<\?xml.*i386:x86-64</), 'W06']);
    expect(status).toBe(6);
  });

  test.each([1, 2, 3])('survives packets of random bytes, seed %i', async (seed) => {
    const random = seeded(seed);
    const letters = 'gGpPmMzZqQvHT?x!';
    const steps: Step[] = Array.from({ length: 300 }, () => {
      const length = random(40);
      let text = letters.charAt(random(letters.length));
      for (let i = 0; i < length; i++) {
        text += random(3) > 0 ? '0123456789abcdef,:;='.charAt(random(20)) : String.fromCharCode(random(256));
      }
      return random(5) > 0 ? { raw: framed(text.replaceAll(/[$#\x03]/g, '')) } : { raw: text };
    });
    // Whatever it has done to the guest: it still answers, and ends when it is told to. What was cut before may swallow a packet.
    const kill = framed('k').repeat(3);
    const { answers, status } = await debug(halt(5), [...steps, { raw: `+++${kill}` }, { end: true }]);
    expect(answers).toEqual([]);
    expect(status).toBe(137);
  });

  test('connects to the port of the loopback that was given, and to no other address', async () => {
    const { out } = await vm(`${put(halt(0))}
kittiwake-hvt --mem=4 --gdb-port=1300 --gdb $guest & tender=$!
for i in $(seq 1000); do grep -q ':0514 00000000:0000 0A' /proc/net/tcp && break; sleep 0.02; done
awk '$4 == "0A" { print $2 }' /proc/net/tcp /proc/net/tcp6
kittiwake-hvt --sysexits --mem=4 --gdb --gdb-port=1300 $guest; echo $?
/usr/local/lib/kittiwake/node client.ts 1300 ${Buffer.from('[{"packet":"c"}]').toString('base64')}
wait $tender; echo $?`);
    expect(out).toMatch(/waiting for a debugger: gdb -ex 'target remote 127\.0\.0\.1:1300'/);
    expect(out).toMatch(/^0100007F:0514$/m);
    expect(out).toMatch(
      /gdb: port 1300 of 127\.0\.0\.1 is in use; give another one with '--gdb-port=N'\n78$/m,
    );
    expect(out).toMatch(/\["W00"\]\n0\n$/);
  });

  test('gets no path that exists, and leaves none behind', async () => {
    const { out } = await vm(`${put(halt(0))}; touch there
kittiwake-hvt --sysexits --mem=4 --gdb=unix:there $guest; echo $?
kittiwake-hvt --sysexits --mem=4 --gdb=unix:no/such $guest; echo $?
test -e s && echo left`);
    expect(out).toMatch(/gdb: there exists; remove it if nobody uses it, or give another path\n73\n/);
    expect(out).toMatch(
      /gdb: the socket no\/such cannot be created \(No such file or directory\); .*\n73\n$/,
    );
  });
});

describe('a crash report', () => {
  /** Runs machine code with --crash; the report, and how the tender ended. */
  async function crash(code: readonly number[]) {
    const { out } = await vm(`${put(code)}
rm -f report; kittiwake-hvt --sysexits --mem=4 --crash=report $guest >said 2>&1; echo $?; stat -c %a report; cat report`);
    const [status, mode, report = ''] = out.split('\n');
    expect(mode).toBe('600');
    return { status: Number(status), report: report === '' ? undefined : (JSON.parse(report) as unknown) };
  }
  const push = (value: number): number[] => [0x68, ...word(value)];

  test('of a fault has registers and the stack', async () => {
    const code = [...push(CODE + 2), 0x41, 0xbc, ...word(12)]; // mov $12, %r12d
    const { report, status } = await crash([...code, ...hypercall(9, DATA)]);
    expect(report).toMatchObject({
      crash: 1,
      tender: 'kittiwake-hvt',
      cause: expect.stringMatching(/^hypercall 9|4-byte write of I\/O port 0x509 is no hypercall$/) as string,
      registers: { r12: '0xc', rsp: '0x3ffff0', rdx: '0x509' },
      stack: { words: [['0x3ffff0', '0x100002']] },
    });
    expect(status).toBe(255);
  });

  test('of a guest that gives up has its last words', async () => {
    const words = [0x1234, 2, CODE + 7, 8, 0x10046, MEMORY - 16, 16];
    const code = [
      ...push(CODE + 1),
      ...push(CODE + 2),
      ...words.flatMap((value, i) => store(DATA + 0x100 + 8 * i, value)),
      ...halt(255, DATA + 0x100),
    ];
    const { report, status } = await crash(code);
    expect(report).toMatchObject({
      cause: 'the guest ended with status 255',
      trap: words.map((value) => `0x${value.toString(16)}`),
      stack: { from: '0x3ffff0', words: [['0x3ffff0', '0x100001']] },
    });
    expect(status).toBe(255);
  });

  test('is empty where the guest ends well', async () => {
    expect(await crash(halt(254))).toEqual({ status: 254, report: undefined });
  });
});

describe('a core file', () => {
  /** Runs machine code with --dumpcore in a fresh folder; then `after`. */
  const dump = (code: readonly number[], after: string, options = '--mem=4', before = '') =>
    vm(`${put(code)}
rm -rf cores; mkdir cores; ${before}
(${before === '' ? '' : 'ulimit -f 64; '}exec kittiwake-hvt --sysexits ${options} --dumpcore=cores $guest) >said 2>&1; echo $?
${after}`);

  test('of a guest that failed holds its registers and memory, and takes no more room than that', async () => {
    const words = [0, 0, CODE + 7, 8, 2, DATA + 0x40, 16];
    const code = [
      ...[0x41, 0xbc, ...word(0x1234)], // mov $0x1234, %r12d
      ...store(0x3000000, 0x5a5a5a5a),
      ...words.flatMap((value, i) => store(DATA + 0x100 + 8 * i, value)),
      ...halt(255, DATA + 0x100),
    ];
    const { out } = await dump(
      code,
      `cat said; ls cores; stat -c '%a %s' cores/*; [ $(stat -c %b cores/*) -lt 400 ] && echo sparse
head -c 4096 cores/* | base64 -w 0; echo; od -An -tx1 -j $((4096 + 0x3000000)) -N 4 cores/*`,
      '--mem=64',
    );
    const [status, said, name, facts, sparse, head = '', memory] = out.split('\n');
    expect(status).toBe('255');
    expect(said).toMatch(
      /^kittiwake-hvt: dumpcore: dumped the guest's core to: cores\/core\.solo5-hvt\.[0-9]+$/,
    );
    expect(said?.endsWith(name ?? '?')).toBe(true);
    expect(facts).toBe(`600 ${64 * 2 ** 20 + 4096}`);
    expect(sparse).toBe('sparse');
    expect(memory).toBe(' 5a 5a 5a 5a');
    const bytes = Buffer.from(head, 'base64');
    expect(bytes.toString('latin1', 0, 4)).toBe('\x7fELF');
    const registers = bytes.readUInt32LE(64 + 8) + 20 + 112; // of NT_PRSTATUS: r15, r14, r13, r12, ..., rip is the 17th
    expect(bytes.readBigUInt64LE(registers + 8 * 3)).toBe(0x1234n);
    expect(bytes.readBigUInt64LE(registers + 8 * 16)).toBe(BigInt(CODE + 7));
    expect(bytes.readBigUInt64LE(registers + 8 * 19)).toBe(BigInt(DATA + 0x40));
  });

  test('of a guest that broke the rules is there, too; of one that ended well there is none', async () => {
    expect((await dump([0xf4], 'ls cores | wc -l')).out).toBe('255\n1\n');
    expect((await dump(halt(254), 'ls -A cores | wc -l')).out).toBe('254\n0\n');
  });

  test('that cannot be written whole is removed', async () => {
    const { out } = await dump([0xf4], 'cat said; ls -A cores | wc -l', '--mem=4', 'true');
    expect(out).toMatch(/^255\n.*dumpcore: no core file cores\/core\S+: File too large; .*\n.*\n0\n$/);
  });

  test('needs a folder to write to', async () => {
    const { out } = await vm(`${put(halt(0))}
kittiwake-hvt --sysexits --mem=4 --dumpcore=no/such $guest; echo $?
kittiwake-hvt --sysexits --mem=4 --dumpcore=$guest $guest; echo $?`);
    expect(out).toMatch(
      /dumpcore: no\/such is no folder to write to \(No such file or directory\); .*\n73\n/,
    );
    expect(out).toMatch(/dumpcore: \S+ is no folder to write to \(Not a directory\); .*\n73\n$/);
  });
});
