// The stub resolver: RFC 1035, 1123, 2308, 4343, 5452, 6891, as scripts of messages with given times.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { A, AAAA, CNAME, OPT, soa, SOA, write, type Message, type Record } from './messages.ts';
import { loadResolvers, response, type Resolver, type Sent } from './resolver.ts';

const SERVER = '10.0.0.1';
const NAME = 'www.example.org';

let load: Awaited<ReturnType<typeof loadResolvers>>;
let resolver: Resolver;
beforeAll(async () => {
  load = await loadResolvers();
});
beforeEach(() => {
  resolver = load();
});

function sent(message: Sent | null): Sent {
  if (message === null) throw new Error('it sent nothing');
  return message;
}

const a = (data: string, rest: Partial<Record> = {}): Record => ({ name: NAME, type: A, data, ...rest });
const alias = (name: string, to: string, ttl = 300): Record => ({ name, type: CNAME, data: to, ttl });
const absence = (minimum: number, ttl = 3600): Record[] => [
  { name: 'example.org', type: SOA, data: soa(minimum), ttl },
];

/** Asks for NAME at second `at` and answers with this; what became of it. */
function ask(answer: Message, at = 0, type = A): string {
  const query = resolver.resolve(NAME, at, type);
  const question = sent(resolver.poll(at));
  resolver.input(response(question, answer), question.to, question.port, at);
  const outcome = resolver.outcome(query);
  resolver.release(query);
  return outcome;
}

describe('a question', () => {
  test('is one for a recursive server, with an OPT record', () => {
    resolver.resolve(NAME, 5);
    const message = sent(resolver.poll(5));
    expect(message.flags).toBe(0x0100);
    expect(message.questions).toHaveLength(1);
    expect(message.questions[0]).toMatchObject({ type: A, class: 1 });
    expect(message.questions[0]?.name.toLowerCase()).toBe(NAME);
    expect(message.additionals).toMatchObject([{ name: '', type: OPT, class: 1232, ttl: 0 }]);
    expect(message.to).toBe(SERVER);
    expect(message.port).toBeGreaterThanOrEqual(49152);
    expect(resolver.isAwaited(message.port)).toBe(true);
    expect([resolver.poll(5), resolver.deadline]).toEqual([null, 7]);
  });

  test('has another id, port and mix of letters each time (RFC 5452)', () => {
    const seen = Array.from({ length: 200 }, (_, seed) => {
      const other = load([SERVER], BigInt(seed));
      other.resolve(NAME, 0);
      return sent(other.poll(0));
    });
    expect(new Set(seen.map(({ id }) => id)).size).toBeGreaterThan(190);
    expect(new Set(seen.map(({ port }) => port)).size).toBeGreaterThan(190);
    expect(new Set(seen.map(({ questions }) => questions[0]?.name)).size).toBeGreaterThan(150);
  });

  test('waits for room', () => {
    resolver.resolve(NAME, 0);
    expect(resolver.poll(0, 299)).toBeNull();
    expect(resolver.poll(0)).not.toBeNull();
  });

  test('of the longest name fits', () => {
    const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    resolver.resolve(longest, 0);
    expect(sent(resolver.poll(0)).bytes.length).toBeLessThanOrEqual(300);
    expect(resolver.outcome(resolver.resolve(`${longest}e`, 0))).toBe('this is no host name');
  });

  test.each(['', '.', 'a..b', '.a', 'a b', 'a..', `${'a'.repeat(64)}.org`, 'ü.org', 'a\0b'])(
    'is not sent for %j',
    (name) => {
      expect(resolver.outcome(resolver.resolve(name, 0))).toBe('this is no host name');
      expect(resolver.poll(0)).toBeNull();
    },
  );

  test('asked twice at once is one (RFC 5452, 5), in whatever case', () => {
    const first = resolver.resolve(NAME, 0);
    expect(resolver.resolve('WWW.example.ORG.', 1)).toBe(first);
    expect(resolver.resolve(NAME, 0, AAAA)).not.toBe(first);
    resolver.release(first);
    const asked = [sent(resolver.poll(1)), sent(resolver.poll(1))];
    expect(resolver.poll(1)).toBeNull();
    for (const question of asked) {
      resolver.input(response(question, { answers: [a('192.0.2.1')] }), SERVER, question.port, 1);
    }
    expect(resolver.outcome(first)).toBe('found 192.0.2.1');
  });

  test('without servers says so', () => {
    const alone = load([]);
    expect(alone.outcome(alone.resolve(NAME, 0))).toMatch(/^no DNS server is known/);
  });

  test('a seventeenth at once is refused, and counted', () => {
    const queries = Array.from({ length: 17 }, (_, i) => resolver.resolve(`host${i}`, 0));
    expect(queries.map((query) => query !== 0)).toEqual([...Array.from({ length: 16 }, () => true), false]);
    expect(resolver.counter('refused')).toBe(1);
    const ports = new Set(Array.from({ length: 16 }, () => sent(resolver.poll(0)).port));
    expect([ports.size, resolver.poll(0)]).toEqual([16, null]);
    resolver.release(queries[3] ?? 0);
    expect(resolver.resolve('host17', 0)).toBe(queries[3]);
  });
});

