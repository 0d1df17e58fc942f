// DER as we read and write it, held against another implementation: what we take it takes as well, with the same values in it; and what we write is
// what it writes, byte for byte. It takes BER as well, so that it takes more proves nothing: what is refused is in tables.
import * as asn1js from 'asn1js';
import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  constructed,
  CONTEXT,
  primitive,
  TAG,
  UNIVERSAL,
  write,
  type Block,
} from '../../runtime/protocol/der/block.ts';
import { identifier, second, textOf } from '../../runtime/protocol/der/certificates.ts';
import { decode, encode } from '../../runtime/protocol/der/codec.ts';
import { setOf } from '../../runtime/protocol/der/compose.ts';
import { integer, octets, time } from '../../runtime/protocol/der/primitives.ts';
import { parse } from '../../runtime/protocol/der/read.ts';
import { ProtocolError } from '../../runtime/protocol/errors.ts';
import { issueLeaf, issueRoot, issueServer, newKeys } from '../../runtime/protocol/issue.ts';
import { encodeMessage } from '../../runtime/protocol/message.ts';
import { request } from '../../runtime/protocol/x509/request.ts';
import { message } from './arbitraries.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const plain = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** A value and what it is in the other implementation. */
interface Twins {
  readonly ours: Block;
  readonly theirs: asn1js.AsnType;
}

/** Their classes of tags begin at 1. */
const theirTag = (tagClass: number, tagNumber: number) => ({
  idBlock: { tagClass: tagClass + 1, tagNumber },
});

/** A universal type of theirs that is bytes, and which bytes it may be. */
const universal = (
  tagNumber: number,
  Type: new (parameters: { valueHex: Uint8Array }) => asn1js.AsnType,
  content: Arbitrary<Uint8Array>,
): Arbitrary<Twins> =>
  content.map((bytes) => ({
    ours: primitive(UNIVERSAL, tagNumber, bytes),
    theirs: new Type({ valueHex: bytes }),
  }));

const bytes = fc.uint8Array({ maxLength: 300 });
const big = fc.bigInt({ min: 0n, max: 2n ** 200n });
const shortest = big.map((value) => {
  const digits = value.toString(16);
  return plain(`${digits.length % 2 === 1 ? '0' : digits >= '8' ? '00' : ''}${digits}`);
});
const oid = fc
  .tuple(
    fc.oneof(
      fc.tuple(fc.nat(1), fc.nat(39)),
      fc.tuple(fc.constant(2), fc.integer({ min: 0, max: 2 ** 31 - 1 })),
    ),
    fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { maxLength: 8 }),
  )
  .map(([first, rest]) => [...first, ...rest].join('.'));
const leaf: Arbitrary<Twins> = fc.oneof(
  universal(TAG.octets, asn1js.OctetString, bytes),
  universal(TAG.integer, asn1js.Integer, shortest),
  universal(TAG.enumerated, asn1js.Enumerated, shortest),
  universal(TAG.utf8, asn1js.Utf8String, bytes),
  universal(TAG.printable, asn1js.PrintableString, bytes),
  fc.constantFrom(0, 255).map((value) => ({
    ours: primitive(UNIVERSAL, TAG.boolean, Uint8Array.of(value)),
    theirs: new asn1js.Boolean({ value: value > 0 }),
  })),
  fc.constant({
    ours: primitive(UNIVERSAL, TAG.nothing, new Uint8Array(0)),
    theirs: new asn1js.Null(),
  }),
  oid.map((value) => ({
    ours: identifier('x').encode(value),
    theirs: new asn1js.ObjectIdentifier({ value }),
  })),
  fc.tuple(bytes, fc.nat(7)).map(([all, some]) => {
    const unusedBits = all.length === 0 ? 0 : some;
    const valueHex = all.map((byte, at) =>
      at === all.length - 1 ? (byte >> unusedBits) << unusedBits : byte,
    );
    return {
      ours: primitive(UNIVERSAL, TAG.bits, Uint8Array.of(unusedBits, ...valueHex)),
      theirs: new asn1js.BitString({ valueHex, unusedBits }),
    };
  }),
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.nat(0xffffff), bytes)
    .map(([tagClass, tagNumber, valueHex]) => ({
      ours: primitive(tagClass, tagNumber, valueHex),
      theirs: new asn1js.Primitive({ ...theirTag(tagClass, tagNumber), valueHex }),
    })),
);

