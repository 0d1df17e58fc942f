// The sandbox of kittiwake-hvt, which processor a guest sees, how it ends, and what its console does; under real KVM in a lab VM.
import { describe, expect, test } from 'vitest';
import { labVm, written } from '../vm/lab.ts';
import { assemble } from './assemble.ts';
import { guestElf, type Guest } from './guest-elf.ts';

const RUN_LIMIT_MS = 60_000;

const { run: vm } = labVm(RUN_LIMIT_MS);

const prologue = `
.set DATA, 0x200000
.set NOTICE, 0x15000
.macro hypercall number
  mov $DATA, %eax; mov $0x500 + \\number, %edx; out %eax, %dx
.endm
.macro exit                   # with the status in %esi
  movq $0, DATA; movl %esi, DATA + 8; hypercall 8
.endm
.macro say at=0x100000 size=1
  movq $\\at, DATA; movq $\\size, DATA + 8; hypercall 2
.endm
.macro sleep
  movq $-1, DATA; hypercall 3
.endm
`;

let made = 0;
/** Shell that puts a guest into the VM as $guest. */
function put(source: string, guest: Guest = {}): string {
  const more = [{ address: 0x200000, flags: 6, bytes: [0], memory: 0x1000 }];
  const code = assemble(prologue + source);
  const elf = guestElf({ target: 'hvt', code, more, ...guest });
  return `guest=/tmp/s${made++}.hvt; ${written(elf, '$guest')}`;
}

async function guest(source: string) {
  return vm(`${put(source)}; kittiwake-hvt --sysexits --mem=4 $guest`);
}

describe('the processor', () => {
  test.each([
    // Leaf, register, bits that must be clear, bits that must be set.
    ['MONITOR, VMX, x2APIC, the hypervisor', 1, 'ecx', (1 << 3) | (1 << 5) | (1 << 21) | (1 << 31), 0],
    ['FPU, TSC, MSR, PAE, FXSR, SSE, SSE2', 1, 'edx', 0, 1 | (1 << 4) | (1 << 5) | (1 << 6) | (7 << 24)],
    ['its only processor', 1, 'ebx', 0xff000000, 1 << 16],
    ["the hypervisor's leaf", 0x40000000, 'eax', -1, 0],
    ["the hypervisor's name", 0x40000000, 'ebx', -1, 0],
    ['SVM', 0x80000001, 'ecx', 1 << 2, 0],
    ["SVM's leaf", 0x8000000a, 'eax', -1, 0],
    ['NX, long mode', 0x80000001, 'edx', 0, (1 << 20) | (1 << 29)],
    ['performance counters', 10, 'eax', -1, 0],
  ])('hides or has %s', async (_, leaf, register, clear, set) => {
    const source = `
  mov $${leaf}, %eax; xor %ecx, %ecx; cpuid
  mov %${register}, %edi
  xor %esi, %esi
  test $${clear}, %edi; jz 1f; or $1, %esi
1: not %edi; test $${set}, %edi; jz 2f; or $2, %esi
2: exit`;
    expect(await guest(source)).toEqual({ status: 0, out: '' });
  });

  // AVX itself is not tried: the lab's emulated processor forgets now and then that it is on, under whichever tender.
  test('has vectors that fit together: what leaf 13 says can be switched on', async () => {
    const source = `
  mov $1, %eax; cpuid
  bt $26, %ecx; jnc 9f        # no XSAVE: nothing to switch on
  mov %cr4, %rax; or $0x40000, %rax; mov %rax, %cr4
  mov $13, %eax; xor %ecx, %ecx; cpuid
  and $7, %eax; mov %eax, %edi
  xor %ecx, %ecx; xor %edx, %edx; xsetbv
  xgetbv; cmp %edi, %eax; jne 8f
  mov $1, %eax; cpuid; bt $27, %ecx; jnc 8f  # OSXSAVE follows CR4
  bt $28, %ecx; jnc 9f
  bt $2, %edi; jnc 8f         # AVX, but no room for it
9: xor %esi, %esi; exit
8: mov $1, %esi; exit`;
    // The lab's emulated processor forgets the switch itself, too, now and then: one guest of five that finds it whole is enough.
    let found = await guest(source);
    for (let more = 4; more > 0 && found.status === 1; more--) found = await guest(source);
    expect(found).toEqual({ status: 0, out: '' });
  });

  test('has registers for thread-local variables', async () => {
    const source = `
  mov $0xc0000100, %ecx; mov $DATA + 0x100, %eax; xor %edx, %edx; wrmsr
  movl $7, DATA + 0x100
  rdmsr; cmp $DATA + 0x100, %eax; jne 1f
  mov %fs:0, %esi; exit
1: mov $1, %esi; exit`;
    expect(await guest(source)).toEqual({ status: 7, out: '' });
  });

  test.each([
    ['APIC_BASE', 'mov $0x1b, %ecx; rdmsr'],
    ['a clock of KVM', 'mov $0x4b564d01, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr'],
    ['the microcode', 'mov $0x8b, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr'],
    ['MISC_ENABLE', 'mov $0x1a0, %ecx; rdmsr'],
    ['SPEC_CTRL', 'mov $0x48, %ecx; rdmsr'],
    ['one that does not exist', 'mov $0x12345678, %ecx; rdmsr'],
  ])('faults where a guest uses %s', async (_, source) => {
    const { status, out } = await guest(`${source}\n xor %esi, %esi; exit`);
    expect(out).toMatch(/^kittiwake-hvt: guest fault: triple fault[ -~]+\n$/);
    expect(status).toBe(255);
  });
});

