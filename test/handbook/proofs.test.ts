// What the page of evidence believes of measurements, and what it refuses.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PART_OPTIONS } from '../../labs/runner/options.ts';
import { parseProof } from '../../src/lib/proofs.ts';

const CIRCUMSTANCES = {
  version: 1,
  commit: 'c'.repeat(40),
  dirty: false,
  startedAt: '2026-01-01T00:00:00.000Z',
  durationMs: 1,
  vm: { digest: 'abc', accelerator: 'tcg', qemu: '7.2' },
  images: {},
};

test('files of the kinds there are are read', () => {
  const noticed = { by: 'nobody', reason: 'it only looks' };
  const control = {
    ...CIRCUMSTANCES,
    parts: [{ lab: 'x/y', part: 'one', digest: 'd', at: CIRCUMSTANCES.startedAt, noticed }],
  };
  expect(parseProof('control', 'c.json', JSON.stringify(control)).parts[0]?.noticed).toEqual(noticed);
  const labs = [{ lab: 'x/y', parts: [{ part: 'one', digest: 'd', runs: 20, passed: 19 }] }];
  const flakes = { ...CIRCUMSTANCES, seed: 1, labs };
  expect(parseProof('flakes', 'f.json', JSON.stringify(flakes)).labs).toEqual(labs);
});

test.each([
  ['flakes', '{', /^f.json: no JSON; remove it/],
  ['flakes', JSON.stringify({ ...CIRCUMSTANCES, commit: 'x' }), /^f.json: commit: no commit; remove it/],
  [
    'control',
    JSON.stringify({
      ...CIRCUMSTANCES,
      parts: [{ lab: 'a', part: 'b', digest: 'd', at: CIRCUMSTANCES.startedAt, noticed: { by: 'me' } }],
    }),
    /^f.json: parts.0.noticed/,
  ],
  ['history', JSON.stringify({ version: 1, parts: { a: [{ at: 'now' }] } }), /^f.json: parts.a.0.at/],
] as const)('%s as %j is refused with its field', (kind, text, message) => {
  expect(() => parseProof(kind, 'f.json', text)).toThrow(message);
});

test("the format's reference has every option of a part", () => {
  const readme = readFileSync('labs/README.md', 'utf8');
  for (const { form } of PART_OPTIONS) expect(readme).toContain(`\`${form.replace(/=.*/, '=')}`);
});
