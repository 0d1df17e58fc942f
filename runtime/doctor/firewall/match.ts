// Whether one match of a rule fits a packet that is only imagined. What cannot be known is neither yes nor no.
import { contains, parseAddress, parsePrefix } from '../../network/ip.ts';
import type { Expression } from '../../network/ruleset.ts';

/** undefined: it depends on what nobody can know beforehand. */
export type Answer = boolean | undefined;

/** A packet on its way through the host. */
export interface Packet {
  readonly family: 4 | 6;
  readonly from: string;
  readonly to: string;
  readonly iif: string;
  readonly oif: string;
  readonly protocol: 'icmp' | 'tcp' | 'udp';
  /** Where it goes; ICMP has none. */
  readonly port?: number;
  /** The first of a connection, or an answer. */
  readonly state: 'new' | 'established';
}

/** Elements of the named set `name`, without the @; undefined where there is none. */
export type Sets = (name: string) => readonly unknown[] | undefined;

interface Match {
  readonly op?: string;
  readonly left?: unknown;
  readonly right?: unknown;
}

export function matches({ op = '==', left, right }: Match, packet: Packet, sets: Sets): Answer {
  const values = fieldOf(left, packet);
  if (values === undefined) return undefined;
  const fits = anyOf(values.map((value) => fitsValue(value, right, sets)));
  if (op === '==' || op === 'in') return fits;
  return op === '!=' && fits !== undefined ? !fits : undefined;
}

/** Yes if one is, no if none can be. */
function anyOf(answers: readonly Answer[]): Answer {
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

type Value = string | number;

/** The values the packet has there; none where it has no such field; undefined where it cannot be known. */
export function fieldOf(left: unknown, packet: Packet): readonly Value[] | undefined {
  const { meta, payload, ct, fib } = asObject(left);
  if (meta !== undefined) return metaOf(asObject(meta)['key'], packet);
  if (payload !== undefined) return payloadOf(asObject(payload), packet);
  if (ct !== undefined) return connectionOf(asObject(ct)['key'], packet);
  const { result, flags } = asObject(fib);
  // What passes through the host is not for it.
  if (result === 'type' && Array.isArray(flags) && flags.includes('daddr')) return ['unicast'];
  return undefined;
}

function metaOf(key: unknown, { family, iif, oif, protocol }: Packet): readonly Value[] | undefined {
  switch (key) {
    case 'iif':
    case 'iifname':
      return [iif];
    case 'oif':
    case 'oifname':
      return [oif];
    case 'nfproto':
      return [`ipv${family}`];
    case 'protocol':
      return [family === 4 ? 'ip' : 'ip6'];
    case 'l4proto':
      return protocolNames(family, protocol);
    case 'mark':
      return [0];
    default:
      return undefined;
  }
}

function protocolNames(family: 4 | 6, protocol: Packet['protocol']): readonly Value[] {
  if (protocol === 'icmp') return family === 4 ? ['icmp', 1] : ['ipv6-icmp', 'icmpv6', 58];
  return protocol === 'tcp' ? ['tcp', 6] : ['udp', 17];
}

function payloadOf(
  { protocol, field }: Readonly<Record<string, unknown>>,
  packet: Packet,
): readonly Value[] | undefined {
  const { family } = packet;
  if (protocol === 'ip' || protocol === 'ip6') {
    if (protocol !== (family === 4 ? 'ip' : 'ip6')) return [];
    if (field === 'saddr') return [packet.from];
    if (field === 'daddr') return [packet.to];
    return field === 'protocol' || field === 'nexthdr' ? protocolNames(family, packet.protocol) : undefined;
  }
  if (protocol === 'tcp' || protocol === 'udp') {
    if (protocol !== packet.protocol) return [];
    const there = packet.state === 'new' ? 'dport' : 'sport';
    return field === there && packet.port !== undefined ? [packet.port] : undefined;
  }
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    if (packet.protocol !== 'icmp' || (protocol === 'icmp') !== (family === 4)) return [];
    return field === 'type' ? [packet.state === 'new' ? 'echo-request' : 'echo-reply'] : undefined;
  }
  return ['ether', 'arp', 'vlan'].includes(String(protocol)) ? undefined : [];
}

function connectionOf(key: unknown, { state }: Packet): readonly Value[] | undefined {
  if (key === 'state') return [state];
  if (key === 'direction') return [state === 'new' ? 'original' : 'reply'];
  // Of what unikernels begin nothing is sent elsewhere than they meant.
  return key === 'status' ? (state === 'new' ? [] : ['snat', 'seen-reply', 'confirmed']) : undefined;
}

function fitsValue(value: Value, right: unknown, sets: Sets): Answer {
  if (Array.isArray(right)) return anyOf(right.map((each) => fitsValue(value, each, sets)));
  if (typeof right === 'number') return value === right;
  if (typeof right === 'string') {
    if (right.startsWith('@')) {
      const elements = sets(right.slice(1));
      return elements && fitsValue(value, elements, sets);
    }
    if (right.endsWith('*')) return String(value).startsWith(right.slice(0, -1));
    return String(value) === right || sameAddress(value, right);
  }
  const { set, prefix, range, elem } = asObject(right);
  if (set !== undefined) return fitsValue(value, Array.isArray(set) ? set : [set], sets);
  if (elem !== undefined) return fitsValue(value, asObject(elem)['val'], sets);
  if (prefix !== undefined) return inPrefix(value, asObject(prefix));
  return Array.isArray(range) ? inRange(value, range) : undefined;
}

function sameAddress(value: Value, text: string): boolean {
  const [a, b] = [parseAddress(String(value)), parseAddress(text)];
  return a !== undefined && b !== undefined && a.family === b.family && a.value === b.value;
}

function inPrefix(value: Value, { addr, len }: Readonly<Record<string, unknown>>): Answer {
  const prefix = parsePrefix(`${String(addr)}/${String(len)}`);
  const address = parseAddress(String(value));
  return prefix && address ? contains(prefix, address) : undefined;
}

function inRange(value: Value, [first, last]: readonly unknown[]): Answer {
  if (typeof value === 'number' && typeof first === 'number' && typeof last === 'number')
    return first <= value && value <= last;
  const [low, each, high] = [first, value, last].map((text) => parseAddress(String(text)));
  if (!low || !each || !high) return undefined;
  return each.family === low.family && low.value <= each.value && each.value <= high.value;
}

export function asObject(value: unknown): Expression {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Expression) : {};
}

/** The verdict a map gives for the packet, its first fitting entry; undefined entries are skipped by the caller. */
export function lookUp(
  { key, data }: Readonly<Record<string, unknown>>,
  packet: Packet,
  sets: Sets,
): { readonly fits: Answer; readonly verdict?: Expression } {
  const entries = typeof data === 'string' ? sets(data.replace(/^@/, '')) : asObject(data)['set'];
  if (!Array.isArray(entries)) return { fits: undefined };
  let known: Answer = false;
  for (const entry of entries as readonly unknown[]) {
    if (!Array.isArray(entry)) return { fits: undefined };
    const [value, verdict] = entry as readonly unknown[];
    const fits = matches({ left: key, right: value }, packet, sets);
    if (fits === true) return { fits, verdict: asObject(verdict) };
    if (fits === undefined) known = undefined;
  }
  return { fits: known };
}
