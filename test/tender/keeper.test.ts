// The process that stands by while a guest runs under spt: it ends as the guest ends, and neither outlives the other.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { compileC } from '../../scripts/setup/compile.ts';
import { call, exit, guestElf } from './guest-elf.ts';
import { imageFolder, run, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const spt = join(tenders, 'kittiwake-spt');
const SPIN = [0xeb, 0xfe]; // jmp to itself

function start(file: string, ...options: string[]) {
  return watch(spt, ['--mem=4', ...options, '--events=3', file]);
}

function watch(program: string, words: string[]) {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  // Where an assertion fails first, the guest would spin for ever.
  onTestFinished(() => void child.kill('SIGKILL'));
  let lines = '';
  child.stdio[3]?.on('data', (text: Buffer) => (lines += text.toString()));
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    child,
    events: () =>
      lines
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { event: string; pid?: number; guest_pid?: number }),
    ended: async () => {
      const [status, signal] = await closed;
      return { status, signal };
    },
  };
}

/** The processes that were started for `file`, by their command line. */
function processesOf(file: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(file);
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await after(5);
}

/** Waits until the guest runs, and returns the number of its process. */
async function running(it: ReturnType<typeof start>): Promise<number> {
  await until(() => it.events().some(({ event }) => event === 'started'));
  return it.events()[0]?.guest_pid ?? 0;
}

function statusOf(pid: number | undefined): string {
  return readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
}

/** Waits until `pid` is confined, which is the last it does before it begins: it is told a moment earlier that the guest runs. */
async function confined(pid: number | undefined): Promise<void> {
  await until(() => /^Seccomp:\t2$/m.test(statusOf(pid)));
}

