// What a DHCP server says, byte for byte, with whatever a test wants to be wrong in it.
import { ip } from '../../packets.ts';
import type { Sent } from './client.ts';

export type Options = readonly (readonly [number, Buffer | string | number])[];

export interface Fields {
  readonly op?: number;
  readonly mac?: string;
  readonly xid?: number;
  readonly address?: string;
  readonly cookie?: number;
  readonly file?: Buffer;
  readonly serverName?: Buffer;
  /** Bytes after the options, instead of the end option. */
  readonly tail?: Buffer;
}

export const seconds = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** An option: a number is one byte, an address in dotted decimal four, a Buffer itself. */
export function option([code, value]: Options[number]): Buffer {
  const bytes =
    typeof value === 'number'
      ? Buffer.from([value])
      : typeof value === 'string'
        ? Buffer.concat(value.split(' ').map(ip))
        : value;
  return Buffer.concat([Buffer.from([code, bytes.length]), bytes]);
}

export const SERVER = '10.0.0.1';
export const ADDRESS = '10.0.0.77';

/** The options of a usual offer, those of `changed` in place of their like; null leaves one out. */
export function usual(type: number, changed: Record<number, Buffer | string | number | null> = {}): Options {
  const all: Record<number, Buffer | string | number | null> = {
    53: type,
    54: SERVER,
    51: seconds(3600),
    1: '255.255.255.0',
    3: '10.0.0.1',
    6: '10.0.0.1 9.9.9.9',
    ...changed,
  };
  return Object.entries(all).flatMap(([code, value]) =>
    value === null ? [] : [[Number(code), value] as const],
  );
}

/** A reply to `sent`. */
export function reply(sent: Sent, options: Options, fields: Fields = {}): Buffer {
  const header = Buffer.alloc(240);
  header.set([fields.op ?? 2, 1, 6, 0]);
  header.writeUInt32BE(fields.xid ?? sent.xid, 4);
  header.set(ip(fields.address ?? ADDRESS), 16);
  header.set(Buffer.from(fields.mac ?? '020000000002', 'hex'), 28);
  if (fields.serverName) header.set(fields.serverName, 44);
  if (fields.file) header.set(fields.file, 108);
  header.writeUInt32BE(fields.cookie ?? 0x63825363, 236);
  return Buffer.concat([header, ...options.map(option), fields.tail ?? Buffer.from([255])]);
}

export const offer = (sent: Sent, changed?: Record<number, Buffer | string | number | null>): Buffer =>
  reply(sent, usual(2, changed));
export const ack = (sent: Sent, changed?: Record<number, Buffer | string | number | null>): Buffer =>
  reply(sent, usual(5, changed));
