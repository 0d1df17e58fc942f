// How a process ended: by itself with a status, or by a signal. Here, and on the wire.
import type { Of } from '../protocol/der/codec.ts';
import type { end } from '../protocol/reply.ts';

export type Ended = { readonly status: number } | { readonly signal: string };

export function describeEnd(ended: Ended): string {
  return 'signal' in ended ? `was ended by ${ended.signal}` : `ended with status ${ended.status}`;
}

export function toWire(ended: Ended): Of<typeof end> {
  return 'status' in ended
    ? { kind: 'status', value: ended.status }
    : { kind: 'signal', value: ended.signal };
}

export function fromWire({ kind, value }: Of<typeof end>): Ended {
  return kind === 'status' ? { status: value } : { signal: value };
}