/** Starts $guest with its output in /tmp/said, and waits until it has said something. */
const start = (options = '') => `rm -f /tmp/said
kittiwake-hvt --mem=4 ${options} $guest > /tmp/said & pid=$!
until test -s /tmp/said; do kill -0 $pid || exit 99; done`;
const features = 6;

describe('SIGTERM', () => {
  const cooperative = 'say\n1: sleep; cmpq $0, NOTICE + 8; je 1b\n mov DATA + 8, %esi; exit';
  const deaf = 'say\n1: sleep; jmp 1b';

  test('asks a guest that can be asked: POLL returns with bit 0, counted among no devices', async () => {
    const script = `${put(cooperative, { features })}\n${start('--stop-timeout=3600')}\nkill $pid; wait $pid; echo $?`;
    expect((await vm(script)).out).toBe('1\n'); // ready_set
    const counted = put(cooperative.replace('DATA + 8', 'DATA + 16'), { features });
    expect((await vm(`${counted}\n${start()}\nkill $pid; wait $pid; echo $?`)).out).toBe('0\n'); // ret
  });

  test.each([
    ['sleeps', deaf],
    ['computes', 'say\n1: jmp 1b'],
    ['computes and never lets the tender know', 'say\n cli\n1: pause; jmp 1b'],
  ])('ends one that %s and does not listen, when the time is over', async (_, source) => {
    const script = `${put(source, { features })}\n${start('--stop-timeout=1')}\nkill $pid; wait $pid; echo $?`;
    expect((await vm(script)).out).toBe('143\n');
  });

  test('ends it at once when it comes twice', async () => {
    const source = 'say\n sleep\n say\n1: sleep; jmp 1b';
    const script = `${put(source, { features })}\n${start('--stop-timeout=3600')}
kill $pid; until test $(stat -c %s /tmp/said) = 2; do kill -0 $pid || exit 99; done
kill $pid; wait $pid; echo $?`;
    expect((await vm(script)).out).toBe('143\n');
  });

  test('ends guests at once that cannot be asked, or have no time', async () => {
    const plain = `${put(deaf)}\n${start('--stop-timeout=3600')}\nkill $pid; wait $pid; echo $?`;
    expect((await vm(plain)).out).toBe('143\n');
    const none = `${put(deaf, { features })}\n${start('--stop-timeout=0')}\nkill $pid; wait $pid; echo $?`;
    expect((await vm(none)).out).toBe('143\n');
  });

  test('finds a notice the guest cannot write', async () => {
    const { status, out } = await vm(
      `${put('movq $1, NOTICE + 8; xor %esi, %esi; exit', { features })}; kittiwake-hvt --sysexits --mem=4 $guest`,
    );
    expect(out).toMatch(/guest fault: triple fault/);
    expect(status).toBe(255);
  });
});

