// Messages, both ways: as Albatross has them, at random, and damaged.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../runtime/protocol/errors.ts';
import { decodeMessage, encodeMessage } from '../../runtime/protocol/message.ts';
import { message } from './arbitraries.ts';
import { VECTORS } from './vectors.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const plain = (bytes: string): Uint8Array => new Uint8Array(Buffer.from(bytes, 'hex'));

/** Fails by what a peer may send, and by nothing else. */
function decoded(bytes: Uint8Array): ReturnType<typeof decodeMessage> | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    expect(error.message).toMatch(/^[^\n]{3,300}$/);
    return undefined;
  }
}

describe('Albatross', () => {
  test.each(VECTORS)('%s', (_, wire, said) => {
    expect(decodeMessage(plain(wire))).toEqual({ sequence: 0n, ...said });
    expect(hex(encodeMessage({ sequence: 0n, ...said }))).toBe(wire);
  });

  /** A value in DER, of less than 128 bytes. */
  const der = (tag: string, ...within: string[]): string => {
    const body = within.join('');
    return `${tag}${(body.length / 2).toString(16).padStart(2, '0')}${body}`;
  };
  const header = '3018020105040800000000000000000c09666f6f3a68656c6c6f';
  const unikernel = (tag: string, ...within: string[]): Uint8Array =>
    plain(der('30', header, der('a0', der('a3', der(tag, ...within)))));
  const image = `${der('a0', '0500')}010100${der('04', '7f')}`;
  const quit = der('a0', '0500');
  const cpu3 = '020103';
  const memory32 = '020120';
  const noName = '010100';
  const argument = der('a2', der('30', der('0c', '61')));

  test.each([
    ['b0', 'create', [image, noName, quit, cpu3, memory32, argument], false],
    ['b1', 'forceCreate', [image, noName, quit, cpu3, memory32, argument], false],
    ['a9', 'create', [image, quit, cpu3, memory32, argument], true],
    ['aa', 'forceCreate', [image, quit, cpu3, memory32, argument], true],
  ])('older form [%s]: %s', (tag, kind, members, addName) => {
    const { payload } = decodeMessage(unikernel(tag, der('30', ...members)));
    const value = {
      cpuids: [3],
      memory: 32,
      cpus: 1,
      addName,
      image: new Uint8Array([127]),
      arguments: ['a'],
    };
    expect(payload).toMatchObject({ value: { kind: 'unikernel', value: { kind, value } } });
  });

  test.each([
    ['a2', [quit, noName, cpu3, memory32], false],
    ['a1', [quit, cpu3, memory32], true],
  ])('older form of restart: [%s]', (tag, members, addName) => {
    const { payload } = decodeMessage(unikernel('ae', der(tag, der('30', ...members))));
    const value = { kind: 'changed', value: { addName, cpuids: [3], memory: 32, cpus: 1 } };
    expect(payload).toMatchObject({ value: { value: { kind: 'restart', value } } });
  });
});

test('what is written is read as it was', () => {
  fc.assert(
    fc.property(message, (said) => {
      expect(decodeMessage(encodeMessage(said))).toEqual(said);
    }),
    { numRuns: 1000, seed: 5 },
  );
});

test('what is damaged is refused in one line, or is a message that is read as it is written', () => {
  const damage = fc.record({
    at: fc.nat(),
    byte: fc.nat(255),
    kind: fc.constantFrom('set', 'cut', 'insert'),
  });
  fc.assert(
    fc.property(message, fc.array(damage, { minLength: 1, maxLength: 3 }), (said, damages) => {
      let bytes = [...encodeMessage(said)];
      for (const { at, byte, kind } of damages) {
        const where = at % Math.max(1, bytes.length);
        if (kind === 'cut') bytes = bytes.slice(0, where);
        else bytes.splice(where, kind === 'set' ? 1 : 0, byte);
      }
      const found = decoded(Uint8Array.from(bytes));
      // A set is written in order, whatever order it was read in: from then on it stays as it is.
      if (!found) return;
      const written = encodeMessage(found);
      expect(hex(encodeMessage(decodeMessage(written)))).toBe(hex(written));
    }),
    { numRuns: 4000, seed: 7 },
  );
});

describe('refuses', () => {
  const info = VECTORS[1]?.[1] as string;
  test.each([
    ['nothing', '', /not DER/],
    ['what follows a message', `${info}00`, /1 bytes follow/],
    [
      'another version',
      info.replace('020105', '020104'),
      /^message: it is of version 4 of the protocol, this is 5$/,
    ],
    ['another version, whatever else it says', '30053003020104', /of version 4/],
    [
      'a number that is not the shortest',
      '301b301102020005040800000000000000000c013aa006a304b3020500',
      /not the shortest/,
    ],
    ['a length that is not the shortest', `30811a${info.slice(4)}`, /BER, not DER/],
    ['a length left open', `3080${info.slice(4)}0000`, /BER, not DER/],
    [
      'a sequence number of 7 bytes',
      '30193 00f020105040700000000000000 0c013aa006a304b3020500'.replaceAll(' ', ''),
      /7 bytes, not 8/,
    ],
    ['a command that died', info.replace('b302', 'ac02'), /\[12\] is not what belongs there/],
    ['a name with an empty label', '301d3013020105040800000000000000000c04613a3a62a006a304b3020500', /empty/],
  ])('%s', (_, wire, cause) => {
    expect(() => decodeMessage(plain(wire))).toThrow(cause);
  });

  test('a message nested deeper than any of the protocol, without harm', () => {
    let bytes = Buffer.from('0500', 'hex');
    for (let depth = 0; depth < 3000; depth += 1) {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(bytes.length);
      bytes = Buffer.concat([Buffer.from('3084', 'hex'), head, bytes]);
    }
    expect(() => decodeMessage(bytes)).toThrow(ProtocolError);
  });

  test('more values than a host has unikernels, without harm', () => {
    const many = Buffer.alloc(200_000, Buffer.from('0500', 'hex'));
    const head = Buffer.from('3083000000', 'hex');
    head.writeUIntBE(many.length, 2, 3);
    expect(() => decodeMessage(Buffer.concat([head, many]))).toThrow(/more than 50000 values/);
  });
});
