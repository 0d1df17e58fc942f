// The log: lines with RFC 3339 time, levels by source as MirageOS's -l, and the same lines for syslog (RFC 5424).
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compileEntry, fromModule, instantiate, toModule, type Module } from '../module.ts';

interface Log extends Module {
  readonly out: { readonly value: number };
  readonly message: { readonly value: number };
  readonly messageSize: { readonly value: number };
  readonly messages: { readonly value: number };
  openSyslog(host: number, app: number, complain: number): void;
  closeSyslog(): void;
  writeTime(wall: bigint): number;
  setTime(wall: bigint): void;
  source(name: number): number;
  configure(text: number): number;
  stranger(): number;
  say(source: number, severity: number, text: number): void;
  sayLong(source: number, size: number): void;
  sayBytes(source: number, size: number): void;
  plain(text: number): void;
  levelOf(name: number): number;
  pages(): number;
}

const [APP, ERROR, WARNING, INFO, DEBUG] = [1, 2, 3, 4, 5];
const NOW = 1795247652_123_999_999n;
const STAMP = '2026-11-21T07:54:12.123Z';

let module: WebAssembly.Module;
let log: Log;
let out: string;
beforeAll(async () => {
  module = await compileEntry('test/libos/log/log.as.ts');
});
beforeEach(() => {
  out = '';
  log = instantiate<Log>(module, {
    console_write: (text: number, size: number) => {
      out += Buffer.from(log.memory.buffer, text, size).toString('latin1');
    },
  });
  log.setTime(NOW);
});

const text = (value: string): number => toModule(log, value);
const source = (name: string): number => log.source(text(name));
const configure = (value: string): string => fromModule(log, log.configure(text(value)));
const message = (): string =>
  Buffer.from(log.memory.buffer, log.message.value, log.messageSize.value).toString('latin1');

/** What a source called `name` says when it says one line of each level. */
function said(name: string): string {
  out = '';
  const from = source(name);
  for (const level of [APP, ERROR, WARNING, INFO, DEBUG]) log.say(from, level, text('x'));
  return [...out.matchAll(/Z (\w+) /g)].map(([, label]) => label).join(' ');
}

describe('time (RFC 3339)', () => {
  const written = (wall: bigint): string =>
    Buffer.from(log.memory.buffer, log.out.value, log.writeTime(wall)).toString('latin1');

  test.each([
    [0n, '1970-01-01T00:00:00.000Z'],
    [NOW, STAMP],
    [951782400_000_000_000n, '2000-02-29T00:00:00.000Z'],
    [4107542399_999_999_999n, '2100-02-28T23:59:59.999Z'],
    [4107542400_000_000_000n, '2100-03-01T00:00:00.000Z'],
    [0xffffffffffffffffn, '2554-07-21T23:34:33.709Z'],
  ])('%s is %s', (wall, expected) => {
    expect(written(wall)).toBe(expected);
  });

  test('every day of 400 years and more, at a second that differs', () => {
    for (let day = 0; day < 200_000; day++) {
      const milliseconds = day * 86_400_000 + ((day * 7_919_333) % 86_400_000);
      const wall = BigInt(milliseconds) * 1_000_000n;
      if (written(wall) !== new Date(milliseconds).toISOString()) {
        expect(written(wall)).toBe(new Date(milliseconds).toISOString());
      }
    }
  });
});

describe('a line', () => {
  test('has time, level and source', () => {
    log.say(source('website'), INFO, text('serving 12 files'));
    log.say(source('dhcp'), WARNING, text('no answer'));
    expect(out).toBe(`${STAMP} INFO  website: serving 12 files\n${STAMP} WARN  dhcp: no answer\n`);
  });

  test('shows nothing a terminal obeys', () => {
    Buffer.from(log.memory.buffer, log.out.value).write('\u001b[2J\n\u007f\u00e9', 'latin1');
    log.sayBytes(source('http'), 7);
    log.say(source('http'), INFO, text('ünï\r'));
    expect(out).toBe(`${STAMP} INFO  http: ?[2J???\n${STAMP} INFO  http: ?n??\n`);
  });

  test('may be longer than its buffer', () => {
    log.sayLong(source('a'), 2000);
    expect(out).toBe(`${STAMP} INFO  a: ${'x'.repeat(2000)}\n`);
  });

  test('without time is as before', () => {
    log.plain(text('hello'));
    expect(out).toBe('hello\n');
  });

  test('takes no memory', () => {
    const from = source('a');
    const line = text('some line');
    const pages = log.pages();
    for (let i = 0; i < 20_000; i++) log.say(from, INFO, line);
    expect(log.pages()).toBe(pages);
  });
});

