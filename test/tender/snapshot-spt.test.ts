// Snapshots of guests under spt: taken and restored again and again, and while their tender is killed.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { alphabet, sleep, spin } from './alphabet.ts';
import { imageFolder, tender, tenders } from './tender.ts';

const LIMIT_MS = 60_000;

const { image, remove } = imageFolder();
afterAll(remove);
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const folder = join(image('empty', ''), '..');
const images = {
  sleeps: image('sleeps.spt', alphabet(sleep(100))),
  hurries: image('hurries.spt', alphabet(sleep(10))),
  computes: image('computes.spt', alphabet(spin(100_000_000))),
};

/** What is said of a guest that cannot notice. */
const DEAF =
  /^kittiwake-spt: \S+: its guest does not understand that it was restored: [^\n]*; run one at a time\n$/;

interface Running {
  readonly process: ChildProcess;
  /** What it has written so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves to the status when all it wrote is there. */
  readonly ended: Promise<number | null>;
}

function start(...args: string[]): Running {
  const process = spawn(join(tenders, 'kittiwake-spt'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  process.stdout.on('data', (text: Buffer) => (out += text.toString()));
  process.stderr.on('data', (text: Buffer) => (err += text.toString()));
  const ended = once(process, 'close').then(([status]) => status as number | null);
  return { process, out: () => out, err: () => err, ended };
}

/** Waits until `condition` holds or the tender has ended. */
async function until(running: Running, condition: () => boolean): Promise<void> {
  while (!condition() && running.process.exitCode === null && running.process.signalCode === null)
    await delay(2);
}

describe('a snapshot', { timeout: LIMIT_MS }, () => {
  test.each(['sleeps', 'computes'] as const)(
    'of a guest that %s has all of it: restored again and again, it goes on where it was',
    async (kind) => {
      const file = join(folder, `${kind}.snap`);
      let out = '';
      for (let turn = 0; turn < 8; turn++) {
        const from = turn === 0 ? ['--mem=4', images[kind]] : [`--restore=${file}`];
        const running = start(`--snapshot=${file}`, '--snapshot-exit', ...from);
        await until(running, () => running.out() !== '');
        running.process.kill('SIGUSR1');
        expect(await running.ended).toBe(0);
        expect(running.err()).toMatch(turn === 0 ? /^$/ : DEAF);
        out += running.out();
      }
      const last = tender('spt', `--restore=${file}`);
      expect(out + last.out).toBe(LETTERS);
      expect(last.status).toBe(42);
    },
  );

  test('may be asked for as soon as the guest is said to have started', async () => {
    const file = join(folder, 'early.snap');
    for (let turn = 0; turn < 25; turn++) {
      const options = ['--mem=4', `--snapshot=${file}`, '--snapshot-exit', '--events=3', images.computes];
      const running = spawn(join(tenders, 'kittiwake-spt'), options, {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      });
      let err = '';
      running.stderr?.on('data', (text: Buffer) => (err += text.toString()));
      running.stdio[3]?.once('data', () => running.kill('SIGUSR1'));
      const [status] = (await once(running, 'close')) as [number | null];
      expect({ turn, status, err }).toEqual({ turn, status: 0, err: '' });
    }
  });

  test('does not disturb the guest, and each one replaces the one before', async () => {
    const file = join(folder, 'on.snap');
    const running = start('--mem=4', `--snapshot=${file}`, images.sleeps);
    await until(running, () => running.out() !== '');
    running.process.kill('SIGUSR1');
    await until(running, () => existsSync(file));
    const first = statSync(file).ino;
    const early = openSync(file, 'r'); // keeps its number from being used again
    running.process.kill('SIGUSR1');
    await until(running, () => statSync(file).ino !== first);
    expect(await running.ended).toBe(42);
    closeSync(early);
    expect({ out: running.out(), err: running.err() }).toEqual({ out: LETTERS, err: '' });
    expect(statSync(file).ino).not.toBe(first);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
    const clones = [tender('spt', `--restore=${file}`), tender('spt', `--restore=${file}`)];
    for (const clone of clones) {
      expect(clone.status).toBe(42);
      expect(LETTERS.endsWith(clone.out)).toBe(true);
    }
    expect(clones[0]?.out).toBe(clones[1]?.out);
  });

  test('is whole whenever its tender is killed', async () => {
    const file = join(folder, 'killed.snap');
    for (let round = 0; round < 30; round++) {
      // The first one has time: there must be a snapshot before it is killed.
      const running = start('--mem=4', `--snapshot=${file}`, round === 0 ? images.sleeps : images.hurries);
      await until(running, () => running.out() !== '');
      running.process.kill('SIGUSR1');
      if (round === 0) await until(running, () => existsSync(file));
      else await delay(round / 5); // anywhere from before it to after it
      running.process.kill('SIGKILL');
      await running.ended;
      const restored = tender('spt', `--restore=${file}`);
      expect(restored.status).toBe(42);
      expect(LETTERS.endsWith(restored.out)).toBe(true);
    }
  });

  test('is an event, and the end after it is one, too', async () => {
    const file = join(folder, 'events.snap');
    const process = spawn(
      join(tenders, 'kittiwake-spt'),
      ['--events=3', '--mem=4', `--snapshot=${file}`, '--snapshot-exit', images.sleeps],
      { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] },
    );
    let lines = '';
    process.stdio[3]?.on('data', (text: Buffer) => (lines += text.toString()));
    process.stdout?.once('data', () => process.kill('SIGUSR1'));
    process.stdout?.resume();
    expect(await once(process, 'close')).toEqual([0, null]);
    const events = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toEqual(['started', 'snapshot', 'exit']);
    expect(events[1]).toMatchObject({ file });
    expect(events[2]).toMatchObject({ status: 0, reason: 'exited' });
  });

  test('that cannot be written costs the guest nothing, and leaves the old one', async () => {
    const old = readFileSync(images.sleeps);
    const file = image('full.snap', old);
    // A file that may not grow beyond 8 kB.
    const limited = spawn(
      'sh',
      [
        '-c',
        'ulimit -f 8; exec "$@"',
        'sh',
        join(tenders, 'kittiwake-spt'),
        '--mem=4',
        `--snapshot=${file}`,
        images.sleeps,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let out = '';
    let err = '';
    limited.stderr.on('data', (text: Buffer) => (err += text.toString()));
    limited.stdout.on('data', (text: Buffer) => {
      if (out === '') limited.kill('SIGUSR1');
      out += text.toString();
    });
    const [status] = (await once(limited, 'close')) as [number | null];
    expect({ status, out }).toEqual({ status: 42, out: LETTERS });
    expect(err).toMatch(
      /^kittiwake-spt: snapshot \S+full.snap: \w[\w ]+ failed \(File too large\); the guest goes on, and an older snapshot stays as it was\n$/,
    );
    expect(readFileSync(file)).toEqual(old);
    expect(readdirSync(folder).filter((name) => name.includes('full.snap.'))).toEqual([]);
  });
});