describe('an answer', () => {
  test('gives addresses of either family', () => {
    expect(ask({ answers: [a('192.0.2.1'), a('192.0.2.2')] })).toBe('found 192.0.2.1 192.0.2.2');
    expect(ask({ answers: [a('2001:db8::1', { type: AAAA })] }, 0, AAAA)).toBe(
      `found 20010db8${'0'.repeat(23)}1`,
    );
  });

  test('gives at most eight', () => {
    const many = Array.from({ length: 20 }, (_, i) => a(`192.0.2.${i}`));
    expect(ask({ answers: many }).split(' ')).toHaveLength(9);
  });

  test('leads through aliases, in any order and case', () => {
    const chain = [
      alias('B.example.org', 'c.example.org'),
      a('192.0.2.7', { name: 'C.EXAMPLE.ORG' }),
      alias(NAME, 'b.example.org'),
    ];
    expect(ask({ answers: chain })).toBe('found 192.0.2.7');
  });

  test('leads through eight aliases, and not through nine or in a circle', () => {
    const chain = (length: number): Record[] => [
      ...Array.from({ length }, (_, i) => alias(i === 0 ? NAME : `n${i}`, `n${i + 1}`)),
      a('192.0.2.7', { name: `n${length}` }),
    ];
    expect(ask({ answers: chain(8) })).toBe('found 192.0.2.7');
    resolver = load();
    expect(ask({ answers: chain(9) })).toMatch(/more aliases/);
    expect(ask({ answers: [alias(NAME, 'b'), alias('b', NAME)] })).toMatch(/more aliases/);
    expect(resolver.counter('hits')).toBe(0);
  });

  test('does not speak for other names, classes and types', () => {
    const answers = [
      a('192.0.2.1', { name: 'www.example.com' }),
      a('192.0.2.2', { class: 3 }),
      a('2001:db8::1', { type: AAAA }),
    ];
    expect(ask({ answers, additionals: [a('192.0.2.3')], authorities: [a('192.0.2.4')] })).toBe(
      'the name has no address of this family',
    );
  });

  test('may say that there is none', () => {
    expect(ask({ flags: 0x8183, authorities: absence(60) })).toBe('the name does not exist');
    expect(ask({ authorities: absence(60) }, 0, AAAA)).toBe('the name has no address of this family');
  });

  test('that is too large says so, and that TCP is not there', () => {
    expect(ask({ flags: 0x8380, answers: [a('192.0.2.1')] })).toMatch(/DNS over TCP is not supported/);
  });

  test('is reported once', () => {
    ask({ answers: [a('192.0.2.1')] });
    expect(resolver.core.reports()).toBe(1);
    expect(resolver.deadline).toBeNull();
  });
});

