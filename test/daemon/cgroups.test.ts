// Control groups, on a kernel that is made up but has the rules of the real one; test/daemon/cgroups-vm.test.ts asks the real one.
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { Cgroups, countersIn, type Kernel } from '../../runtime/daemon/cgroups.ts';
import { parseName } from '../../runtime/protocol/name.ts';
import { seeded } from '../random.ts';

const ROOT = '/g/unit';
const MB = 1 << 20;
/** Files that a group has where its parent's subtree_control names their controller. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  cpu: ['cpu.weight', 'cpu.max'],
  memory: ['memory.max', 'memory.oom.group'],
  pids: ['pids.max'],
};

class FakeKernel implements Kernel {
  readonly groups = new Map<string, { files: Map<string, string>; pids: Set<string> }>();
  /** So many times a process that has ended is still there. */
  lingering = 0;
  failure: string | undefined;

  constructor(controllers = 'cpuset cpu io memory pids', pids: string[] = ['7']) {
    this.groups.set('/g', { files: new Map([['cgroup.subtree_control', controllers]]), pids: new Set() });
    this.mkdir(ROOT);
    for (const pid of pids) this.groups.get(ROOT)?.pids.add(pid);
  }

  #error(code: string): never {
    throw Object.assign(new Error(code), { code });
  }
  #group(path: string) {
    return this.groups.get(path) ?? this.#error('ENOENT');
  }
  #controllers(path: string): string[] {
    return (this.groups.get(dirname(path))?.files.get('cgroup.subtree_control') ?? '').split(' ');
  }

  read = (path: string): string => {
    const [folder, file] = [dirname(path), path.slice(dirname(path).length + 1)];
    const group = this.#group(folder);
    if (file === 'cgroup.controllers') return `${this.#controllers(folder).join(' ')}\n`;
    if (file === 'cgroup.procs') return [...group.pids].map((pid) => `${pid}\n`).join('');
    return group.files.get(file) ?? this.#error('ENOENT');
  };
  write = (path: string, text: string): void => {
    if (this.failure !== undefined) this.#error(this.failure);
    const [folder, file] = [dirname(path), path.slice(dirname(path).length + 1)];
    const group = this.#group(folder);
    if (file === 'cgroup.subtree_control') {
      if (group.pids.size > 0) this.#error('EBUSY');
      const wanted = text.split(' ').map((word) => word.replace('+', ''));
      if (wanted.some((one) => !this.#controllers(folder).includes(one))) this.#error('ENOENT');
      group.files.set(file, wanted.join(' '));
    } else if (file === 'cgroup.procs') {
      if (group.files.get('cgroup.subtree_control')) this.#error('EBUSY');
      for (const other of this.groups.values()) other.pids.delete(text);
      group.pids.add(text);
    } else {
      const there = this.#controllers(folder).flatMap((controller) => FILES[controller] ?? []);
      if (!there.includes(file)) this.#error('ENOENT');
      group.files.set(file, text);
    }
  };
  mkdir = (path: string): void => {
    if (this.groups.has(path)) this.#error('EEXIST');
    this.#group(dirname(path));
    this.groups.set(path, { files: new Map(), pids: new Set() });
  };
  rmdir = (path: string): void => {
    const group = this.#group(path);
    if (this.lingering > 0 && group.pids.size > 0 && --this.lingering === 0) group.pids.clear();
    if (group.pids.size > 0 || this.folders(path).length > 0) this.#error('EBUSY');
    this.groups.delete(path);
  };
  folders = (path: string): string[] =>
    [...this.groups.keys()].filter((key) => dirname(key) === path).map((key) => key.slice(path.length + 1));

  get all(): string[] {
    return [...this.groups.keys()]
      .filter((key) => key.startsWith(`${ROOT}/`))
      .map((key) => key.slice(ROOT.length + 1));
  }
  file(group: string, file: string): string | undefined {
    return this.groups.get(join(ROOT, group))?.files.get(file);
  }
}

const WEB = parseName('team:web');
let kernel: FakeKernel;
beforeEach(() => {
  kernel = new FakeKernel();
});
const open = () => Cgroups.open(ROOT, kernel);

describe('a unikernel', () => {
  test('gets a group below its path, with room for more than its memory, and its limits', () => {
    open().attach(WEB, [100, 101], 64, { cpuWeight: 200, cpuMax: 50 });
    expect(kernel.all).toEqual(['keep', 'team:', 'team:/:web']);
    expect([...(kernel.groups.get(`${ROOT}/team:/:web`)?.pids ?? [])]).toEqual(['100', '101']);
    expect(Number(kernel.file('team:/:web', 'memory.max'))).toBe(64 * MB + 2 * MB + 32 * MB);
    expect(kernel.file('team:/:web', 'memory.oom.group')).toBe('1');
    expect(kernel.file('team:/:web', 'pids.max')).toBe('32');
    expect(kernel.file('team:/:web', 'cpu.weight')).toBe('200');
    expect(kernel.file('team:/:web', 'cpu.max')).toBe('50000 100000');
  });

  test('has the limits it is given later, and none of those it had before', () => {
    const groups = open();
    groups.attach(WEB, [100], 64, { cpuWeight: 200, cpuMax: 50 });
    groups.apply(WEB, {});
    expect(kernel.file('team:/:web', 'cpu.weight')).toBe('100');
    expect(kernel.file('team:/:web', 'cpu.max')).toBe('max 100000');
  });

  test('whose group there is already is put into that one', () => {
    const groups = open();
    groups.attach(WEB, [100], 64, {});
    groups.attach(WEB, [100, 102], 32, {});
    expect(kernel.groups.get(`${ROOT}/team:/:web`)?.pids).toEqual(new Set(['100', '102']));
    expect(Number(kernel.file('team:/:web', 'memory.max'))).toBeLessThan(96 * MB);
  });

  test('named as a file of the kernel, or as a path, has a group of its own', () => {
    const groups = open();
    for (const [pid, name] of ['cgroup.procs', 'team', 'team:team', 'keep'].entries())
      groups.attach(parseName(name), [pid + 1], 16, {});
    expect(kernel.all).toEqual(['keep', ':cgroup.procs', ':team', 'team:', 'team:/:team', ':keep']);
  });

  test('that has ended takes its group with it, and its path where nothing else is there', async () => {
    const groups = open();
    groups.attach(WEB, [100], 64, {});
    groups.attach(parseName('team:other'), [101], 64, {});
    kernel.lingering = 3;
    expect(await groups.remove(WEB)).toBe(true);
    expect(kernel.all).toEqual(['keep', 'team:', 'team:/:other']);
    kernel.lingering = 1;
    expect(await groups.remove(parseName('team:other'))).toBe(true);
    expect(kernel.all).toEqual(['keep']);
    expect(await groups.remove(WEB)).toBe(true);
  });

  test('that does not leave its group is not waited for without end', async () => {
    const groups = open();
    groups.attach(WEB, [100], 64, {});
    expect(await groups.remove(WEB)).toBe(false);
    expect(kernel.all).toContain('team:/:web');
  });

  test('that cannot be limited is said to be', () => {
    const groups = open();
    kernel.failure = 'ENOSPC';
    expect(() => groups.attach(WEB, [100], 64, {})).toThrow(`cgroup ${ROOT}/team:/:web: ENOSPC`);
  });
});

describe('the folder', () => {
  test('is cleared of its own processes first, and of what is empty in it; what runs stays', () => {
    open().attach(WEB, [100], 64, {});
    kernel.mkdir(`${ROOT}/gone:`);
    kernel.mkdir(`${ROOT}/gone:/:a`);
    kernel.mkdir(`${ROOT}/team:/:b`);
    open();
    expect(kernel.all).toEqual(['keep', 'team:', 'team:/:web']);
    expect(kernel.groups.get(`${ROOT}/keep`)?.pids).toEqual(new Set(['7']));
    expect(kernel.groups.get(`${ROOT}/team:/:web`)?.pids).toEqual(new Set(['100']));
  });

  test('that is not of version 2, not delegated, or not ours to write is refused', () => {
    expect(() => Cgroups.open('/elsewhere', kernel)).toThrow(
      'cgroup /elsewhere: it cannot be read (ENOENT); is it one of version 2?',
    );
    kernel = new FakeKernel('cpuset memory');
    expect(open).toThrow(`cgroup ${ROOT}: cpu, pids not delegated; its unit needs Delegate=yes`);
    kernel = new FakeKernel();
    kernel.failure = 'EROFS';
    expect(open).toThrow(`cgroup ${ROOT}: it cannot be written (EROFS); is it delegated?`);
  });
});

test('counters are numbers with or without a name, and nothing else is taken for one', () => {
  expect(countersIn('cpu.stat', 'usage_usec 12\nnr_throttled 3\n')).toEqual([
    { name: 'cpu.stat.usage_usec', value: 12n },
    { name: 'cpu.stat.nr_throttled', value: 3n },
  ]);
  expect(countersIn('memory.current', '4096\n')).toEqual([{ name: 'memory.current', value: 4096n }]);
  expect(countersIn('memory.max', 'max\n')).toEqual([]);
  const random = seeded(11);
  for (let round = 0; round < 5000; round++) {
    const bytes = Buffer.from('usage_usec 18446744073709551615\nuser_usec 5\n7\n');
    for (let i = random(6); i >= 0; i--) bytes[random(bytes.length)] = random(256);
    for (const { name, value } of countersIn('x', bytes.toString('latin1'))) {
      expect(name).toMatch(/^x(\.[a-z_.]{1,64})?$/);
      expect(BigInt.asIntN(64, value)).toBe(value);
    }
  }
});
