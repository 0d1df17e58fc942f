// Multicast DNS (RFC 6762): a host's name, as scripts of messages with given times.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seeded } from '../../random.ts';
import { A, AAAA, ANY, NSEC, wireAddress, wireName, write, type Message, type Record } from './messages.ts';
import { loadResponders, type Responder, type Sent } from './responder.ts';

const NAME = 'website.local';
const [V4, V6] = ['10.0.0.2', 'fe80::2'];
const FLUSH = 0x8001;

let load: Awaited<ReturnType<typeof loadResponders>>;
let responder: Responder;
beforeAll(async () => {
  load = await loadResponders();
});
beforeEach(() => {
  responder = load();
});

const record = (address: string, rest: Partial<Record> = {}): Record => ({
  name: NAME,
  type: address.includes(':') ? AAAA : A,
  class: FLUSH,
  ttl: 120,
  data: address,
  ...rest,
});
const response = (...answers: Record[]): Message => ({ flags: 0x8400, answers });
const ask = (type = A, rest: Message = {}, klass = 1): Message => ({
  questions: [{ name: NAME, type, class: klass }],
  ...rest,
});
const probeOf = (...authorities: Record[]): Message =>
  ask(ANY, { authorities: authorities.map((one) => ({ ...one, class: 1 })) }, FLUSH);

/** Types and data of the answers. */
const said = (message: Sent | null): string[] | null =>
  message === null ? null : message.answers.map(({ type, data }) => `${type} ${data.toString('hex')}`);
const A_RECORD = `1 ${wireAddress(V4).toString('hex')}`;
const AAAA_RECORD = `28 ${wireAddress(V6).toString('hex')}`;

describe('probing (8.1)', () => {
  test('three times, 250 ms apart, after a random wait of less', () => {
    responder = load([V4, V6]);
    responder.start(5);
    const times = [];
    for (let i = 0; i < 3; i++) {
      const { at, sent } = responder.next();
      times.push(at);
      expect(sent).toMatchObject({ id: 0, flags: 0, to: 'groups', answers: [] });
      expect(sent.questions).toEqual([{ name: NAME, type: ANY, class: FLUSH }]);
      expect(sent.authorities).toEqual([
        { name: NAME, type: A, class: 1, ttl: 120, data: wireAddress(V4) },
        { name: NAME, type: AAAA, class: 1, ttl: 120, data: wireAddress(V6) },
      ]);
      expect(responder.poll(at + 0.2)).toBeNull();
    }
    const [first = 0, second = 0, third = 0] = times;
    expect(first - 5).toBeGreaterThanOrEqual(0);
    expect(first - 5).toBeLessThan(0.25);
    expect([second - first, third - second].map((pause) => pause.toFixed(3))).toEqual(['0.250', '0.250']);
    expect([responder.state, responder.core.named.value]).toEqual(['PROBING', 0]);
    expect(responder.deadline?.toFixed(3)).toBe((third + 0.25).toFixed(3));
  });

  test('hosts do not begin together', () => {
    const begun = [1n, 2n, 3n].map((seed) => {
      const other = load([V4], 'website', seed);
      other.start(0);
      return other.deadline;
    });
    expect(new Set(begun).size).toBe(3);
  });

  test('it does not answer for a name it does not have yet', () => {
    responder.start(0);
    responder.next();
    responder.input(ask(), 0.3);
    const { sent } = responder.next();
    expect(sent.flags).toBe(0);
  });

  test('somebody has the name: NAME-2, from the beginning', () => {
    responder.start(0);
    responder.next();
    const { at } = responder.next();
    responder.input(response(record('10.0.0.9')), at);
    const names = [responder.next(), responder.next(), responder.next()].map(
      ({ sent }) => sent.questions[0]?.name,
    );
    expect(names).toEqual(['website-2.local', 'website-2.local', 'website-2.local']);
    expect(responder.core.renamed.value).toBe(1);
    expect(responder.next().sent.answers[0]?.name).toBe('website-2.local');
  });

  test('other records do not count: our own, other names, other types, goodbyes', () => {
    responder.start(0);
    const { at } = responder.next();
    for (const one of [
      record(V4),
      record('10.0.0.9', { name: 'other.local' }),
      record('10.0.0.9', { name: 'website.example' }),
      record('', { type: 16, data: Buffer.from([1, 120]) }),
      record('10.0.0.9', { ttl: 0 }),
      record('10.0.0.9', { class: 3 }),
    ]) {
      responder.input(response(one), at);
    }
    expect(responder.next().sent.questions[0]?.name).toBe(NAME);
    expect(responder.core.renamed.value).toBe(0);
  });

  test('after fifteen conflicts it takes five seconds each', () => {
    responder.start(0);
    const pauses = [];
    let heard = 0;
    for (let i = 1; i <= 17; i++) {
      const { at, sent } = responder.next();
      if (i > 1) pauses.push(at - heard);
      heard = at;
      responder.input(response(record('10.0.0.9', { name: sent.questions[0]?.name ?? '' })), at);
    }
    expect(Math.max(...pauses.slice(0, 14))).toBeLessThan(0.25);
    expect(pauses.slice(14).map((pause) => pause.toFixed(3))).toEqual(['5.000', '5.000']);
    expect(responder.next().sent.questions[0]?.name).toBe('website-18.local');
  });

  test('a long name gives way to its number', () => {
    responder = load([V4], 'w'.repeat(63));
    responder.start(0);
    const { at, sent } = responder.next();
    responder.input(response(record('10.0.0.9', { name: sent.questions[0]?.name ?? '' })), at);
    expect(responder.next().sent.questions[0]?.name).toBe(`${'w'.repeat(56)}-2.local`);
  });
});

