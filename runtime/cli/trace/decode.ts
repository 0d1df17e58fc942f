// One line about a frame, in the words of tcpdump(8): Ethernet with VLANs, ARP, IPv4, IPv6 with neighbour discovery, ICMP, UDP, TCP. What a frame
// says is shown as numbers and addresses only. Reading beyond its end throws a RangeError, which is where a frame was cut.

/** What a frame is: `text` is the line, the others are of its innermost part that is known. */
export interface Summary {
  readonly protocol: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

interface Part {
  readonly protocol: string;
  readonly from?: string;
  readonly to?: string;
  readonly text: string;
}

export function decode(frame: Buffer): Summary {
  const from = frame.length >= 14 ? mac(frame, 6) : '';
  const to = frame.length >= 14 ? mac(frame, 0) : '';
  const part = tolerate('Ethernet', () => link(frame, 12));
  return { from, to, ...part };
}

/** What `read` finds out, or that the frame ends before it does. */
function tolerate(protocol: string, read: () => Part): Part {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { protocol, text: `${protocol}, cut short` };
  }
}

const mac = (bytes: Buffer, at: number): string => {
  if (at + 6 > bytes.length) throw new RangeError();
  return (bytes.toString('hex', at, at + 6).match(/../g) ?? []).join(':');
};

/** What follows the type at `at`. Two tags are the most a frame has (IEEE 802.1ad). */
function link(frame: Buffer, at: number, tags = 0): Part {
  const type = frame.readUInt16BE(at);
  const rest = frame.subarray(at + 2);
  if ((type === 0x8100 || type === 0x88a8) && tags < 2) {
    const inner = link(frame, at + 4, tags + 1);
    return { ...inner, text: `vlan ${rest.readUInt16BE(0) & 0xfff}, ${inner.text}` };
  }
  if (type === 0x0806) return tolerate('ARP', () => arp(rest));
  if (type === 0x0800) return tolerate('IP', () => ipv4(rest));
  if (type === 0x86dd) return tolerate('IP6', () => ipv6(rest));
  return {
    protocol: 'Ethernet',
    text: `ethertype 0x${type.toString(16).padStart(4, '0')}, length ${frame.length}`,
  };
}

function arp(packet: Buffer): Part {
  const [sender, target] = [address4(packet, 14), address4(packet, 24)];
  const operation = packet.readUInt16BE(6);
  const text =
    operation === 1
      ? `Request who-has ${target} tell ${sender}`
      : operation === 2
        ? `Reply ${sender} is-at ${mac(packet, 8)}`
        : `operation ${operation}`;
  return { protocol: 'ARP', from: sender, to: target, text: `ARP, ${text}` };
}

function address4(bytes: Buffer, at: number): string {
  return [0, 1, 2, 3].map((i) => bytes.readUInt8(at + i)).join('.');
}

/** As RFC 5952 writes it. */
function address6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i).toString(16));
  const runs = groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g);
  const longest = [...runs].toSorted((a, b) => b[0].split('0').length - a[0].split('0').length)[0];
  const text = groups.join(':');
  if (!longest) return text;
  return `${text.slice(0, longest.index)}::${text.slice(longest.index + longest[0].length + 1)}`;
}

function ipv4(packet: Buffer): Part {
  const header = (packet.readUInt8(0) & 15) * 4;
  const [from, to] = [address4(packet, 12), address4(packet, 16)];
  const total = packet.readUInt16BE(2);
  if (packet.readUInt8(0) >> 4 !== 4 || header < 20 || total < header)
    return { protocol: 'IP', from, to, text: `IP ${from} > ${to}: malformed header` };
  const place = packet.readUInt16BE(6);
  const payload = packet.subarray(header, total);
  const protocol = packet.readUInt8(9);
  const offset = (place & 0x1fff) * 8;
  if (offset > 0 || place & 0x2000)
    return fragment('IP', from, to, packet.readUInt16BE(4), offset, total - header);
  return transport('IP', from, to, protocol, payload, total - header);
}

function fragment(version: string, from: string, to: string, id: number, offset: number, size: number): Part {
  return {
    protocol: version,
    from,
    to,
    text: `${version} ${from} > ${to}: fragment ${id} at ${offset}, length ${size}`,
  };
}

/** Extension headers that have a length of their own, in units of 8 bytes (RFC 8200, 4). */
const EXTENSIONS = [0, 43, 60];
const FRAGMENT = 44;