const { tree } = fc.letrec<{ tree: Twins }>((tie) => {
  const parts = fc.array(tie('tree'), { maxLength: 5 });
  const made = (
    tagClass: number,
    tagNumber: number,
    twins: readonly Twins[],
    Type: new (parameters: object) => asn1js.AsnType,
  ): Twins => ({
    ours: constructed(
      tagClass,
      tagNumber,
      twins.map(({ ours }) => ours),
    ),
    theirs: new Type({ ...theirTag(tagClass, tagNumber), value: twins.map(({ theirs }) => theirs) }),
  });
  return {
    tree: fc.oneof(
      { maxDepth: 6, depthSize: 'medium' },
      leaf,
      parts.map((twins) => made(UNIVERSAL, TAG.sequence, twins, asn1js.Sequence)),
      parts.map((twins) => made(UNIVERSAL, TAG.set, twins, asn1js.Set)),
      fc
        .tuple(fc.integer({ min: 1, max: 3 }), fc.oneof(fc.nat(40), fc.nat(0xffffff)), parts)
        .map(([tagClass, tagNumber, twins]) => made(tagClass, tagNumber, twins, asn1js.Constructed)),
    ),
  };
});

type Tree = readonly [tag: string, encoded: string, held: string | readonly Tree[]];

const ourTree = (block: Block): Tree => [
  `${block.tagClass} ${block.tagNumber}`,
  hex(bytesOf(block)),
  block.held instanceof Uint8Array ? hex(block.held) : block.held.map(ourTree),
];

function theirTree(block: asn1js.AsnType): Tree {
  const { idBlock, lenBlock, valueBeforeDecodeView: encoded } = block;
  const content = encoded.subarray(idBlock.blockLength + lenBlock.blockLength);
  const { value } = block.valueBlock as { value?: unknown };
  return [
    `${idBlock.tagClass - 1} ${idBlock.tagNumber}`,
    hex(encoded),
    idBlock.isConstructed ? (value as asn1js.AsnType[]).map(theirTree) : hex(content),
  ];
}

/** What the other implementation finds in all of `wire`; undefined where it takes it for none. */
function theirs(wire: Uint8Array): Tree | undefined {
  try {
    const { offset, result } = asn1js.fromBER(wire, { maxDepth: 24, maxNodes: 50_000, parseEmbedded: false });
    return offset === wire.length ? theirTree(result) : undefined;
  } catch {
    return undefined;
  }
}

function ours(wire: Uint8Array): Block | undefined {
  try {
    return parse(wire, 'x');
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.kind !== 'malformed') throw error;
    expect(error.message).toMatch(/^x: [^\n]{3,200}$/);
    return undefined;
  }
}

/** `block` made anew of what it holds, to the last byte string. */
const again = ({ tagClass, tagNumber, held }: Block): Block =>
  held instanceof Uint8Array
    ? primitive(tagClass, tagNumber, held)
    : constructed(tagClass, tagNumber, held.map(again));

/** Types that the other implementation judges as it reads, and we where somebody asks what they say. */
const JUDGED_LATER: readonly number[] = [TAG.generalizedTime, TAG.universal, TAG.bmp];
const isJudgedLater = ({ tagClass, tagNumber, held }: Block): boolean =>
  held instanceof Uint8Array
    ? tagClass === UNIVERSAL && JUDGED_LATER.includes(tagNumber)
    : held.some(isJudgedLater);

test('values of any kind are written as another implementation writes them, and read as they were', () => {
  fc.assert(
    fc.property(tree, (twins) => {
      const wire = write(twins.ours);
      expect(hex(wire)).toBe(hex(new Uint8Array(twins.theirs.toBER())));
      expect(wire.length).toBe(twins.ours.size);
      expect(ourTree(parse(wire, 'x'))).toEqual(ourTree(twins.ours));
      expect(theirs(wire)).toEqual(ourTree(twins.ours));
    }),
    { numRuns: 1500, seed: 3 },
  );
});