describe('two probe at once (8.2): the later records win', () => {
  test.each<[string, string[], Record[], boolean]>([
    ["the RFC's example, as the winner", ['169.254.200.50'], [record('169.254.99.200')], true],
    ["the RFC's example, as the loser", ['169.254.99.200'], [record('169.254.200.50')], false],
    ['bytes are unsigned', ['10.0.0.2'], [record('200.0.0.1')], false],
    ['AAAA is later than A', [V6], [record('200.0.0.1')], true],
    ['A is earlier than AAAA', [V4], [record('::1')], false],
    ['more records win', [V4, V6], [record(V4)], true],
    ['fewer records lose', [V4], [record(V4), record(V6)], false],
    ['the order in the message does not count', [V6, V4], [record('fe80::3'), record(V4)], false],
    ['the same records are no conflict', [V4, V6], [record(V6), record(V4)], true],
    ['another name is no conflict', [V4], [record('200.0.0.1', { name: 'other.local' })], true],
  ])('%s', (_, addresses, theirs, wins) => {
    responder = load(addresses);
    responder.start(0);
    const { at } = responder.next();
    responder.input(probeOf(...theirs), at);
    const { at: later, sent } = responder.next();
    expect((later - at).toFixed(3)).toBe(wins ? '0.250' : '1.000');
    expect(sent.questions[0]?.name).toBe(NAME);
    expect(responder.core.renamed.value).toBe(0);
    // The loser begins anew, with three probes.
    responder.next();
    if (!wins) responder.next();
    responder.poll(responder.deadline ?? 0);
    expect(responder.state).toBe('ANNOUNCING');
  });
});

