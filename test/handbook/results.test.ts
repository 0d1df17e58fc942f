// The evidence file is read from disk and shown to people: what is not as it should be stops the build.
import { expect, test } from 'vitest';
import type { Results } from '../../labs/runner/results.ts';
import { parseResults } from '../../src/lib/results.ts';

const digest = 'a'.repeat(64);
const good: Results = {
  version: 1,
  commit: 'c'.repeat(40),
  dirty: false,
  startedAt: '2026-11-21T05:00:00.000Z',
  durationMs: 1000,
  vm: { digest, accelerator: 'kvm', qemu: '7.2.22' },
  images: { 'hello.hvt': digest },
  labs: [
    {
      lab: 'hvt/hello',
      title: 'Hello',
      startedAt: '2026-11-21T05:00:01.000Z',
      durationMs: 20,
      parts: [{ part: 'run', digest, outcome: 'passed', exit: 0, durationMs: 12, transcript: 'Hello' }],
    },
  ],
};
const parse = (results: unknown): Results => parseResults('build/labs/results.json', JSON.stringify(results));

test('a whole file is read as it is', () => {
  expect(parse(good)).toEqual(good);
});

test.each([
  ['another version', { ...good, version: 2 }, 'version'],
  ['a commit that is none', { ...good, commit: 'HEAD' }, 'commit: no commit'],
  ['a date that is none', { ...good, startedAt: 'yesterday' }, 'startedAt'],
  ['a duration below nothing', { ...good, durationMs: -1 }, 'durationMs'],
  ['an unknown accelerator', { ...good, vm: { ...good.vm, accelerator: 'xen' } }, 'vm.accelerator'],
  ['no labs', { ...good, labs: undefined }, 'labs'],
  [
    'an unknown outcome',
    { ...good, labs: [{ ...good.labs[0], parts: [{ ...good.labs[0]?.parts[0], outcome: 'fine' }] }] },
    'labs.0.parts.0.outcome',
  ],
  [
    'an endless transcript',
    {
      ...good,
      labs: [{ ...good.labs[0], parts: [{ ...good.labs[0]?.parts[0], transcript: 'x'.repeat(100_000) }] }],
    },
    'labs.0.parts.0.transcript',
  ],
  ['nothing', null, ''],
] as const)('%s is an error that names the file and the field', (_, results, field) => {
  expect(() => parse(results)).toThrow(`build/labs/results.json: ${field}`);
  expect(() => parse(results)).toThrow(/'npm run labs'/);
});

test('a file that broke off is an error too', () => {
  expect(() => parseResults('labs/results.json', JSON.stringify(good).slice(0, -20))).toThrow(
    /^labs\/results\.json: no JSON/,
  );
});