describe('-l (MirageOS)', () => {
  test.each([
    ['', 'APP ERROR WARN INFO'],
    ['debug', 'APP ERROR WARN INFO DEBUG'],
    ['warning', 'APP ERROR WARN'],
    ['error', 'APP ERROR'],
    ['app', 'APP'],
    ['quiet', ''],
    ['*:error', 'APP ERROR'],
    ['*:info,http:debug', 'APP ERROR WARN INFO DEBUG'],
    ['http:quiet', ''],
    ['http:-,*:debug', ''],
    ['*:debug,dns:error', 'APP ERROR WARN INFO DEBUG'],
    ['http:debug,http:error', 'APP ERROR'],
  ])('%j lets http say %j', (value, expected) => {
    if (value !== '') expect(configure(value)).toBe('');
    expect(said('http')).toBe(expected);
  });

  test('counts for sources made before and after it', () => {
    source('old');
    configure('old:debug,new:error');
    expect([said('old'), said('new')]).toEqual(['APP ERROR WARN INFO DEBUG', 'APP ERROR']);
  });

  test.each(['', 'loud', 'http:', ':info', 'http:loud', 'a:b:info', 'info,', '-', 'http:info,x'])(
    '%j is refused with the words for it, and changes nothing',
    (value) => {
      expect(configure(value)).toMatch(/^'.*': not LEVEL or SOURCE:LEVEL; levels are quiet, app, error/);
      expect(said('http')).toBe('APP ERROR WARN INFO');
    },
  );

  test('tells of a source that does not exist', () => {
    source('http');
    configure('http:debug');
    expect(fromModule(log, log.stranger())).toBe('');
    configure('htpp:debug');
    expect(fromModule(log, log.stranger())).toBe('htpp');
  });
});

describe('syslog', () => {
  const open = (host: string, app: string, complain = 0): void => {
    log.openSyslog(text(host), text(app), complain);
  };

  test.each([
    [ERROR, 27],
    [WARNING, 28],
    [INFO, 30],
    [APP, 30],
    [DEBUG, 31],
  ])('level %i has priority %i', (level, priority) => {
    configure('debug');
    open('www.example.org', 'website');
    log.say(source('http'), level, text('over'));
    expect(message()).toBe(`<${priority}>1 ${STAMP} www.example.org website - - - http: over`);
    expect(out).toMatch(/http: over\n$/);
  });

  test.each([
    ['', '', '- -'],
    ['a b\nc', 'é', 'abc -'],
    ['h'.repeat(300), 'a'.repeat(60), `${'h'.repeat(255)} ${'a'.repeat(48)}`],
  ])('host %#: names become header fields', (host, app, expected) => {
    open(host, app);
    log.say(source('x'), INFO, text('y'));
    expect(message()).toBe(`<30>1 ${STAMP} ${expected} - - - x: y`);
  });

  test.each([300, 430, 431, 432, 433, 480, 512, 2000])(
    'a line of %i bytes is cut at 480 (RFC 5426)',
    (size) => {
      open('host', 'app');
      log.sayLong(source('a'), size);
      const whole = `<30>1 ${STAMP} host app - - - a: ${'x'.repeat(size)}`;
      expect(message()).toBe(whole.slice(0, 480));
    },
  );

  test('a line about a line that cannot be sent goes to the console only', () => {
    open('host', 'app', 1);
    log.say(source('a'), INFO, text('one'));
    expect(log.messages.value).toBe(1);
    expect(out).toBe(`${STAMP} INFO  a: one\n${STAMP} ERROR nested: cannot send\n`);
    log.say(source('a'), INFO, text('two'));
    expect(message()).toMatch(/two$/);
  });

  test('what is not wanted is not sent, nor anything once it is closed', () => {
    open('host', 'app');
    log.say(source('a'), DEBUG, text('one'));
    log.plain(text('plain'));
    log.closeSyslog();
    log.say(source('a'), INFO, text('two'));
    expect(log.messages.value).toBe(0);
  });
});