describe('announcing (8.3)', () => {
  test('twice, a second apart, with all records, to forget older ones', () => {
    responder = load([V4, V6]);
    responder.start(0);
    for (let i = 0; i < 3; i++) responder.next();
    const first = responder.next();
    const second = responder.next();
    expect((second.at - first.at).toFixed(3)).toBe('1.000');
    for (const { sent } of [first, second]) {
      expect(sent).toMatchObject({ id: 0, flags: 0x8400, to: 'groups', questions: [] });
      expect(sent.answers).toEqual([
        { name: NAME, type: A, class: FLUSH, ttl: 120, data: wireAddress(V4) },
        { name: NAME, type: AAAA, class: FLUSH, ttl: 120, data: wireAddress(V6) },
      ]);
    }
    expect([responder.state, responder.deadline, responder.core.named.value]).toEqual(['RUNNING', null, 1]);
  });

  test('anew at once, without asking, when the addresses change (8.4)', () => {
    responder = load([V4]);
    responder.start(0);
    for (let i = 0; i < 5; i++) responder.next();
    expect(responder.state).toBe('RUNNING');
    responder.addAddress(V6);
    responder.start(10);
    const { at, sent } = responder.next();
    expect({ at, answers: sent.answers.length, asked: sent.questions }).toEqual({
      at: 10,
      answers: 2,
      asked: [],
    });
  });

  test('nothing without an address, and no name without a label', () => {
    responder = load([]);
    responder.start(0);
    expect([responder.state, responder.deadline]).toEqual(['STOPPED', null]);
    for (const name of ['', 'a.b', '-a', 'a-', 'ü', 'a b', 'x'.repeat(64)])
      expect(load([V4], name).exists).toBe(false);
  });

  test('eight addresses, not a ninth; all fit the room', () => {
    responder = load([], 'w'.repeat(63));
    const added = Array.from({ length: 9 }, (_, i) => responder.addAddress(`fe80::${i + 1}`));
    expect(added).toEqual([...Array.from({ length: 8 }, () => true), false]);
    responder.start(0);
    expect(responder.poll(0.25, 599)).toBeNull();
    expect(responder.next().sent.authorities).toHaveLength(8);
  });
});

