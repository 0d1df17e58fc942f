// Names in messages: compression (RFC 1035, 4.1.4), its limits, and random messages, by seed.
import { beforeAll, expect, test } from 'vitest';
import { seeded } from '../../random.ts';
import { A, CNAME, write } from './messages.ts';
import { loadResolvers, response, type Resolver } from './resolver.ts';

let resolver: Resolver;
beforeAll(async () => {
  resolver = (await loadResolvers())();
});

/** The name at offset `at`, and the offset behind it; null if it is malformed. */
function readName(message: Buffer, at: number): [string, number] | null {
  const { core } = resolver;
  Buffer.from(core.memory.buffer, core.message.value, message.length).set(message);
  const behind = core.readName(message.length, at);
  if (behind === 0) return null;
  const bytes = Buffer.from(core.memory.buffer, core.out.value, 255);
  const labels = [];
  for (let i = 0; bytes[i]; i += 1 + bytes.readUInt8(i)) {
    labels.push(bytes.toString('latin1', i + 1, i + 1 + bytes.readUInt8(i)));
  }
  return [labels.join('.'), behind];
}

const after = (hex: string): Buffer =>
  Buffer.concat([Buffer.alloc(12), Buffer.from(hex.replaceAll(' ', ''), 'hex')]);

test("the RFC's example: F.ISI.ARPA, FOO.F.ISI.ARPA, ARPA and the root", () => {
  const message = Buffer.alloc(93);
  message.set(Buffer.from('0146034953490441525041 00'.replaceAll(' ', ''), 'hex'), 20);
  message.set(Buffer.from('03464f4fc014', 'hex'), 40);
  message.set(Buffer.from('c01a', 'hex'), 64);
  expect(readName(message, 20)).toEqual(['F.ISI.ARPA', 32]);
  expect(readName(message, 40)).toEqual(['FOO.F.ISI.ARPA', 46]);
  expect(readName(message, 64)).toEqual(['ARPA', 66]);
  expect(readName(message, 92)).toEqual(['', 93]);
});

test.each([
  ['a pointer to itself', 'c00c', 12],
  ['two that point at each other', 'c00e c00c', 14],
  ['a label before a pointer to it', '0161 c00c', 12],
  ['a pointer forward', 'c00e 00', 12],
  ['a pointer into the header', 'c000', 12],
  ['half a pointer', '00 c0', 13],
  ['a label beyond the message', '05 61', 12],
  ['no end', '0161', 12],
  ['a type of label that was never used', '40 61', 12],
  ['another one', '80 61', 12],
])('%s is malformed', (_, hex, at) => {
  expect(readName(after(hex), at)).toBeNull();
});

test('255 bytes are a name, 256 none, also by pointers', () => {
  const label = '3f' + '61'.repeat(63);
  expect(readName(after(`${label.repeat(3)}3d${'61'.repeat(61)}00`), 12)).not.toBeNull();
  expect(readName(after(`${label.repeat(3)}3e${'61'.repeat(62)}00`), 12)).toBeNull();
  // 02 61 61, then the name of 253 bytes before it, or of 252.
  const long = (last: number): Buffer =>
    after(`${label.repeat(3)}${last.toString(16)}${'61'.repeat(last)}00 026161 c00c`);
  expect(readName(long(0x3a), 12 + 192 + 1 + 0x3a + 1)).not.toBeNull();
  expect(readName(long(0x3b), 12 + 192 + 1 + 0x3b + 1)).toBeNull();
});

test('20,000 random and mutated answers: no trap, no growth, no address from a malformed one', () => {
  const random = seeded(0x1234567);
  const pages = resolver.core.pages();
  let found = 0;
  for (let i = 0; i < 20_000; i++) {
    const query = resolver.resolve(`n${i % 500}.example.org`, i * 100);
    const sent = resolver.poll(i * 100);
    if (sent === null) {
      // A TTL that was changed may keep an answer for long.
      resolver.release(query);
      continue;
    }
    const name = sent.questions[0]?.name ?? '';
    const bytes = write(
      response(sent, {
        flags: random(4) === 0 ? random(65536) | 0x8000 : 0x8180,
        answers: [
          { name, type: CNAME, data: 'b.example.org' },
          { name: random(2) === 0 ? 'b.example.org' : name, type: A, data: '192.0.2.1' },
        ],
      }),
    );
    const behind = sent.bytes.length - 11;
    for (let n = random(5); n > 0; n--) bytes[behind + random(bytes.length - behind)] = random(256);
    const message = random(4) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
    resolver.input(message, sent.to, sent.port, i * 100);
    if (/^found/.test(resolver.outcome(query))) found++;
    resolver.release(query);
  }
  expect(found).toBeGreaterThan(2000);
  expect(resolver.core.pages()).toBe(pages);
});
