// IPv4 and IPv6 addresses and prefixes as numbers. An address is a bigint with its family beside it, so that both families are counted,
// compared and allotted by the same code.

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
  const family = text.includes(':') ? 6 : 4;
  const value = family === 6 ? parseIPv6(text) : parseIPv4(text);
  return value === undefined ? undefined : { family, value };
}

/** Four numbers up to 255 without leading zeros. */
function parseIPv4(text: string): bigint | undefined {
  const parts = text.split('.', 5);
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256n + BigInt(part);
  }
  return value;
}

/** RFC 4291, section 2.2: words around at most one `::`, which is a word of zeros or more; the last two may be written as an IPv4 address. */
function parseIPv6(text: string): bigint | undefined {
  const halves = text.split('::', 3);
  const [before, after] = halves.map((half, at) =>
    half === '' ? [] : words(half, at === halves.length - 1),
  );
  if (!before || halves.length > 2) return undefined;
  if (halves.length === 1) return before.length === 8 ? joined(before) : undefined;
  const zeros = 8 - before.length - (after?.length ?? 8);
  return zeros < 1
    ? undefined
    : joined([...before, ...Array.from({ length: zeros }, () => 0n), ...(after ?? [])]);
}

function joined(all: readonly bigint[]): bigint {
  return all.reduce((value, word) => (value << 16n) | word, 0n);
}

/** The words that `half` of an address writes; undefined where it writes none. Only the last one may end as an IPv4 address does. */
function words(half: string, last: boolean): bigint[] | undefined {
  const all: bigint[] = [];
  const parts = half.split(':', 9);
  for (const [at, part] of parts.entries()) {
    if (/^[0-9A-Fa-f]{1,4}$/.test(part)) all.push(BigInt(`0x${part}`));
    else {
      const tail = last && at === parts.length - 1 ? parseIPv4(part) : undefined;
      if (tail === undefined) return undefined;
      all.push(tail >> 16n, tail & 0xffffn);
    }
  }
  return all;
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