describe('a console', () => {
  const talker = '1: say 0x100000, 4096\n jmp 1b\n .fill 4096, 1, 0x41';
  const talk = (options: string, after: string, guest: Guest = {}) =>
    vm(`${put(talker, guest)}
rm -f /tmp/pipe; mkfifo /tmp/pipe; exec 4<>/tmp/pipe
kittiwake-hvt --mem=4 ${options} $guest > /tmp/pipe 4<&- & pid=$!
${after}`);
  /** In write(2) it sleeps; in KVM_RUN it does not. */
  const full = 'until grep -q pipe_write /proc/$pid/stack; do kill -0 $pid || exit 99; done';

  test.each([
    ['can be asked to end', features],
    ['cannot be asked to end', 0],
  ])('that nobody reads does not keep a guest that %s from being ended', async (_, given) => {
    const shown = await talk('--stop-timeout=1', `${full}\nkill $pid; wait $pid; echo $?`, {
      features: given,
    });
    expect(shown.out).toBe('143\n');
  });

  test('that is closed ends the tender by SIGPIPE', async () => {
    expect((await talk('', `${full}\nexec 4<&-; wait $pid; echo $?`)).out).toBe('141\n');
  });

  test('that is full does not matter', async () => {
    expect(await vm(`${put('say\n mov $3, %esi; exit')}; kittiwake-hvt --mem=4 $guest > /dev/full`)).toEqual({
      status: 3,
      out: '',
    });
  });
});

describe('--show-sandbox', () => {
  test('says what the kernel says of a guest that runs, and does not run it', async () => {
    const { out } = await vm(`${put('say\n1: sleep; jmp 1b', { features })}
options='--uid=65534 --gid=65533 --chroot=/mnt'
kittiwake-hvt --mem=4 $options --show-sandbox $guest
${start('$options')}
grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:)' /proc/$pid/status | tr '\\t' ' '
ls /proc/$pid/fd | sort -n | tr '\n' ' '; echo
readlink /proc/$pid/root; readlink /proc/$pid/fd/*
kill -9 $pid`);
    const none = '0'.repeat(16);
    expect(out).toContain('user: real 65534, effective 65534, saved 65534\n');
    expect(out).toContain('group: real 65533, effective 65533, saved 65533; 0 supplementary\n');
    expect(out).toContain(
      `effective 0x${none}, permitted 0x${none}, inheritable 0x${none}\nbounding set: 0x${none}\n`,
    );
    expect(out).toContain('Uid: 65534 65534 65534 65534\nGid: 65533 65533 65533 65533\nGroups:  \n');
    expect(out).toContain('NoNewPrivs: 1\nSeccomp: 2\n');
    expect(out).toMatch(/ {2}ioctl\(fd = \d+, request = 44672, argument = 0\): running the guest\n/);
    expect(out).toMatch(/ {2}rt_sigreturn\(\): /);
    expect(out).toMatch(/ {2}timer_settime\(timer = \d+, flags = 0, time = 0x[0-9a-f]+\): /);
    const shown = [...out.matchAll(/^ {2}(\d+): /gm)].map((match) => match[1]);
    expect(out).toContain(`${shown.join(' ')} \n`);
    expect(out).toContain('\n/mnt\n');
    expect(out).not.toMatch(/kvm-vm|\/dev\/kvm/);
  });
});
