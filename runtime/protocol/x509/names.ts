// Whom a certificate is for, and who has issued it: a list of sets of attributes, hardly ever more than one each.
import { bytesOf, type Block } from '../der/block.ts';
import { encode, expect } from '../der/codec.ts';
import { sequence, sequenceOf, setOf } from '../der/compose.ts';
import { any, identifier, textOf } from '../der/certificates.ts';
import { text } from '../der/primitives.ts';

const attribute = sequence('attribute of a name', { type: identifier('attribute'), value: any('value') });
const codec = sequenceOf('name', setOf('part of a name', attribute));

const COMMON_NAME = '2.5.4.3';

/** As they are written for people (RFC 4514), and some more. */
const SHORT: Readonly<Record<string, string>> = {
  ...{ [COMMON_NAME]: 'CN', '2.5.4.4': 'SN', '2.5.4.6': 'C', '2.5.4.7': 'L', '2.5.4.8': 'ST' },
  ...{ '2.5.4.10': 'O', '2.5.4.11': 'OU', '2.5.4.12': 'T', '2.5.4.42': 'G', '2.5.4.43': 'I' },
  ...{ '0.9.2342.19200300.100.1.25': 'DC', '1.2.840.113549.1.9.1': 'E' },
};

export interface Name {
  readonly commonNames: readonly string[];
  /** For people, in the order of the certificate. */
  readonly text: string;
}

const escaped = (plain: string): string =>
  plain
    .replace(/[,+"\\<>;]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replace(/[\r\n\t]/g, (character) => `\\0${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** @throws ProtocolError (malformed) where `block` is none. */
export function nameOf(block: Block): Name {
  const parts = expect(codec, block).map((part) =>
    part.map(({ type, value }) => {
      const written = textOf(value, 'attribute of a name');
      const plain = written ?? Buffer.from(bytesOf(value)).toString('hex');
      return { type, plain, shown: () => (written === undefined ? `#${plain}` : escaped(written)) };
    }),
  );
  return {
    commonNames: parts
      .flat()
      .filter(({ type }) => type === COMMON_NAME)
      .map(({ plain }) => plain),
    // Few ask for it.
    get text() {
      return parts
        .map((part) => part.map(({ type, shown }) => `${SHORT[type] ?? type}=${shown()}`).join('+'))
        .join(', ');
    },
  };
}

/** The name that is `commonName` and nothing else. Built of its parts: in a name written as text one part could end and another begin. */
export function commonNamed(commonName: string): Uint8Array {
  return encode(codec, [[{ type: COMMON_NAME, value: text('common name').encode(commonName) }]]);
}
