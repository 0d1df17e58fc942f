// What --show-sandbox says under spt, against what the kernel says of a running guest and what guests find when they try.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { assemble } from './assemble.ts';
import { guestElf } from './guest-elf.ts';
import { imageFolder, run, tender, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const disk = image('disk', Buffer.alloc(4096));
const folder = join(disk, '..');
const empty = join(folder, 'empty');
mkdirSync(empty);

const devices = [{ name: 'disk', type: 1 }];
let made = 0;
function guest(source: string, features = 6): string {
  return image(`${made++}.spt`, guestElf({ code: assemble(source), features, devices }));
}

/** Says that it runs, then sleeps for ever. */
const sleeper = guest(`
  mov $1, %eax; mov $1, %edi; mov $0x100000, %esi; mov $1, %edx; syscall
1: mov $281, %eax; mov 0x11020, %edi; mov $0x200000, %esi; mov $64, %edx; mov $-1, %r10; xor %r8d, %r8d; syscall
  jmp 1b`);

interface Shown {
  readonly lines: readonly string[];
  readonly descriptors: readonly number[];
  /** By name, how many rules. */
  readonly calls: ReadonlyMap<string, number>;
}

function show(options: readonly string[] = []): Shown {
  const { status, out, err } = tender('spt', ...start(options), '--show-sandbox', sleeper);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  const lines = out.trimEnd().split('\n');
  const calls = new Map<string, number>();
  for (const line of lines) {
    const name = /^ {2}(\w+)\(/.exec(line)?.[1];
    if (name !== undefined) calls.set(name, (calls.get(name) ?? 0) + 1);
  }
  const descriptors = lines.flatMap((line) => /^ {2}(\d+): /.exec(line)?.[1] ?? []).map(Number);
  return { lines, descriptors, calls };
}

const start = (options: readonly string[]): string[] => ['--mem=4', `--block:disk=${disk}`, ...options];

/** What /proc says of a guest that runs with the same options. */
async function real(options: readonly string[] = []) {
  const child = spawn(join(tenders, 'kittiwake-spt'), [...start(options), sleeper], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const proc = `/proc/${child.pid}`;
  const found = {
    status: readFileSync(`${proc}/status`, 'utf8'),
    limits: readFileSync(`${proc}/limits`, 'utf8'),
    descriptors: readdirSync(`${proc}/fd`).map(Number),
  };
  child.kill('SIGKILL');
  await once(child, 'exit');
  return found;
}

/** A line of /proc/PID/status. */
const field = (status: string, name: string): string =>
  new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1] ?? '';

const notRoot = process.getuid?.() === 0 ? undefined : 'skipped: only root can become another user';

describe('--show-sandbox says', () => {
  test.each([[[]], ...(notRoot ? [] : [[[`--uid=65534`, '--gid=65533', `--chroot=${empty}`]]])])(
    'what the kernel says, with %j',
    async (options) => {
      const { lines, descriptors } = show(options);
      const { status, limits, descriptors: open } = await real(options);
      const [user = '', effective, saved] = field(status, 'Uid').split(/\s+/);
      expect(lines).toContain(`user: real ${user}, effective ${effective}, saved ${saved}`);
      const [group, effectiveGroup, savedGroup] = field(status, 'Gid').split(/\s+/);
      const groups = field(status, 'Groups').split(' ').filter(Boolean).length;
      expect(lines).toContain(
        `group: real ${group}, effective ${effectiveGroup}, saved ${savedGroup}; ${groups} supplementary`,
      );
      const [effectiveCaps, permitted, inheritable] = ['CapEff', 'CapPrm', 'CapInh'].map((name) =>
        field(status, name),
      );
      expect(lines).toContain(
        `capabilities: effective 0x${effectiveCaps}, permitted 0x${permitted}, inheritable 0x${inheritable}`,
      );
      expect(lines).toContain(`bounding set: 0x${field(status, 'CapBnd')}`);
      expect([effectiveCaps, permitted, inheritable]).toEqual(Array(3).fill('0'.repeat(16)));
      expect(lines).toContain('no new privileges: yes');
      expect(field(status, 'NoNewPrivs')).toBe('1');
      expect(field(status, 'Seccomp')).toBe('2');
      const hard = (name: string): string =>
        new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(limits)?.[1] ?? '';
      const named = {
        core: 'Max core file size',
        nofile: 'Max open files',
        nproc: 'Max processes',
        memlock: 'Max locked memory',
        msgqueue: 'Max msgqueue size',
        fsize: 'Max file size',
        as: 'Max address space',
      };
      expect(lines).toContain(
        `limits: ${Object.entries(named)
          .map(([short, name]) => `${short} ${hard(name)}`)
          .join(', ')}`,
      );
      expect([...descriptors].sort()).toEqual(open.sort());
      expect(Number(hard('Max open files'))).toBeLessThanOrEqual(Math.max(...open) + 1);
      if (options.length > 0) expect([user, group, groups]).toEqual(['65534', '65533', 0]);
    },
  );

  test('what each descriptor is for, and which calls there are with which arguments', () => {
    const text = show().lines.join('\n');
    expect(text).toMatch(/^ {2}0: no system call may use it$/m);
    expect(text).toMatch(/^ {2}1: the console$/m);
    expect(text).toMatch(/^ {2}\d+: sectors to the guest \(disk\); sectors of the guest \(disk\)$/m);
    expect(text).toMatch(
      /^ {2}pread64\(fd = \d+, size = 512, offset <= 3584\): sectors to the guest \(disk\)$/m,
    );
    expect(text).toMatch(/^ {2}epoll_pwait\(fd = \d+, mask = 0\): /m);
    expect(text).toMatch(/^Landlock: (not in this kernel|version \d+: no file by its path)/m);
  });

  test('that a device which may only be read is written with an error', () => {
    const { out } = tender('spt', '--mem=4', `--block-ro:disk=${disk}`, '--show-sandbox', sleeper);
    expect(out).toMatch(/^ {2}pwrite64\(fd = \d+\) fails: a device that may only be read/m);
  });

  test('nothing of the guest: it does not run', () => {
    const said = guest(`mov $1, %eax; mov $1, %edi; mov $0x100000, %esi; mov $4, %edx; syscall`);
    const { out } = tender('spt', ...start([]), '--show-sandbox', said);
    expect(out).toMatch(/^user: /);
    expect(out.match(/exit_group/g)).toHaveLength(1);
  });
});

/** Numbers of the system calls the table can name, for x86_64. */
const NUMBERS: Readonly<Record<string, number>> = {
  read: 0,
  write: 1,
  pread64: 17,
  pwrite64: 18,
  arch_prctl: 158,
  timer_settime: 222,
  clock_gettime: 228,
  exit_group: 231,
  epoll_pwait: 281,
  timerfd_settime: 286,
  seccomp: 317,
};
/** Beyond the last system call of today's kernels. */
const LAST = 480;
/** uretprobe and uprobe, which newer kernels let past every filter: they do nothing but for code the kernel itself put there. */
const PROBES: readonly number[] = [335, 336];

test('a guest finds that every call that is not in the list ends it, and those that are with other arguments', () => {
  const { calls } = show();
  expect([...calls.keys()].filter((name) => !(name in NUMBERS))).toEqual([]);
  const listed = new Set([...calls.keys()].map((name) => NUMBERS[name]));
  listed.delete(NUMBERS['exit_group']);
  // The number is patched into one image, so that a run is all it costs: mov $number, %eax at its start.
  const file = guest(`
  mov $0x7fffffff, %eax
  mov $77, %edi; mov $77, %esi; mov $77, %edx; mov $77, %r10d; mov $77, %r8d; mov $77, %r9d; syscall
  mov $231, %eax; mov $42, %edi; syscall`);
  const bytes = readFileSync(file);
  const at = bytes.indexOf(Buffer.from([0xb8, 0xff, 0xff, 0xff, 0x7f]));
  for (let number = 0; number <= LAST; number++) {
    if (PROBES.includes(number)) continue;
    bytes.writeUInt32LE(number, at + 1);
    writeFileSync(file, bytes);
    const { status, signal } = tender('spt', ...start([]), file);
    const ended =
      number === NUMBERS['exit_group'] ? { status: 77, signal: null } : { status: null, signal: 'SIGSYS' };
    expect({ number, status, signal }).toEqual({ number, ...ended });
  }
  expect(listed.size).toBeGreaterThan(7);
}, 120_000);

describe('who and where', () => {
  test.each([
    ['--uid=', 64, /not the number of a user or group; give one from 0 to 4294967294, as '--uid=1000'/],
    ['--uid=nobody', 64, /not the number of a user/],
    ['--gid=4294967295', 64, /not the number .*'--gid=1000'/],
    ['--uid=1000', 64, /the group would stay what it is; give one, as '--gid=1000'/],
    ['--chroot=', 64, /needs a value/],
  ])('%s is refused', (option, status, line) => {
    const ended = tender('spt', '--sysexits', ...start([option]), sleeper);
    expect(ended.err).toMatch(line);
    expect(ended.status).toBe(status);
  });

  test.skipIf(notRoot)('a root directory that does not exist is refused', () => {
    const ended = tender('spt', '--sysexits', ...start(['--chroot=/does/not/exist']), sleeper);
    expect(ended.err).toMatch(/'--chroot=\/does\/not\/exist': cannot be entered \(No such file/);
    expect(ended.status).toBe(78);
  });

  test.each([
    [
      ['--uid=1000', '--gid=1000'],
      /groups: cannot be changed \(Operation not permitted\); start the tender as root/,
    ],
    [[`--chroot=${empty}`], /this user may not change the root directory; start the tender as root/],
  ])('%j are refused without the privileges for it', (options, line) => {
    const plain = ['--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all'];
    const program = join(tenders, 'kittiwake-spt');
    const ended = run('setpriv', [
      ...(notRoot ? [] : plain),
      ...[program, '--sysexits', ...start(options), sleeper],
    ]);
    expect(ended.err).toMatch(line);
    expect(ended.status).toBe(77);
  });
});