describe('answering (6)', () => {
  let now: number;
  beforeEach(() => {
    responder = load([V4, V6]);
    now = responder.announce() + 100;
  });

  test.each([
    ['A', A, [A_RECORD]],
    ['AAAA', AAAA, [AAAA_RECORD]],
    ['everything', ANY, [A_RECORD, AAAA_RECORD]],
  ])('%s, at once and by multicast', (_, type, expected) => {
    responder.input(ask(type), now);
    const sent = responder.poll(now);
    expect(said(sent)).toEqual(expected);
    expect(sent).toMatchObject({ id: 0, flags: 0x8400, to: 'groups', questions: [] });
    expect(sent?.answers[0]).toMatchObject({ name: NAME, class: FLUSH, ttl: 120 });
    expect(responder.poll(now)).toBeNull();
  });

  test('a name in any case, any class, and behind other questions', () => {
    const other = { name: 'other.local', type: A, class: 1 };
    responder.input({ questions: [other, { name: 'WEBSITE.LOCAL', type: A, class: 255 }] }, now);
    expect(said(responder.poll(now))).toEqual([A_RECORD]);
  });

  test('a type that does not exist: NSEC says which do (6.1)', () => {
    responder.input(ask(16), now);
    const both = responder.poll(now);
    const name = wireName(NAME);
    expect(both?.answers).toMatchObject([{ name: NAME, type: NSEC, class: FLUSH, ttl: 120 }]);
    expect(both?.answers[0]?.data.toString('hex')).toBe('c00c' + '0004' + '40000008');
    expect(both?.bytes.subarray(12, 12 + name.length)).toEqual(name);
    for (const [address, type, map] of [
      [V4, AAAA, '000140'],
      [V6, A, '000400000008'],
    ] as const) {
      responder = load([address]);
      const then = responder.announce() + 100;
      responder.input(ask(type), then);
      expect(said(responder.poll(then))).toEqual([`${NSEC} c00c${map}`]);
    }
  });

  test('two questions in one message get one answer', () => {
    responder.input({ questions: [AAAA, A, 16].map((type) => ({ name: NAME, type })) }, now);
    expect(said(responder.poll(now))).toEqual([A_RECORD, AAAA_RECORD, `${NSEC} c00c000440000008`]);
    expect(responder.poll(now)).toBeNull();
  });

  test('each record at most once a second; for a probe after 250 ms', () => {
    responder.input(ask(), now);
    responder.poll(now);
    responder.input(ask(), now + 0.1);
    expect(responder.deadline?.toFixed(3)).toBe((now + 1).toFixed(3));
    responder.input(ask(AAAA), now + 0.5);
    expect(said(responder.poll(now + 1))).toEqual([A_RECORD, AAAA_RECORD]);
    responder.input({ ...probeOf(record('10.0.0.9')), questions: [{ name: NAME, type: ANY }] }, now + 1.1);
    expect(responder.deadline?.toFixed(3)).toBe((now + 1.25).toFixed(3));
  });

  test('what the asker knows for at least half its time is left out (7.1)', () => {
    responder.input(ask(ANY, { answers: [record(V4, { ttl: 60, class: 1 })] }), now);
    expect(said(responder.poll(now))).toEqual([AAAA_RECORD]);
    responder.input(ask(A, { answers: [record(V4, { ttl: 60 })] }), now + 10);
    expect(responder.poll(now + 12)).toBeNull();
    responder.input(ask(A, { answers: [record(V4, { ttl: 59 }), record('10.0.0.3')] }), now + 20);
    expect(said(responder.poll(now + 20))).toEqual([A_RECORD]);
  });

  test('more known answers come in another message (7.2)', () => {
    const half = (): Message => ask(ANY, { flags: 0x0200 });
    responder.input(half(), now);
    expect(responder.deadline).toBeGreaterThan(now + 0.399);
    expect(responder.deadline).toBeLessThan(now + 0.501);
    responder.input({ answers: [record(V4)] }, now + 0.1, '10.0.0.8');
    responder.input({ answers: [record(V6)] }, now + 0.1, '10.0.0.9');
    expect(said(responder.next().sent)).toEqual([A_RECORD]);
  });

  test('unicast where it is wished and the group has heard the records lately (5.4)', () => {
    responder.input(ask(A, {}, FLUSH), now);
    expect(responder.poll(now)?.to).toBe('groups');
    responder.input(ask(A, {}, FLUSH), now + 29);
    const sent = responder.poll(now + 29);
    expect([sent?.to, said(sent)]).toEqual(['10.0.0.9:5353', [A_RECORD]]);
    expect(sent?.answers[0]?.class).toBe(FLUSH);
    responder.input(ask(A, {}, FLUSH), now + 31);
    expect(responder.poll(now + 31)?.to).toBe('groups');
  });

  test('an ordinary resolver (6.7): unicast, its id and question, ten seconds, no flag', () => {
    responder.input(ask(AAAA, { id: 0x1234 }), now, '10.0.0.7', 40000);
    const sent = responder.poll(now);
    expect(sent).toMatchObject({ id: 0x1234, flags: 0x8400, to: '10.0.0.7:40000' });
    expect(sent?.questions).toEqual([{ name: NAME, type: AAAA, class: 1 }]);
    expect(sent?.answers).toEqual([{ name: NAME, type: AAAA, class: 1, ttl: 10, data: wireAddress(V6) }]);
  });

  test('two at once that want unicast: the second hears the group, or asks again', () => {
    responder.input(ask(), now);
    responder.poll(now);
    responder.input(ask(A, {}, FLUSH), now + 2, '10.0.0.7');
    responder.input(ask(AAAA, {}, FLUSH), now + 2, '10.0.0.8');
    responder.input(ask(AAAA), now + 2, '10.0.0.6', 40000);
    expect(responder.crowded).toBe(2);
    expect(responder.poll(now + 2)?.to).toBe('10.0.0.7:5353');
    const sent = responder.poll(now + 2);
    expect([sent?.to, said(sent)]).toEqual(['groups', [AAAA_RECORD]]);
    expect(responder.poll(now + 2)).toBeNull();
  });

  test('nothing for other names, classes, operations and errors', () => {
    for (const message of [
      { questions: [{ name: 'other.local', type: A }] },
      { questions: [{ name: 'website', type: A }] },
      { questions: [{ name: 'www.website.local', type: A }] },
      ask(A, {}, 3),
      ask(A, { flags: 0x0800 }),
      ask(A, { flags: 0x0001 }),
    ]) {
      responder.input(message, now);
      expect(responder.poll(now + 1)).toBeNull();
    }
    expect(responder.malformed).toBe(2);
  });
});

