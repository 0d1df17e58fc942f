// IPv4 and IPv6 addresses and prefixes as numbers. An address is a bigint with its family beside it, so that both families are counted,
// compared and allotted by the same code.
import { isIPv4, isIPv6 } from 'node:net';

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** An address with the length of its network's prefix: `10.0.42.1/24`. */
export interface Prefix extends Address {
  readonly length: number;
}

const BITS = { 4: 32, 6: 128 } as const;

export function bits(family: Family): number {
  return BITS[family];
}

/** The address that `text` writes, without a zone; undefined where it writes none. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text))
    return { family: 4, value: text.split('.').reduce((n, part) => n * 256n + BigInt(part), 0n) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let words = text;
  if (tail) {
    const low = parseAddress(tail[2] ?? '')?.value ?? 0n;
    words = `${tail[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  }
  const [head = '', rest] = words.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = rest === undefined || rest === '' ? [] : rest.split(':');
  const zeros = rest === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return { family: 6, value: all.reduce((n, word) => (n << 16n) | BigInt(`0x${word}`), 0n) };
}

/** As RFC 5952 wants it: lower case, the longest run of zeros as `::`. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const words = Array.from({ length: 8 }, (_, at) =>
    ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16),
  );
  let start = -1;
  let longest = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (words[end] === '0') end++;
    if (end - at > longest) [start, longest] = [at, end - at];
  }
  if (start < 0) return words.join(':');
  return `${words.slice(0, start).join(':')}::${words.slice(start + longest).join(':')}`;
}

/** `ADDRESS/LENGTH`; undefined where `text` is not that. */
export function parsePrefix(text: string): Prefix | undefined {
  const parts = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const address = parts && parseAddress(parts[1] ?? '');
  const length = Number(parts?.[2]);
  return address && length <= BITS[address.family] ? { ...address, length } : undefined;
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}

/** How many addresses a prefix of this length has. */
export function size({ family, length }: Prefix): bigint {
  return 1n << BigInt(BITS[family] - length);
}

/** The prefix with its host bits zero. */
export function networkOf(prefix: Prefix): Prefix {
  return { ...prefix, value: prefix.value - (prefix.value % size(prefix)) };
}

export function contains(prefix: Prefix, address: Address): boolean {
  if (prefix.family !== address.family) return false;
  const first = networkOf(prefix).value;
  return address.value >= first && address.value < first + size(prefix);
}

export function overlaps(a: Prefix, b: Prefix): boolean {
  return contains(a, b) || contains(b, a);
}