function ipv6(packet: Buffer): Part {
  const [from, to] = [address6(packet, 8), address6(packet, 24)];
  const end = 40 + packet.readUInt16BE(4);
  let next = packet.readUInt8(6);
  let at = 40;
  while (EXTENSIONS.includes(next) && at < end) {
    next = packet.readUInt8(at);
    at += (packet.readUInt8(at + 1) + 1) * 8;
  }
  if (next === FRAGMENT) {
    const offset = packet.readUInt16BE(at + 2) & ~7;
    return fragment('IP6', from, to, packet.readUInt32BE(at + 4), offset, Math.max(0, end - at - 8));
  }
  return transport('IP6', from, to, next, packet.subarray(at, end), Math.max(0, end - at));
}

/** The `size` bytes behind the network's header, of which those that were captured are `payload`. */
function transport(
  version: string,
  from: string,
  to: string,
  protocol: number,
  payload: Buffer,
  size: number,
): Part {
  const ends = `${version} ${from} > ${to}`;
  const ports = (): string =>
    `${version} ${from}.${payload.readUInt16BE(0)} > ${to}.${payload.readUInt16BE(2)}`;
  const made = (name: string, text: () => string): Part => {
    const part = tolerate(name, () => ({ protocol: name, text: text() }));
    return { ...part, from, to, text: part.text.endsWith('cut short') ? `${ends}: ${part.text}` : part.text };
  };
  if (protocol === 6) return made('TCP', () => `${ports()}: ${tcp(payload, size)}`);
  if (protocol === 17) return made('UDP', () => `${ports()}: UDP, length ${payload.readUInt16BE(4) - 8}`);
  if (protocol === 1) return made('ICMP', () => `${ends}: ICMP ${icmp(payload, 8, 0, ICMP)}, length ${size}`);
  if (protocol === 58)
    return made('ICMP6', () => `${ends}: ICMP6, ${icmp(payload, 128, 129, ICMP6)}, length ${size}`);
  return { protocol: version, from, to, text: `${ends}: protocol ${protocol}, length ${size}` };
}

const FLAGS: readonly (readonly [number, string])[] = [
  [1, 'F'],
  [2, 'S'],
  [4, 'R'],
  [8, 'P'],
  [32, 'U'],
  [16, '.'],
];

function tcp(segment: Buffer, size: number): string {
  const flags = segment.readUInt8(13);
  const header = (segment.readUInt8(12) >> 4) * 4;
  if (header < 20 || header > size) return 'malformed TCP header';
  const names = FLAGS.filter(([bit]) => flags & bit).map(([, name]) => name);
  const sequence = segment.readUInt32BE(4);
  const data = size - header;
  const words = [`Flags [${names.join('') || 'none'}]`];
  if (data > 0) words.push(`seq ${sequence}:${(sequence + data) >>> 0}`);
  else if (flags & 7) words.push(`seq ${sequence}`);
  if (flags & 16) words.push(`ack ${segment.readUInt32BE(8)}`);
  words.push(`win ${segment.readUInt16BE(14)}`, `length ${data}`);
  return words.join(', ');
}

const UNREACHABLE = 'destination unreachable';
const ICMP: Readonly<Record<number, string>> = {
  3: UNREACHABLE,
  5: 'redirect',
  11: 'time exceeded',
  12: 'parameter problem',
};
const ICMP6: Readonly<Record<number, string>> = {
  1: UNREACHABLE,
  2: 'packet too big',
  3: 'time exceeded',
  4: 'parameter problem',
  133: 'router solicitation',
  134: 'router advertisement',
  135: 'neighbor solicitation',
  136: 'neighbor advertisement',
  143: 'multicast listener report v2',
};

function icmp(message: Buffer, request: number, reply: number, names: typeof ICMP): string {
  const [type, code] = [message.readUInt8(0), message.readUInt8(1)];
  if (type === request || type === reply) {
    const word = type === request ? 'request' : 'reply';
    return `echo ${word}, id ${message.readUInt16BE(4)}, seq ${message.readUInt16BE(6)}`;
  }
  const name = names[type] ?? `type ${type}`;
  if (names === ICMP6 && (type === 135 || type === 136))
    return `${name}, ${type === 135 ? 'who has' : 'tgt is'} ${address6(message, 8)}`;
  return code === 0 ? name : `${name}, code ${code}`;
}
