// What Albatross's own programs send is read, and would be sent by us byte for byte.
import { describe, expect, test } from 'vitest';
import { requestOf } from '../../runtime/protocol/chain.ts';
import { decodeMessage, encodeMessage } from '../../runtime/protocol/message.ts';
import { formatName } from '../../runtime/protocol/name.ts';
import { ANSWERED, ASKED, AUTHORITY, LEAVES } from './captured.ts';

/** The bytes, with nothing where only a length was kept. */
const bytesOf = (hex: string): Uint8Array =>
  new Uint8Array(
    Buffer.from(
      hex.replaceAll(/<(\d+)>/g, (_, length) => '00'.repeat(Number(length))),
      'hex',
    ),
  );

/** What a message is, in short. */
function said(hex: string): string {
  const { name, payload } = decodeMessage(bytesOf(hex));
  const { kind, value } = payload;
  if (kind === 'command') return `${formatName(name)} ${value.kind} ${value.value.kind}`;
  return `${formatName(name)} ${kind} ${typeof value === 'string' ? '' : value.kind}`.trimEnd();
}

describe('albatross-client', () => {
  test.each(ASKED)('%s', (_, says, hex) => {
    expect(said(hex)).toBe(says);
    const bytes = bytesOf(hex);
    expect(Buffer.from(encodeMessage(decodeMessage(bytes))).equals(bytes)).toBe(true);
  });

  test.each(LEAVES)('--destination: %s', (_, says, base64) => {
    const chain = [base64, AUTHORITY].map((der) => new Uint8Array(Buffer.from(der, 'base64')));
    const { name, command: asked, policies } = requestOf(chain);
    expect(`${formatName(name)} ${asked.kind} ${asked.value.kind}`).toBe(says);
    expect(policies).toMatchObject([{ path: ['foo'], policy: { unikernels: 5, memory: 500, block: 10 } }]);
  });
});

describe('its daemons', () => {
  test.each(ANSWERED)('%s', (_, says, hex) => {
    expect(said(hex)).toBe(says);
    const bytes = bytesOf(hex);
    expect(Buffer.from(encodeMessage(decodeMessage(bytes))).equals(bytes)).toBe(true);
  });
});