describe('the keeper', () => {
  test('is there only where an option needs it', async () => {
    const file = image('alone.spt', guestElf({ code: [...stdoutByte(), ...SPIN] }));
    const child: ChildProcess = spawn(spt, ['--mem=4', file], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.stdout) await once(child.stdout, 'data');
    expect(processesOf(file)).toEqual([child.pid]);
    child.kill('SIGKILL');
    await once(child, 'close');
  });

  test.each([0, 7, 254])('passes status %i', async (status) => {
    const it = start(image(`exit${status}.spt`, guestElf({ code: exit(status) })));
    expect(await it.ended()).toEqual({ status, signal: null });
    expect(it.events()).toMatchObject([{ event: 'started' }, { event: 'exit', status, reason: 'exited' }]);
  });

  test.each([
    ['a system call it may not make', call(39), 'SIGSYS', {}],
    ['an instruction that does not exist', [0x0f, 0x0b], 'SIGILL', { rip: '0x100000', rsp: '0x3ffff8' }],
    ['memory it may not', [0x48, 0x8b, 0x04, 0x25, 8, 0, 0, 0], 'SIGSEGV', { rip: '0x100000' }],
  ])('ends by the signal of %s, after telling of it', async (text, code, signal, registers) => {
    const it = start(image('fault.spt', guestElf({ code })));
    expect(await it.ended()).toEqual({ status: null, signal });
    expect(it.events()).toMatchObject([
      { event: 'started' },
      {
        event: 'fault',
        message: expect.stringContaining(text) as string,
        ...(signal === 'SIGSYS' ? {} : { registers }),
      },
      { event: 'exit', reason: 'fault' },
    ]);
  });

  test('tells of a fault that ends with a status', async () => {
    const it = start(image('status.spt', guestElf({ code: [0x0f, 0x0b] })), '--sysexits');
    expect(await it.ended()).toEqual({ status: 255, signal: null });
    expect(it.events().map(({ event }) => event)).toEqual(['started', 'fault', 'exit']);
  });

  test('tells what was refused before there was a guest', async () => {
    const it = start(image('text.spt', 'text'));
    expect(await it.ended()).toEqual({ status: 1, signal: null });
    expect(it.events()).toMatchObject([{ event: 'exit', status: 1, reason: 'refused' }]);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)(
    'ends by %s with the guest',
    async (signal) => {
      const file = image('spin.spt', guestElf({ code: SPIN }));
      const it = start(file);
      await running(it);
      it.child.kill(signal);
      expect(await it.ended()).toEqual({ status: null, signal });
      expect(processesOf(file)).toEqual([]);
      expect(it.events().at(-1)).toMatchObject({ event: 'exit', reason: 'signal' });
    },
  );

  test('alone decides what a signal to both means', async () => {
    const it = start(image('both.spt', guestElf({ code: SPIN })));
    const guest = await running(it);
    await confined(guest);
    const ignored = parseInt(/^SigIgn:\t(.*)$/m.exec(statusOf(guest))?.[1] ?? '', 16);
    const bits = [1, 2, 3, 15].map((number) => (ignored >>> (number - 1)) & 1);
    expect(bits).toEqual([1, 1, 1, 1]); // SIGHUP, SIGINT, SIGQUIT, SIGTERM
    process.kill(guest, 'SIGKILL');
    expect(await it.ended()).toEqual({ status: null, signal: 'SIGKILL' });
    expect(it.events().at(-1)).toMatchObject({ event: 'exit', signal: 9, reason: 'signal' });
  });

  test('has no capability, no way to gain one, a filter, and none of the guest’s memory', async () => {
    const it = start(image('contained.spt', guestElf({ code: SPIN })));
    const guest = await running(it);
    for (const pid of [it.child.pid, guest]) {
      await confined(pid);
      expect(statusOf(pid)).toMatch(/^CapEff:\t0{16}$/m);
      expect(statusOf(pid)).toMatch(/^CapPrm:\t0{16}$/m);
      expect(statusOf(pid)).toMatch(/^NoNewPrivs:\t1$/m);
    }
    // What the caller keeps in its environment the guest could read.
    expect(readFileSync(`/proc/${guest}/environ`, 'latin1')).not.toContain('PATH');
    const size = (pid: number | undefined) => Number(/^VmSize:\s+(\d+)/m.exec(statusOf(pid))?.[1]);
    expect(size(it.child.pid)).toBeLessThan(size(guest) - 3 * 1024);
    it.child.kill('SIGKILL');
    await it.ended();
  });
});

describe('with a socket for a network', () => {
  const file = image('net.spt', guestElf({ code: SPIN, devices: [{ name: 'dev', type: 2 }] }));
  const inherit = compileC('test/tender/inherit.c');
  const words = ['9=dgram', spt, '--mem=4', '--net:dev=@9', '--events=3', `--snapshot=${file}.snap`];

  test('leaves the guest’s process no descriptor of its own', async () => {
    const it = watch(inherit, [...words, `--stats=${file}.stats`, `--pcap:dev=${file}.pcap`, file]);
    const guest = await running(it);
    await confined(guest);
    const links = readdirSync(`/proc/${guest}/fd`).map((fd) => readlinkSync(`/proc/${guest}/fd/${fd}`));
    // Standard streams, the end of the relay, the epoll set and its timer.
    const others = links.slice(3).map((link) => link.replace(/\d+/, 'N'));
    expect(others.sort()).toEqual(['anon_inode:[eventpoll]', 'anon_inode:[timerfd]', 'socket:[N]']);
    it.child.kill('SIGKILL');
    await it.ended();
  });

  test('gives a restored guest none either that would keep it awake', async () => {
    const it = watch(inherit, [...words, file]);
    await running(it);
    process.kill(it.events()[0]?.pid ?? 0, 'SIGUSR1');
    await until(() => it.events().some(({ event }) => event === 'snapshot'));
    it.child.kill('SIGKILL');
    await it.ended();
    const restored = run(inherit, [
      '9=seqpacket',
      spt,
      '--sysexits',
      '--net:dev=@9',
      `--restore=${file}.snap`,
    ]);
    expect(restored.status).toBe(78);
    expect(restored.err).toMatch(/descriptor 9 is a SOCK_SEQPACKET socket, which keeps an spt guest awake/);
  });
});

/** write(1, CODE, 1). */
function stdoutByte(): number[] {
  return [0xbf, 1, 0, 0, 0, 0xbe, 0, 0, 0x10, 0, 0xba, 1, 0, 0, 0, ...call(1)];
}

// Whichever is killed, whenever: no process is left. The instants are spread over the whole of a start.
test.each(['keeper', 'guest'] as const)('kill -9 of the %s leaves no orphan', async (victim) => {
  const file = image(`orphan-${victim}.spt`, guestElf({ code: SPIN }));
  for (let round = 0; round < 40; round++) {
    const it = start(file);
    for (const begin = performance.now(); performance.now() - begin < round / 8;) continue;
    if (victim === 'keeper') {
      it.child.kill('SIGKILL');
    } else {
      let guest: number | undefined;
      await until(() => (guest = processesOf(file).find((pid) => pid !== it.child.pid)) !== undefined);
      if (guest !== undefined) process.kill(guest, 'SIGKILL');
    }
    expect(await it.ended()).toEqual({ status: null, signal: 'SIGKILL' });
    await until(() => processesOf(file).length === 0);
  }
});
