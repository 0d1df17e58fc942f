// DNS messages for the tests, written and read by code of their own.

export const [A, CNAME, SOA, AAAA, OPT, NSEC, ANY] = [1, 5, 6, 28, 41, 47, 255];
export const IN = 1;

export interface Question {
  readonly name: string;
  readonly type: number;
  readonly class?: number;
}

export interface Record extends Question {
  readonly ttl?: number;
  /** As bytes, or an address as text, or for a CNAME a name. */
  readonly data: Buffer | string;
}

export interface Message {
  readonly id?: number;
  readonly flags?: number;
  readonly questions?: readonly Question[];
  readonly answers?: readonly Record[];
  readonly authorities?: readonly Record[];
  readonly additionals?: readonly Record[];
}

const u16 = (value: number): Buffer => Buffer.from([(value >> 8) & 255, value & 255]);
const u32 = (value: number): Buffer => Buffer.concat([u16(value >>> 16), u16(value & 0xffff)]);

/** A name without compression; '' is the root. */
export function wireName(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.').map((label) => Buffer.from(label, 'latin1'));
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), label]),
    Buffer.from([0]),
  ]);
}

/** An address as text in its 4 or 16 bytes. */
export function wireAddress(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [head = '', tail] = text.split('::');
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [left, right] = [words(head), words(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return Buffer.concat(
    [...left, ...Array.from({ length: zeros }, () => '0'), ...right].map((word) => u16(parseInt(word, 16))),
  );
}

export const soa = (minimum: number): Buffer =>
  Buffer.concat([
    wireName('ns.example.org'),
    wireName('mail.example.org'),
    ...[1, 2, 3, 4, minimum].map(u32),
  ]);

function data(record: Record): Buffer {
  if (typeof record.data !== 'string') return record.data;
  return record.type === CNAME ? wireName(record.data) : wireAddress(record.data);
}

const question = (q: Question): Buffer => Buffer.concat([wireName(q.name), u16(q.type), u16(q.class ?? IN)]);
const record = (r: Record): Buffer =>
  Buffer.concat([question(r), u32(r.ttl ?? 300), u16(data(r).length), data(r)]);

export function write(message: Message): Buffer {
  const { questions = [], answers = [], authorities = [], additionals = [] } = message;
  const counts = [questions, answers, authorities, additionals].map(({ length }) => u16(length));
  return Buffer.concat([
    u16(message.id ?? 0),
    u16(message.flags ?? 0),
    ...counts,
    ...questions.map(question),
    ...[...answers, ...authorities, ...additionals].map(record),
  ]);
}

export interface Read {
  readonly id: number;
  readonly flags: number;
  readonly questions: readonly Required<Question>[];
  readonly answers: readonly (Required<Record> & { readonly data: Buffer })[];
  readonly authorities: Read['answers'];
  readonly additionals: Read['answers'];
}

/** Reads a message that must be right to its last byte. */
export function read(bytes: Buffer): Read {
  let at = 12;
  const name = (): string => {
    const labels = [];
    let here = at;
    let behind = 0;
    for (let steps = 0; steps < 128; steps++) {
      const length = bytes.readUInt8(here);
      if (length >= 0xc0) {
        behind ||= here + 2;
        here = bytes.readUInt16BE(here) & 0x3fff;
        continue;
      }
      here += 1 + length;
      if (length === 0) {
        at = behind || here;
        return labels.join('.');
      }
      labels.push(bytes.toString('latin1', here - length, here));
    }
    throw new Error('a name without end');
  };
  const take = (size: number): Buffer => {
    if (at + size > bytes.length) throw new Error('cut');
    at += size;
    return bytes.subarray(at - size, at);
  };
  const readQuestion = (): Required<Question> => ({
    name: name(),
    type: take(2).readUInt16BE(0),
    class: take(2).readUInt16BE(0),
  });
  const readRecord = (): Read['answers'][number] => ({
    ...readQuestion(),
    ttl: take(4).readUInt32BE(0),
    data: take(take(2).readUInt16BE(0)),
  });
  const many = <T>(count: number, one: () => T): T[] => Array.from({ length: count }, one);
  const message = {
    id: bytes.readUInt16BE(0),
    flags: bytes.readUInt16BE(2),
    questions: many(bytes.readUInt16BE(4), readQuestion),
    answers: many(bytes.readUInt16BE(6), readRecord),
    authorities: many(bytes.readUInt16BE(8), readRecord),
    additionals: many(bytes.readUInt16BE(10), readRecord),
  };
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes too many`);
  return message;
}