describe('what is not an answer is ignored (RFC 5452, 9.1)', () => {
  const good = [a('192.0.2.66')];
  test.each<[string, (sent: Sent) => [Message | Buffer, string?, number?]]>([
    ['another id', (s) => [response(s, { id: s.id ^ 1, answers: good })]],
    ['another server', (s) => [response(s, { answers: good }), '10.0.0.2']],
    ['another port', (s) => [response(s, { answers: good }), SERVER, s.port ^ 1]],
    [
      'another name',
      (s) => [response(s, { answers: good, questions: [{ name: 'www.example.com', type: A }] })],
    ],
    ['another type', (s) => [response(s, { answers: good, questions: [{ name: NAME, type: AAAA }] })]],
    [
      'another class',
      (s) => [response(s, { answers: good, questions: s.questions.map((q) => ({ ...q, class: 3 })) })],
    ],
    [
      'other letters',
      (s) => [
        response(s, {
          answers: good,
          questions: s.questions.map((q) => ({ ...q, name: q.name.toLowerCase() })),
        }),
      ],
    ],
    ['no question', (s) => [response(s, { answers: good, questions: [] })]],
    ['two questions', (s) => [response(s, { answers: good, questions: [...s.questions, ...s.questions] })]],
    ['a question', (s) => [response(s, { flags: 0x0100, answers: good })]],
    ['another operation', (s) => [response(s, { flags: 0x8980, answers: good })]],
    ['half a header', (s) => [write(response(s)).subarray(0, 11)]],
    ['half a question', (s) => [write(response(s)).subarray(0, 30)]],
    [
      'a name without end',
      (s) => [Buffer.concat([write(response(s)).subarray(0, 12), Buffer.from('c00c00010001', 'hex')])],
    ],
  ])('%s', (_, make) => {
    const query = resolver.resolve(NAME, 0);
    const question = sent(resolver.poll(0));
    const [message, from = SERVER, port = question.port] = make(question);
    resolver.input(message, from, port, 1);
    expect(resolver.outcome(query)).toBe('no answer yet');
    expect([resolver.counter('ignored'), resolver.counter('received'), resolver.deadline]).toEqual([1, 0, 2]);
    resolver.input(response(question, { answers: [a('192.0.2.1')] }), SERVER, question.port, 1);
    expect(resolver.outcome(query)).toBe('found 192.0.2.1');
  });

  test('an answer to an earlier try, or to a released query', () => {
    const query = resolver.resolve(NAME, 0);
    const first = sent(resolver.poll(0));
    const second = sent(resolver.poll(2));
    resolver.input(response(first, { answers: good }), SERVER, first.port, 2);
    expect(resolver.outcome(query)).toBe('no answer yet');
    resolver.release(query);
    resolver.input(response(second, { answers: good }), SERVER, second.port, 2);
    expect([resolver.counter('ignored'), resolver.isAwaited(second.port), resolver.deadline]).toEqual([
      2,
      false,
      null,
    ]);
  });
});

describe('servers that do not answer', () => {
  test('are asked in turn, with 2, 4 and 8 seconds of patience', () => {
    const servers = ['10.0.0.1', '10.0.0.2', '2001:db8::53'];
    resolver = load(servers);
    expect(resolver.addServer('10.0.0.4')).toBe(false);
    const query = resolver.resolve(NAME, 0);
    const tries = [];
    for (
      let at: number | null = 0;
      at !== null && resolver.outcome(query) === 'no answer yet';
      at = resolver.deadline
    ) {
      const message = resolver.poll(at);
      if (message) tries.push([at, message.to.slice(0, 8), /[A-Z]/.test(message.questions[0]?.name ?? '')]);
    }
    const round = (at: number, step: number, mixed: boolean) =>
      ['10.0.0.1', '10.0.0.2', '20010db8'].map((to, i) => [at + step * i, to, mixed]);
    expect(tries).toEqual([...round(0, 2, true), ...round(6, 4, false), ...round(18, 8, false)]);
    expect(resolver.outcome(query)).toBe('no DNS server answers');
    expect([resolver.deadline, resolver.core.reports()]).toEqual([null, 1]);
  });

  test('properly: the next one is asked at once, and the last code is kept', () => {
    resolver = load(['10.0.0.1', '10.0.0.2']);
    const query = resolver.resolve(NAME, 0);
    const asked = [];
    for (let i = 0; i < 6; i++) {
      const question = sent(resolver.poll(0));
      asked.push(question.to);
      resolver.input(response(question, { flags: i % 2 ? 0x8185 : 0x8182 }), question.to, question.port, 0);
    }
    expect(asked).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.1', '10.0.0.2', '10.0.0.1', '10.0.0.2']);
    expect(resolver.poll(0)).toBeNull();
    expect(resolver.outcome(query)).toBe('every DNS server refused or failed');
    expect(resolver.rcode(query)).toBe(5);
  });

  test('because they do not know OPT: once more without (RFC 6891, 7)', () => {
    const query = resolver.resolve(NAME, 0);
    const first = sent(resolver.poll(0));
    resolver.input(response(first, { flags: 0x8181 }), SERVER, first.port, 0);
    const second = sent(resolver.poll(0));
    expect([second.additionals, second.id === first.id]).toEqual([[], false]);
    resolver.input(response(second, { answers: [a('192.0.2.1')] }), SERVER, second.port, 0);
    expect(resolver.outcome(query)).toBe('found 192.0.2.1');
  });

  test('with all the letters they got are believed in the second round', () => {
    const query = resolver.resolve(NAME, 0);
    resolver.poll(0);
    const second = sent(resolver.poll(2));
    const questions = [{ name: NAME.toUpperCase(), type: A }];
    resolver.input(response(second, { questions, answers: [a('192.0.2.1')] }), SERVER, second.port, 3);
    expect(resolver.outcome(query)).toBe('found 192.0.2.1');
  });

  test.each<[string, Message]>([
    ['a record cut off', { answers: [a('192.0.2.1', { data: Buffer.from([1, 2, 3]) })] }],
    [
      'an alias with something behind',
      { answers: [a('', { type: CNAME, data: Buffer.from([1, 97, 0, 0]) })] },
    ],
    ['neither recursion nor an answer', { flags: 0x8100 }],
  ])('properly: %s lets the next one be asked', (_, message) => {
    resolver = load(['10.0.0.1', '10.0.0.2']);
    const query = resolver.resolve(NAME, 0);
    const question = sent(resolver.poll(0));
    resolver.input(response(question, message), SERVER, question.port, 0);
    expect(resolver.outcome(query)).toBe('no answer yet');
    expect(sent(resolver.poll(0)).to).toBe('10.0.0.2');
  });
});