describe('what is damaged and still taken, another implementation takes with the same values in it', () => {
  const damage = fc.record({
    at: fc.noBias(fc.nat()),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x1f, 0x30, 0x80, 0x81, 0x84, 0xff)),
    kind: fc.constantFrom('set', 'set', 'set', 'add', 'cut', 'insert', 'remove'),
  });
  const keys = newKeys();
  const root = { certificate: issueRoot('our root', keys), key: keys.privateKey };
  const real = fc.constantFrom<Uint8Array>(
    root.certificate.raw,
    issueServer(root, ['unikernels.example.org', '192.0.2.1'], keys.publicKey).raw,
    issueLeaf(root, 'hello', keys.publicKey, { kind: 'unikernel', value: { kind: 'info' } }).raw,
    request('bob', keys),
  );
  test.each([
    ['values of any kind', tree.map((twins) => write(twins.ours)), 4000, 500],
    ['messages', message.map(encodeMessage), 4000, 500],
    ['certificates', real, 4000, 500],
    ['noise', fc.uint8Array({ maxLength: 6 }), 20_000, 50],
  ] as const)('%s', (_, whole, numRuns, least) => {
    let [refused, agreed] = [0, 0];
    fc.assert(
      fc.property(whole, fc.array(damage, { minLength: 1, maxLength: 3 }), (from, damages) => {
        let wire = [...from];
        for (const { at, byte, kind } of damages) {
          const where = at % Math.max(1, wire.length);
          if (kind === 'cut') wire = wire.slice(0, where);
          else if (kind === 'add') wire[where] = ((wire[where] ?? 0) + (byte % 3) - 1) & 255;
          else wire.splice(where, kind === 'insert' ? 0 : 1, ...(kind === 'remove' ? [] : [byte]));
        }
        const bytesNow = Uint8Array.from(wire);
        const found = ours(bytesNow);
        if (!found) {
          refused += 1;
          return;
        }
        const other = theirs(bytesNow);
        if (other === undefined && isJudgedLater(found)) return;
        expect(ourTree(found)).toEqual(other);
        // There is no other way to write the same.
        expect(hex(write(again(found)))).toBe(hex(bytesNow));
        agreed += 1;
      }),
      { numRuns, seed: 17 },
    );
    expect(refused).toBeGreaterThan(least);
    expect(agreed).toBeGreaterThan(least);
  });
});

test.each([
  ['a BOOLEAN in parts', '2103 0101ff', /in parts/],
  ['an OCTET STRING in parts', '2403 040100', /in parts/],
  ['text in parts', '2c03 0c0141', /in parts/],
  ['a SEQUENCE that is bytes', '1003 020101', /not in parts/],
  ['a type that there is not', '0f00', /no type/],
  ['a type that there is not, with a long tag', '1f2500', /no type/],
  ['a BOOLEAN of no byte', '0100', /BOOLEAN of 0 bytes/],
  ['a BOOLEAN of two', '3004 01020000', /BOOLEAN of 2 bytes/],
  ['an INTEGER of no byte', '0200', /a byte at least/],
  ['an INTEGER with a zero before it', '0202007f', /not the shortest/],
  ['an INTEGER with ones before it', '0202ff80', /not the shortest/],
  ['an ENUMERATED with a zero before it', '0a020001', /not the shortest/],
  ['a BIT STRING of no byte', '0300', /unused bits/],
  ['a BIT STRING that leaves out 8 bits', '03020800', /unused bits/],
  ['a BIT STRING that leaves out bits of nothing', '030101', /unused bits/],
  ['a BIT STRING that leaves out a 1', '03020101', /unused bits/],
  ['a NULL that holds something', '050100', /not empty/],
  ['an OBJECT IDENTIFIER with a zero before its second number', '06032a8001', /not the shortest/],
  ['an OBJECT IDENTIFIER of no number', '0600', /cut off/],
  ['half a number in a relative one', '0d0183', /cut off/],
  ['a type that nobody uses', '3d023000', /no type that is read/],
  ['a value longer than what it is in, deep inside', '3005a0030c0261', /cut off/],
])('bytes are not DER with %s', (_, wire, cause) => {
  expect(() => parse(plain(wire), 'x')).toThrow(cause);
  // Wherever it is, and whoever looks at it.
  expect(() => parse(write(constructed(CONTEXT, 5, [{ ...NULL, ...whole(plain(wire)) }])), 'x')).toThrow(
    cause,
  );
});

const NULL = primitive(UNIVERSAL, TAG.nothing, new Uint8Array(0));
const whole = (encoded: Uint8Array) => ({ encoded, size: encoded.length });

test('an error says where', () => {
  expect(() => parse(plain('3005a0030c0261'), 'x')).toThrow(/^x: it is not DER: cut off, at byte 6$/);
  expect(() => parse(plain('3005020101 0100'), 'x')).toThrow(/^x: a BOOLEAN of 0 bytes, at byte 7$/);
});

test('what is read may be so deep, and so much, and not more', () => {
  const deep = (levels: number): Uint8Array =>
    write(Array.from({ length: levels }).reduce<Block>((inner) => constructed(CONTEXT, 0, [inner]), NULL));
  expect(ours(deep(24))).toBeDefined();
  expect(() => parse(deep(25), 'x')).toThrow('deeper than 24');
  const many = (values: number): Uint8Array =>
    write(constructed(UNIVERSAL, TAG.sequence, Array.from<Block>({ length: values - 1 }).fill(NULL)));
  expect(ours(many(50_000))).toBeDefined();
  expect(() => parse(many(50_001), 'x')).toThrow('more than 50000 values');
});

test('bytes in a value are where they were', () => {
  const wire = encode(octets('x'), Uint8Array.of(1, 2, 3));
  expect(decode(octets('x'), Buffer.from(wire.buffer)).buffer).toBe(wire.buffer);
});