describe('later', () => {
  test('somebody else says he has the name (9): probes, and gives way if he answers', () => {
    const now = responder.announce() + 100;
    responder.input(response(record('10.0.0.9')), now, '10.0.0.9', 40000);
    expect([responder.state, responder.malformed]).toEqual(['RUNNING', 1]);
    responder.input(response(record('10.0.0.9')), now);
    // Said again before he is asked, it changes nothing.
    responder.input(response(record('10.0.0.9')), now);
    const { at, sent } = responder.next();
    expect([responder.state, sent.questions[0]?.name]).toEqual(['PROBING', NAME]);
    responder.input(response(record('10.0.0.9')), at);
    expect(responder.next().sent.questions[0]?.name).toBe('website-2.local');
  });

  test('its own announcement that comes back changes nothing', () => {
    responder.start(0);
    for (let i = 0; i < 5; i++) responder.input(responder.next().sent.bytes, i);
    expect([responder.state, responder.core.renamed.value]).toEqual(['RUNNING', 0]);
  });

  test('goodbye (10.1): all records with no time left, once', () => {
    const now = responder.announce();
    responder.leave(now + 1);
    const sent = responder.poll(now + 1);
    expect(sent?.answers).toEqual([{ name: NAME, type: A, class: FLUSH, ttl: 0, data: wireAddress(V4) }]);
    expect([responder.state, responder.deadline, responder.poll(now + 9)]).toEqual(['STOPPED', null, null]);
    responder.input(ask(), now + 10);
    expect(responder.poll(now + 10)).toBeNull();
  });

  test('no goodbye for a name it never had', () => {
    responder.start(0);
    responder.next();
    responder.leave(1);
    expect([responder.state, responder.poll(1)]).toEqual(['STOPPED', null]);
  });
});

test('a responder that is closed leaves no memory', () => {
  const { core } = responder;
  responder.close();
  const pages = core.pages();
  for (let i = 0; i < 2000; i++) core.close(core.open(7, BigInt(i)));
  expect(core.pages()).toBe(pages);
});

test('20,000 random and mutated messages: no trap, no growth', () => {
  responder = load([V4, V6]);
  let now = responder.announce();
  const random = seeded(0x7654321);
  const pages = responder.core.pages();
  let answered = 0;
  let name = NAME;
  for (let i = 0; i < 20_000; i++) {
    const bytes = write({
      flags: random(3) === 0 ? 0x8400 : random(2) * 0x0200,
      questions: [{ name, type: [A, AAAA, ANY, 16][random(4)] ?? A, class: random(2) ? 1 : FLUSH }],
      answers: random(2) ? [record(random(50) ? V4 : '10.0.0.9', { name })] : [],
      authorities: random(2) ? [record(`10.0.0.${random(4)}`, { name }), record(V6, { name })] : [],
    });
    for (let n = random(4); n > 0; n--) bytes[random(bytes.length)] = random(256);
    const message = random(4) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
    now += random(500) / 1000;
    responder.input(message, now, `10.0.0.${random(4)}`, random(3) === 0 ? 40000 : 5353);
    // What comes out at one moment is bounded.
    for (let left = 4; ; left--) {
      const sent = responder.poll(now);
      if (sent === null) break;
      name = (sent.questions[0] ?? sent.answers[0])?.name ?? name;
      answered++;
      expect(left).toBeGreaterThan(0);
    }
  }
  expect(answered).toBeGreaterThan(2000);
  expect(responder.core.pages()).toBe(pages);
});