describe('the cache', () => {
  /** Whether NAME is known without asking, at second `at`. */
  function known(at: number, name = NAME, type = A): string {
    const query = resolver.resolve(name, at, type);
    const outcome = resolver.outcome(query);
    resolver.release(query);
    return outcome;
  }

  test('keeps an answer for the smallest TTL of the chain', () => {
    ask({ answers: [alias(NAME, 'b', 60), a('192.0.2.1', { name: 'b', ttl: 300 })] }, 10);
    expect(known(69.9, 'WWW.example.org')).toBe('found 192.0.2.1');
    expect(known(70)).toBe('no answer yet');
    expect(known(20, NAME, AAAA)).toBe('no answer yet');
    expect(resolver.counter('hits')).toBe(1);
  });

  test.each([
    [0, 0],
    [0x80000000, 0],
    [1e6, 86400],
  ])('TTL %i counts as %i (RFC 2181, 8)', (ttl, seconds) => {
    ask({ answers: [a('192.0.2.1', { ttl })] });
    if (seconds > 0) expect(known(seconds - 1)).toBe('found 192.0.2.1');
    expect(known(seconds)).toBe('no answer yet');
  });

  test.each<[string, Record[], number]>([
    ['the minimum of the SOA', absence(60), 60],
    ['its TTL', absence(600, 30), 30],
    ['three hours', absence(1e6, 1e6), 10800],
    ['nothing without a SOA', [], 0],
    ['nothing with a SOA cut short', [{ name: 'x', type: SOA, data: Buffer.alloc(21) }], 0],
  ])('keeps that there is none for %s (RFC 2308)', (_, authorities, seconds) => {
    expect(ask({ flags: 0x8183, authorities })).toBe('the name does not exist');
    if (seconds > 0) expect(known(seconds - 1)).toBe('the name does not exist');
    expect(known(seconds)).toBe('no answer yet');
  });

  test('forgets, when full, what was not asked for the longest', () => {
    const learn = (name: string, at: number): void => {
      const query = resolver.resolve(name, at);
      const question = sent(resolver.poll(at));
      resolver.input(response(question, { answers: [a('192.0.2.1', { name })] }), SERVER, question.port, at);
      resolver.release(query);
    };
    for (let i = 0; i < 64; i++) learn(`host${i}`, i / 10);
    known(7, 'host0');
    learn('host64', 8);
    expect(known(9, 'host0')).toMatch(/found/);
    expect(known(9, 'host1')).toBe('no answer yet');
    expect(known(9, 'host2')).toMatch(/found/);
    expect(resolver.counter('evicted')).toBe(1);
    // What has expired goes first.
    resolver = load();
    for (let i = 0; i < 63; i++) learn(`host${i}`, 0);
    const query = resolver.resolve('short', 1);
    const question = sent(resolver.poll(1));
    resolver.input(
      response(question, { answers: [a('192.0.2.1', { name: 'short', ttl: 5 })] }),
      SERVER,
      question.port,
      1,
    );
    resolver.release(query);
    learn('one-more', 100);
    expect([known(101, 'host0'), resolver.counter('evicted')]).toEqual(['found 192.0.2.1', 0]);
  });
});

test('a resolver that is closed leaves no memory', () => {
  const { core } = resolver;
  core.close(core.open(1n));
  const pages = core.pages();
  for (let i = 0; i < 500; i++) core.close(core.open(BigInt(i)));
  expect(core.pages()).toBe(pages);
});
