// --events=FD: what a tender tells about its guest, that nobody who reads it badly can stop the guest, and what is refused.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { labVm, written } from '../vm/lab.ts';
import { DATA, halt, hypercall, store } from './code.ts';
import { guestElf, type Segment } from './guest-elf.ts';
import { imageFolder, run, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const hvt = join(tenders, 'kittiwake-hvt');

describe('a descriptor', () => {
  test.each([
    ['--events=0', /not the number of a descriptor for it; give 3 or higher/],
    ['--events=2', /not the number of a descriptor/],
    ['--events=', /needs a value; write it as '--events=3'/],
    ['--events=x', /not the number of a descriptor/],
    ['--events=99999999999999999999', /descriptor 99999999 is not open|not the number of a descriptor/],
    ['--events', /needs a value; write it as '--events=3'/],
  ])('%s is refused', (option, line) => {
    expect(run(hvt, ['--sysexits', option, 'x.hvt'])).toMatchObject({
      status: 64,
      err: expect.stringMatching(line) as string,
    });
  });

  test.each([
    ['that is closed', '3>&-', /descriptor 3 is not open; open it in the shell, as '3>events.json'/],
    ['that is read-only', '3</dev/null', /descriptor 3 is open for reading only; open it for writing/],
  ])('%s is refused', (_, redirection, line) => {
    expect(run('sh', ['-c', `exec ${hvt} --sysexits --events=3 x.hvt ${redirection}`])).toMatchObject({
      status: 78,
      err: expect.stringMatching(line) as string,
    });
  });

  test('given twice is refused', () => {
    expect(run(hvt, ['--sysexits', '--events=3', '--events=4', 'x.hvt'])).toMatchObject({
      status: 64,
      err: expect.stringMatching(/already given; give it once/) as string,
    });
  });

  test('beside others that are closed is kept', () => {
    const script = `exec ${hvt} --events=9 missing.hvt 3</etc/passwd 8</etc/passwd 9>&1 10</etc/passwd`;
    expect(JSON.parse(run('sh', ['-c', script]).out)).toMatchObject({
      event: 'exit',
      status: 1,
      reason: 'refused',
      message: 'missing.hvt: no such file; check the path',
    });
  });
});

test('what is no UTF-8, a quote or a control character does not break a line', () => {
  const script = `exec ${hvt} --events=3 "$(printf '\\377a"\\\\\\001\\303\\244\\355\\240\\200.hvt')" 3>&1`;
  const { stdout } = spawnSync('sh', ['-c', script]);
  new TextDecoder('utf-8', { fatal: true }).decode(stdout);
  expect(stdout.toString().split('\n')).toHaveLength(2);
  expect((JSON.parse(stdout.toString()) as { message: string }).message).toMatch(
    /^\ufffda"\\\u0001ä\ufffd{3}\.hvt: no such file/,
  );
});

describe('a reader', () => {
  const refused = ['--events=3', 'missing.hvt'];

  test('that is gone does not matter', async () => {
    const child = spawn(hvt, refused, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    child.stdio[3]?.destroy();
    expect(await once(child, 'exit')).toEqual([1, null]);
  });

  test('that reads nothing does not matter: a full pipe drops the line', () => {
    const script = `
mkfifo "$0"; exec 4<>"$0"
dd if=/dev/zero bs=65536 count=1 of="$0" status=none
${hvt} --events=3 missing.hvt 3>"$0"; echo $?
head -c 65536 <&4 | wc -c`;
    const ended = run('sh', ['-c', script, join(image('beside', ''), '..', 'full')]);
    expect(ended.out).toBe('1\n65536\n');
  });

  test('shares its descriptor with others, for whom nothing changes', () => {
    const script = `{ ${hvt} --events=3 missing.hvt 3>&1; grep flags: /proc/self/fdinfo/1; } | tail -n 1`;
    const flags = parseInt(run('sh', ['-c', script]).out.split(/\s+/)[1] ?? '', 8);
    expect(flags & 0o4000).toBe(0);
  });
});

// ---- What guests do, under real KVM in a lab VM ----

const RUN_LIMIT_MS = 100_000;
const SEGMENTS: readonly Segment[] = [{ address: DATA, flags: 6, bytes: [0], memory: 0x1000 }];

describe('hvt', () => {
  const lab = labVm(RUN_LIMIT_MS);
  let status: number;
  const once =
    'kittiwake-hvt --sysexits --mem=4 --block:disk=/tmp/disk --events=3 /tmp/guest.hvt; echo $? >/tmp/status';

  /** Runs a guest by a shell command, and returns the lines of its events. */
  async function events(code: readonly number[], run = once, features?: number): Promise<unknown[]> {
    const devices = [{ name: 'disk', type: 1 }];
    const guest = { target: 'hvt', code, more: SEGMENTS, devices } as const;
    const elf = guestElf(features === undefined ? guest : { ...guest, features });
    const { out } = await lab.run(`${written(elf, '/tmp/guest.hvt')}
truncate -s 1M /tmp/disk
( ${run} ) 3>/tmp/events >/dev/null 2>&1; cat /tmp/events /tmp/status`);
    const lines = out.trim().split('\n');
    status = Number(lines.pop());
    return lines.map((line) => JSON.parse(line) as unknown);
  }

  const started = {
    event: 'started',
    tender: 'kittiwake-hvt',
    image: '/tmp/guest.hvt',
    memory: 4 * 2 ** 20,
    pid: expect.any(Number) as number,
    devices: [{ type: 'block', name: 'disk' }],
  };

  test('tells that a guest started and how it ended', async () => {
    expect(await events(halt(42))).toMatchObject([started, { event: 'exit', status: 42, reason: 'exited' }]);
  });

  test.each(['TERM', 'INT', 'HUP', 'QUIT'])('tells that SIG%s has ended it', async (signal) => {
    // POLL for 36 minutes
    const code = [...store(DATA, 0x7fffffff), ...store(DATA + 4, 0x1ff), ...hypercall(3, DATA), ...halt(1)];
    const number = { TERM: 15, INT: 2, HUP: 1, QUIT: 3 }[signal] ?? 0;
    const run = `{ kittiwake-hvt --mem=4 --block:disk=/tmp/disk --events=3 /tmp/guest.hvt & p=$!
until grep -q started /tmp/events; do sleep 0.05; done; kill -${signal} $p; wait $p; echo $? >/tmp/status; }`;
    expect(await events(code, run)).toMatchObject([
      started,
      { event: 'exit', signal: number, reason: 'signal' },
    ]);
    expect(status).toBe(128 + number);
  });

  test.each([
    ['its time is over', '--stop-timeout=1', ''],
    [
      'it is asked again',
      '--stop-timeout=3600',
      'until grep -q stopping /tmp/events; do sleep 0.05; done; kill $p;',
    ],
  ])('tells that a guest that was asked to end was ended: %s', async (_, option, then) => {
    const NOTICE_AND_STOP = 6;
    const run = `{ kittiwake-hvt --mem=4 --block:disk=/tmp/disk --events=3 ${option} /tmp/guest.hvt & p=$!
until grep -q started /tmp/events; do sleep 0.05; done; kill $p; ${then} wait $p; echo $? >/tmp/status; }`;
    expect(await events([0xeb, 0xfe], run, NOTICE_AND_STOP)).toMatchObject([
      started,
      { event: 'stopping' },
      { event: 'exit', signal: 15, reason: 'signal' },
    ]);
    expect(status).toBe(143);
  });

  test('tells what a guest did wrong', async () => {
    expect(await events([0xf4])).toMatchObject([
      started,
      {
        event: 'fault',
        message: expect.stringMatching(/^guest fault: it halted/) as string,
        registers: { rsp: '0x3ffff8' },
      },
      { event: 'exit', status: 255, reason: 'fault' },
    ]);
  });
});
