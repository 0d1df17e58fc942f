// What Linux counts of a process: of one made up, and of this one.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startOf, usageOf } from '../../runtime/daemon/process.ts';

const numbers = Array.from({ length: 50 }, (_, at) => at + 3);

test('fields are those of proc(5), whatever the name of the process', () => {
  const stat = `42 (a) (b) 7) S ${numbers.slice(1).join(' ')}\n`;
  const status =
    'Name:\tx\nVmHWM:\t  400 kB\nvoluntary_ctxt_switches:\t11\nnonvoluntary_ctxt_switches:\t12\n';
  const { rusage, memory } = usageOf(stat, '1 2 3 4 5 6 7\n', status, 'cpu 1\nbtime 1000\n');
  expect(rusage).toMatchObject({
    minflt: 10n,
    majflt: 12n,
    utime: 140_000n,
    stime: 150_000n,
    maxrss: 100n,
    nswap: 36n,
  });
  expect(rusage).toMatchObject({ nvcsw: 11n, nivcsw: 12n });
  expect(memory).toMatchObject({ vsize: 23n, rss: 24n, tsize: 4n, dsize: 6n, ssize: 6n, runtime: 290_000n });
  expect(memory.start).toBe(1000_220_000n);
  expect(startOf(stat)).toBe(22n);
});

test('what is not a stat file is refused', () => {
  expect(() => usageOf('', '', '', '')).toThrow('/proc/PID/stat');
});

test('of this process, what it says of itself', () => {
  const own = (file: string): string => readFileSync(`/proc/self/${file}`, 'utf8');
  const { rusage, memory } = usageOf(
    own('stat'),
    own('statm'),
    own('status'),
    readFileSync('/proc/stat', 'utf8'),
  );
  const { userCPUTime, minorPageFault } = process.resourceUsage();
  expect(Math.abs(Number(rusage.utime) - userCPUTime)).toBeLessThan(5_000_000);
  expect(Number(rusage.minflt)).toBeLessThanOrEqual(minorPageFault + 1_000_000);
  expect(Number(memory.start) / 1e6).toBeCloseTo(Date.now() / 1000 - process.uptime(), -2);
  expect(Number(memory.rss) * 4096).toBeGreaterThan(10_000_000);
});
