// --stats=FILE: what is counted, by reading the file as the command does; and which files are not taken.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readStats } from '../../runtime/cli/stats.ts';
import { parseStats } from '../../runtime/tender-stats.ts';
import { labVm, written } from '../vm/lab.ts';
import { DATA, halt, hypercall, store } from './code.ts';
import { call as systemCall, exit, guestElf, type Segment } from './guest-elf.ts';
import { fixtures, imageFolder, inNamespace, noTaps, run, TAP0, tender, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const hello = join(fixtures, 'hello.spt');
const path = (name: string): string => join(image('beside', ''), '..', name);

describe('a file', () => {
  const stats = (file: string) => tender('spt', '--sysexits', '--mem=4', `--stats=${file}`, hello);

  test('is made for its owner only, and says how the guest ended', () => {
    const file = path('new');
    expect(stats(file)).toMatchObject({ status: 0, err: '' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readStats(file)).toMatchObject({
      tender: 'kittiwake-spt',
      state: 'ended',
      memory: 4 * 2 ** 20,
      end: { reason: 'exited', status: 0 },
      exits: null,
      devices: [],
    });
  });

  test('of a guest that faulted, or was ended by a signal, says so', async () => {
    const file = path('fault');
    tender('spt', '--mem=4', `--stats=${file}`, image('ud.spt', guestElf({ code: [0x0f, 0x0b] })));
    expect(readStats(file).end).toEqual({ reason: 'fault', status: 4 });
    const child = spawn(join(tenders, 'kittiwake-spt'), [
      '--mem=4',
      `--stats=${file}`,
      image('spin.spt', guestElf({ code: [...stdoutByte(), 0xeb, 0xfe] })),
    ]);
    await once(child.stdout, 'data');
    expect(readStats(file)).toMatchObject({ state: 'running', pid: child.pid });
    expect(readStats(file).resident).toBeGreaterThan(4096);
    const second = stats(file);
    expect(second.err).toMatch(/is in use by another guest; give each its own file/);
    expect(second.status).toBe(78);
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(readStats(file).end).toEqual({ reason: 'signal', status: 15 });
  });

  test('that is there is replaced, not overwritten', () => {
    const file = path('old');
    writeFileSync(file, 'old');
    const link = path('link');
    run('ln', [file, link]);
    expect(stats(file)).toMatchObject({ status: 0 });
    expect(readFileSync(link, 'utf8')).toBe('old');
    expect(readStats(file).state).toBe('ended');
  });

  test.each([
    ['a folder', (file: string) => run('mkdir', [file]), /is there and no regular file/],
    ['a FIFO', (file: string) => run('mkfifo', [file]), /is there and no regular file/],
    ['a symbolic link', (file: string) => run('ln', ['-s', hello, file]), /is there and no regular file/],
    ['in no folder', () => undefined, /cannot be made \(No such file or directory\)/],
  ])('that is %s is refused', (what, make, line) => {
    const file = path(what === 'in no folder' ? 'none/stats' : what.replaceAll(' ', '-'));
    make(file);
    const ended = stats(file);
    expect(ended.err).toMatch(line);
    expect(ended).toMatchObject({ status: 78, out: '' });
  });

  test('without a name, or given twice, is refused', () => {
    expect(tender('spt', '--sysexits', '--stats=', hello)).toMatchObject({ status: 64 });
    expect(tender('spt', '--sysexits', '--stats', hello).err).toMatch(/write it as '--stats=FILE'/);
    expect(tender('spt', '--sysexits', '--stats=a', '--stats=b', hello).err).toMatch(/already given/);
  });

  test('beyond the limit of files is refused', () => {
    const ended = run('sh', [
      '-c',
      `ulimit -f 1; exec "$0" --sysexits --mem=4 --stats="$1" "$2"`,
      join(tenders, 'kittiwake-spt'),
      path('limited'),
      hello,
    ]);
    expect(ended.err).toMatch(/cannot be made \(File too large\)/);
    expect(ended.status).toBe(78);
  });
});

/** write(1, CODE, 1). */
function stdoutByte(): number[] {
  return [0xbf, 1, 0, 0, 0, 0xbe, 0, 0, 0x10, 0, 0xba, 1, 0, 0, 0, ...systemCall(1)];
}

test.skipIf(noTaps)(`under spt a tap's frames are the host's numbers ${noTaps ?? ''}`, () => {
  const file = path('tap');
  const script = `
${TAP0}
ping -q -c 1 -w 1 10.0.0.2 >&2 # counted before there is a guest
"$0" --mem=4 --net:service=tap0 --stats="$1" "$2" >&2 &
ping -q -c 1 -w 15 10.0.0.2 >&2 || exit 1
ping -q -f -c 200 10.0.0.2 >&2
kill $!; wait $!; echo $?`;
  const ended = inNamespace(script, join(tenders, 'kittiwake-spt'), file, join(fixtures, 'netcheck.spt'));
  expect(ended.out).toBe('0\n');
  const [device] = readStats(file).devices;
  expect(device).toMatchObject({ name: 'service', type: 'net', source: 'interface' });
  for (const counter of ['in_frames', 'out_frames']) {
    expect(device?.counters[counter]).toBeGreaterThanOrEqual(201);
    expect(device?.counters[counter]).toBeLessThan(230);
  }
  expect(device?.counters['in_bytes']).toBeGreaterThan(200 * 98);
});

test('under spt blocks are not counted, and the file says so', () => {
  const file = path('blocks');
  const disk = image('disk', Buffer.alloc(4096));
  const guest = image('disk.spt', guestElf({ code: exit(3), devices: [{ name: 'disk', type: 1 }] }));
  expect(tender('spt', '--mem=4', `--stats=${file}`, `--block:disk=${disk}`, guest).status).toBe(3);
  expect(readStats(file)).toMatchObject({
    end: { status: 3 },
    devices: [{ name: 'disk', type: 'block', source: 'none', counters: {} }],
  });
});

// ---- hvt, with real KVM in a lab VM ----

const RUN_LIMIT_MS = 60_000;
const SEGMENTS: readonly Segment[] = [{ address: DATA, flags: 6, bytes: [0], memory: 0x10000 }];
const [WALLTIME, BLOCK_WRITE, BLOCK_READ] = [1, 4, 5] as const;
const transfer = (number: number, offset: number, size: number): number[] => [
  ...store(DATA, 1),
  ...store(DATA + 8, offset),
  ...store(DATA + 16, DATA + 0x1000),
  ...store(DATA + 24, size),
  ...hypercall(number, DATA),
];

describe('under hvt', () => {
  const lab = labVm(RUN_LIMIT_MS);

  test('exits, hypercalls and blocks are counted', async () => {
    const code = [
      ...hypercall(WALLTIME, DATA),
      ...hypercall(WALLTIME, DATA),
      ...transfer(BLOCK_READ, 0, 1024),
      ...transfer(BLOCK_READ, 512, 512),
      ...transfer(BLOCK_WRITE, 0, 512), // to a read-only one
      ...transfer(BLOCK_READ, 4096, 512), // behind its end
      ...halt(7),
    ];
    const guest = guestElf({ target: 'hvt', code, more: SEGMENTS, devices: [{ name: 'disk', type: 1 }] });
    const { out } = await lab.run(`${written(guest, '/tmp/stats.hvt')}; truncate -s 4096 /tmp/disk
kittiwake-hvt --sysexits --mem=4 --stats=/dev/shm/stats --block-ro:disk=/tmp/disk /tmp/stats.hvt; echo $?
base64 -w 0 /dev/shm/stats`);
    const [status, base64 = ''] = out.split('\n');
    expect(status).toBe('7');
    expect(parseStats(Buffer.from(base64, 'base64'), () => undefined)).toMatchObject({
      tender: 'kittiwake-hvt',
      state: 'ended',
      end: { reason: 'exited', status: 7 },
      exits: { all: 7 },
      hypercalls: { walltime: 2, block_read: 3, block_write: 1, halt: 1 },
      devices: [
        {
          source: 'tender',
          counters: {
            reads: 3,
            read_bytes: 1536,
            read_errors: 1,
            writes: 1,
            written_bytes: 0,
            write_errors: 1,
          },
        },
      ],
    });
  });
});