test('numbers are what another implementation makes of them', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const codec = integer('x', Number.MIN_SAFE_INTEGER);
      const wire = encode(codec, value);
      expect((asn1js.fromBER(wire).result as asn1js.Integer).toBigInt()).toBe(BigInt(value));
      expect(decode(codec, wire)).toBe(value);
    }),
    { numRuns: 1000, seed: 19 },
  );
});

test('OBJECT IDENTIFIERs are what another implementation makes of them, and nothing else is one', () => {
  fc.assert(
    fc.property(oid, (value) => {
      expect(decode(identifier('x'), encode(identifier('x'), value))).toBe(value);
      expect(new asn1js.ObjectIdentifier({ value }).getValue()).toBe(value);
    }),
    { numRuns: 500, seed: 23 },
  );
  for (const value of ['', '1', '3.1', '1.40', '1.2.', '1.02', '1.2.-3', 'a.b', '1.2 '])
    expect(() => encode(identifier('x'), value), value).toThrow('is no OBJECT IDENTIFIER');
  const uuid = '2.25.329800735698586629295641978511506172918';
  expect(decode(identifier('x'), encode(identifier('x'), uuid))).toBe(uuid);
});

test('times that are taken are what another implementation makes of them', () => {
  const digits = fc
    .tuple(...[9999, 13, 32, 24, 60, 60].map((most) => fc.nat(most)))
    .map((parts) => parts.map((part, at) => String(part).padStart(at === 0 ? 4 : 2, '0')).join(''));
  const tail = fc.constantFrom('Z', 'Z', '.5Z', '.123Z', '', '+0100', '.Z', '.1', 'z', '-00');
  let taken = 0;
  fc.assert(
    fc.property(digits, tail, fc.boolean(), (begin, end, isShort) => {
      const wire = write(
        isShort
          ? primitive(UNIVERSAL, TAG.utcTime, Buffer.from(`${begin.slice(2)}${end}`))
          : primitive(UNIVERSAL, TAG.generalizedTime, Buffer.from(`${begin}${end}`)),
      );
      let found: Date;
      try {
        found = decode(isShort ? second('x') : time('x'), wire);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
        return;
      }
      taken += 1;
      const { result } = asn1js.fromBER(wire);
      // Their Date.UTC takes the first hundred years for those from 1900 on.
      if (isShort || begin >= '0100') expect(found).toEqual((result as asn1js.GeneralizedTime).toDate());
    }),
    { numRuns: 3000, seed: 29 },
  );
  expect(taken).toBeGreaterThan(500);
});

describe('text', () => {
  const types = [
    [TAG.utf8, asn1js.Utf8String, 0xffff],
    [TAG.printable, asn1js.PrintableString, 0x7f],
    [TAG.teletex, asn1js.TeletexString, 0xff],
    [TAG.ia5, asn1js.IA5String, 0x7f],
    [TAG.universal, asn1js.UniversalString, 0xffff],
    [TAG.bmp, asn1js.BmpString, 0xffff],
  ] as const;
  test.each(types)('of type %i is what another implementation makes of it', (tagNumber, Type, last) => {
    const character = fc
      .integer({ min: 1, max: last })
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 30 }), (value) => {
        const wire = new Uint8Array(new Type({ value }).toBER());
        expect(wire[0]).toBe(tagNumber);
        expect(textOf(parse(wire, 'x'), 'x')).toBe(value);
      }),
      { numRuns: 200, seed: 31 },
    );
  });
  test.each([
    ['0c02c328', /not UTF-8/],
    ['0c03eda080', /not UTF-8/],
    ['1c0500000041 00', /no text of type 28/],
    ['1c0400110000', /no text of type 28/],
    ['1e03004100', /no text of type 30/],
  ])('%s is none', (wire, cause) => {
    expect(() => textOf(parse(plain(wire), 'x'), 'x')).toThrow(cause);
  });
  test('is not what is something else', () => {
    expect(textOf(parse(plain('020141'), 'x'), 'x')).toBeUndefined();
    expect(textOf(parse(plain('8c0141'), 'x'), 'x')).toBeUndefined();
    expect(textOf(parse(plain('1c0400 01f600'), 'x'), 'x')).toBe('\u{1f600}');
  });
});

test('a SET OF is written in the order of its encodings', () => {
  const codec = setOf('x', octets('y'));
  const wire = encode(codec, [Uint8Array.of(2), new Uint8Array(0), Uint8Array.of(1, 1), Uint8Array.of(1)]);
  expect(hex(wire)).toBe('310c 0400 040101 040102 04020101'.replaceAll(' ', ''));
});
