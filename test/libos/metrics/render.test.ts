// Counters as Prometheus and Influx read them.
import { beforeAll, expect, test } from 'vitest';
import { GAUGE, loadTables, readInflux, readPrometheus, type Table } from './metrics.ts';

let load: Awaited<ReturnType<typeof loadTables>>;
beforeAll(async () => {
  load = await loadTables();
});

const NASTY = 'back\\slash "quoted", a=b\nnew line é';

function filled(table: Table = load()): Table {
  table.counter('drops_total', 'Frames dropped.', 3n, ['reason', 'malformed IPv4']);
  table.counter('clients', 'Clients now.', 0n, undefined, GAUGE);
  table.counter('drops_total', 'Frames dropped.', 0xffffffffffffffffn, ['reason', NASTY]);
  table.counter('bytes_total', 'Bytes.', 1n);
  return table;
}

test('Prometheus: names together, escaped, each with one HELP and TYPE', () => {
  expect(filled().render('prometheus').join('')).toBe(
    [
      '# HELP drops_total Frames dropped.',
      '# TYPE drops_total counter',
      'drops_total{reason="malformed IPv4"} 3',
      'drops_total{reason="back\\\\slash \\"quoted\\", a=b\\nnew line é"} 18446744073709551615',
      '# HELP clients Clients now.',
      '# TYPE clients gauge',
      'clients 0',
      '# HELP bytes_total Bytes.',
      '# TYPE bytes_total counter',
      'bytes_total 1',
      '',
    ].join('\n'),
  );
});

test('Influx: a line for each, escaped, integers within their sign', () => {
  const text = filled(load(16, 'kitti wake,x', 'web=1'))
    .render('influx')
    .join('');
  expect(text.split('\n')[0]).toBe(
    'kitti\\ wake\\,x,host=web\\=1,reason=malformed\\ IPv4 drops_total=3i 1795247652123456789',
  );
  expect(readInflux(text)).toEqual(
    [
      [{ reason: 'malformed IPv4' }, 'drops_total', '3'],
      [{}, 'clients', '0'],
      [{ reason: 'back/slash "quoted", a=b new line é' }, 'drops_total', '9223372036854775807'],
      [{}, 'bytes_total', '1'],
    ].map(([tags, field, value]) => ({
      measurement: 'kitti wake,x',
      tags: { host: 'web=1', ...(tags as object) },
      field,
      value,
      at: '1795247652123456789',
    })),
  );
});

test('Influx: no empty tags', () => {
  const table = load();
  table.counter('a', 'A.', 1n, ['reason', '']);
  expect(table.render('influx').join('')).toBe('kittiwake a=1i 1795247652123456789\n');
  expect(readPrometheus(table.render('prometheus').join('')).get('a reason=""')).toBe('1');
});

test('a help text is escaped', () => {
  const table = load();
  table.counter('a', 'one\\two\nthree "four"', 1n);
  expect(table.render('prometheus').join('')).toContain('# HELP a one\\\\two\\nthree "four"\n');
});

test('nothing to show', () => {
  expect([load().render('prometheus'), load().render('influx')]).toEqual([[], []]);
});

test.each(['prometheus', 'influx'] as const)(
  '%s in pieces of any room is the same, whole lines only',
  (format) => {
    const table = filled();
    const all = table.render(format).join('');
    for (let room = 150; room < 700; room++) {
      const pieces = table.render(format, room);
      expect(pieces.join('')).toBe(all);
      for (const piece of pieces) {
        expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(room);
        expect(piece.endsWith('\n')).toBe(true);
      }
    }
    expect(table.render(format, 20)).toEqual([]);
  },
);

test('values count, are set, and may be somebody else’s', () => {
  const table = load();
  const [a, b, c] = [
    table.counter('a', 'A.', 1n),
    table.counter('b', 'B.', 0n),
    table.counter('c', 'C.', 0n),
  ];
  table.add(a, 41n);
  table.set(b, 7n);
  table.set(b, 5n);
  table.watch(c, 99n);
  expect([...readPrometheus(table.render('prometheus').join('')).values()]).toEqual(['42', '5', '99']);
});

test('several labels', () => {
  const table = load();
  table.twoLabels('a', 'A.', 'x', 'y"');
  table.twoLabels('a', 'A.', 'x', 'z');
  expect(table.render('prometheus').join('')).toContain('a{a="x",b="y\\""} 0\na{a="x",b="z"} 0\n');
});

test('the largest table of the longest texts stays within its room', () => {
  const table = load(256);
  for (let i = 0; i < 256; i++) {
    table.counter(`${'n'.repeat(200)}${Math.floor(i / 4)}`, 'h'.repeat(500), 0xffffffffffffffffn, [
      'l',
      'v'.repeat(490) + String(i % 4),
    ]);
  }
  const pieces = table.render('prometheus');
  expect(readPrometheus(pieces.join('')).size).toBe(256);
  expect(readInflux(table.render('influx', 1024).join('')).length).toBe(256);
});

test.each<[string, (table: Table) => void, RegExp]>([
  ['a full table', (t) => Array.from({ length: 17 }, (_, i) => t.counter(`a${i}`, '', 0n)), /too small/],
  ['a name that begins with a digit', (t) => t.counter('1a', '', 0n), /none Prometheus takes/],
  ['an empty name', (t) => t.counter('', '', 0n), /none Prometheus takes/],
  ['a name with a hyphen', (t) => t.counter('a-b', '', 0n), /none Prometheus takes/],
  ['a label with a colon', (t) => t.counter('a', '', 0n, ['a:b', 'c']), /none Prometheus takes/],
  ['texts that are too long', (t) => t.counter('a', 'h'.repeat(1000), 0n), /too long/],
  ['the same twice', (t) => [1, 2].map(() => t.counter('a', '', 0n, ['l', 'v'])), /registered twice/],
  [
    'two kinds of one name',
    (t) => [0, 1].map((k) => t.counter('a', '', 0n, ['l', `${k}`], k)),
    /of two kinds/,
  ],
])('%s is a mistake of the image', (_, make, message) => {
  expect(() => make(load())).toThrow(message);
});
