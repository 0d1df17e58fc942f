// The interface's pure core, in memory: what it answers, byte for byte, and what it drops for which reason.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checksum, ip, transportChecksum } from '../packets.ts';
import { seeded } from '../random.ts';
import { fromModule, loadCore, toModule, type Core } from './core.ts';
import { arp, echo, ethernet, ipv4, PEER, udp, US, type Ipv4Fields } from './frames.ts';

const IPV4 = 0x0800;
const ARP = 0x0806;

let core: Core;
beforeAll(async () => {
  core = await loadCore();
});
beforeEach(() => {
  open(0);
});

/** Makes the interface and lets it know its peer. */
function open(gateway: number): void {
  expect(core.open(toModule(core, `${US.ip}/24`), gateway)).toBe(1);
  receive(ethernet(ARP, arp(1), 'ffffffffffff'));
}

/** The frame that is sent when this one comes, if any. */
function answerTo(frame: Buffer): Buffer | undefined {
  Buffer.from(core.memory.buffer, core.frame.value, frame.length).set(frame);
  const size = core.receive(frame.length);
  return size > 0 ? Buffer.from(Buffer.from(core.memory.buffer, core.answer.value, size)) : undefined;
}

/** Hands the frame in; why it was dropped, else the answer. */
function receive(frame: Buffer): Buffer | string {
  const answer = answerTo(frame);
  return fromModule(core, core.dropped()) || (answer ?? '');
}

const ping = (data: Buffer, fields?: Ipv4Fields): Buffer => ethernet(IPV4, ipv4(1, echo(data), fields));

describe('it answers', () => {
  test('ARP for its address (RFC 826)', () => {
    const answer = ethernet(ARP, arp(2, PEER.ip, US), PEER.mac, US.mac);
    Buffer.from(PEER.mac, 'hex').copy(answer, 14 + 18);
    expect(receive(ethernet(ARP, arp(1), 'ffffffffffff'))).toEqual(answer);
  });

  test.each([0, 1, 7, 56, 57, 1472])('an echo request with %i bytes (RFC 792)', (size) => {
    const data = Buffer.from(Array.from({ length: size }, (_, i) => i & 255));
    const answer = receive(ping(data)) as Buffer;
    const packet = answer.subarray(14);
    expect(answer.subarray(0, 14)).toEqual(ethernet(IPV4, Buffer.alloc(0), PEER.mac, US.mac));
    expect(checksum(packet.subarray(0, 20))).toBe(0);
    expect(packet.subarray(12, 20)).toEqual(Buffer.concat([ip(US.ip), ip(PEER.ip)]));
    expect(packet.readUInt16BE(2)).toBe(28 + size);
    expect(packet.subarray(20)).toEqual(echo(data, 0));
  });

  test('an echo request in a padded frame, or with IP options, without them', () => {
    const data = Buffer.from('abc');
    const plain = receive(ping(data));
    expect(receive(Buffer.concat([ping(data), Buffer.alloc(17, 0xaa)]))).toEqual(plain);
    expect(receive(ping(data, { options: Buffer.from([1, 1, 1, 0]) }))).toEqual(plain);
  });

  test.each([0, 1, 2, 999, 1472])('a UDP datagram of %i bytes at port 7, with a right checksum', (size) => {
    const data = Buffer.alloc(size, 'kittiwake');
    const packet = (receive(ethernet(IPV4, ipv4(17, udp(data)))) as Buffer).subarray(14);
    const segment = packet.subarray(20);
    expect(segment.subarray(8)).toEqual(data);
    expect([segment.readUInt16BE(0), segment.readUInt16BE(2)]).toEqual([7, 40000]);
    expect(transportChecksum(17, ip(US.ip), ip(PEER.ip), segment)).toBe(0);
    expect(segment.readUInt16BE(6)).not.toBe(0);
  });

  test('with as many hops as it is told, else 64 (RFC 6762, 11; RFC 1700)', () => {
    const hops = (): number =>
      (receive(ethernet(IPV4, ipv4(17, udp(Buffer.from('x'))))) as Buffer).readUInt8(14 + 8);
    expect(hops()).toBe(64);
    core.setHops(255);
    expect(hops()).toBe(255);
    expect(checksum((receive(ping(Buffer.alloc(0))) as Buffer).subarray(14, 34))).toBe(0);
  });

  test('a UDP datagram without a checksum', () => {
    const segment = udp(Buffer.from('x'));
    segment.writeUInt16BE(0, 6);
    expect(receive(ethernet(IPV4, ipv4(17, segment)))).toBeInstanceOf(Buffer);
  });

  test('a frame with a priority (IEEE 802.1Q) as one without; of no VLAN but its own', () => {
    const tagged = (tag: string): Buffer => {
      const frame = ping(Buffer.from('abc'));
      return Buffer.concat([frame.subarray(0, 12), Buffer.from(`8100${tag}`, 'hex'), frame.subarray(12)]);
    };
    expect(receive(tagged('e000'))).toEqual(receive(ping(Buffer.from('abc'))));
    expect(receive(tagged('0005'))).toMatch(/another VLAN/);
    core.setVlan(5);
    expect(receive(ping(Buffer.from('abc')))).toMatch(/another VLAN/);
    const answer = receive(tagged('0005')) as Buffer;
    expect(answer.subarray(12, 18).toString('hex')).toBe('810000050800');
  });

  test('another network only by a gateway', () => {
    const far = ping(Buffer.from('far'), { from: '192.0.2.1' });
    expect(receive(far)).toMatch(/no gateway/);
    open(0x0a000001);
    expect((receive(far) as Buffer).subarray(0, 6)).toEqual(Buffer.from(PEER.mac, 'hex'));
  });
});

describe('a host it has not heard of', () => {
  const STATION = '020000000007';
  const pingOf = (text: string, station: string, from = '10.0.0.7'): Buffer =>
    ethernet(IPV4, ipv4(1, echo(Buffer.from(text)), { from }), US.mac, station);
  const asked = (answer: Buffer | string): boolean =>
    Buffer.isBuffer(answer) && answer.readUInt16BE(12) === ARP;

  test('is answered at once, at the station that stands in its frame', () => {
    const answer = receive(pingOf('one', STATION)) as Buffer;
    expect(answer.subarray(0, 6).toString('hex')).toBe(STATION);
    expect(answer.subarray(34)).toEqual(echo(Buffer.from('one'), 0));
  });

  test('is not moved by what others say in its name', () => {
    receive(pingOf('one', STATION));
    const answer = receive(pingOf('two', '020000000008')) as Buffer;
    expect(answer.subarray(0, 6).toString('hex')).toBe(STATION);
  });

  test('is asked for first if its packet came through the gateway, and then gets all that waited', () => {
    open(0x0a000001);
    expect(asked(receive(pingOf('one', PEER.mac)))).toBe(true);
    const answers = receive(pingOf('two', STATION)) as Buffer;
    expect(answers.subarray(0, 6).toString('hex')).toBe(STATION);
    expect(answers.subarray(34)).toEqual(echo(Buffer.from('one'), 0));
  });
});

const spoiled = (frame: Buffer, at: number): Buffer => {
  const copy = Buffer.from(frame);
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
};
const data = Buffer.from('some data');

test.each<[string, Buffer, RegExp]>([
  ['shorter than a header', Buffer.alloc(13), /shorter than an Ethernet header/],
  ['for another station', ethernet(IPV4, ipv4(1, echo(data)), '020000000009'), /not for this address/],
  ['from a group address', ethernet(ARP, arp(1), US.mac, '010000000001'), /sender is a group/],
  ['of IPv4 for all stations', ethernet(IPV4, ipv4(1, echo(data)), 'ffffffffffff'), /sent to many/],
  ['of another protocol', ethernet(0x88cc, Buffer.alloc(60)), /does not speak/],
  ['ARP, cut', ethernet(ARP, arp(1).subarray(0, 27)), /malformed ARP/],
  ['ARP for another address', ethernet(ARP, arp(1, '10.0.0.3')), /not for this address/],
  ['an ARP reply', ethernet(ARP, arp(2)), /nobody asked/],
  ['ARP of other hardware', ethernet(ARP, spoiled(arp(1), 1)), /malformed ARP/],
  ['IPv4, cut', ethernet(IPV4, ipv4(1, echo(data)).subarray(0, 19)), /malformed IPv4/],
  ['IPv4 longer than its frame', ethernet(IPV4, ipv4(1, echo(data), { total: 200 })), /malformed IPv4/],
  ['IPv4 shorter than its header', ethernet(IPV4, ipv4(1, echo(data), { total: 19 })), /malformed IPv4/],
  ['IPv4 with a wrong checksum', spoiled(ping(data), 14 + 8), /malformed IPv4/],
  ['IPv4 of another version', spoiled(ping(data), 14), /malformed IPv4/],
  ['IPv4 for another host', ping(data, { to: '10.0.0.3' }), /not for this address/],
  ['IPv4 for the broadcast address', ping(data, { to: '10.0.0.255' }), /sent to many/],
  ['a fragment that fits nowhere', ping(data, { fragment: 0x2000 }), /fragment/],
  ['from itself', ping(data, { from: US.ip }), /cannot be answered/],
  ['from the broadcast address', ping(data, { from: '10.0.0.255' }), /cannot be answered/],
  ['from a multicast address', ping(data, { from: '224.0.0.1' }), /cannot be answered/],
  ['from nowhere', ping(data, { from: '0.0.0.0' }), /cannot be answered/],
  ['TCP', ethernet(IPV4, ipv4(6, Buffer.alloc(20))), /does not speak/],
  ['ICMP, cut', ethernet(IPV4, ipv4(1, echo(data).subarray(0, 7))), /malformed ICMP/],
  [
    'ICMP too short, with a right checksum',
    ethernet(IPV4, ipv4(1, Buffer.from('0800f7ff', 'hex'))),
    /malformed ICMP/,
  ],
  ['ICMP with a wrong checksum', spoiled(ping(data), 14 + 30), /malformed ICMP/],
  ['an echo reply', ethernet(IPV4, ipv4(1, echo(data, 0))), /ICMP, but/],
  ['an echo request of another code', ethernet(IPV4, ipv4(1, echo(data, 8, 1))), /ICMP, but/],
  ['UDP, cut', ethernet(IPV4, ipv4(17, udp(data).subarray(0, 7))), /malformed UDP/],
  ['UDP longer than its packet', ethernet(IPV4, ipv4(17, udp(data, { length: 18 }))), /malformed UDP/],
  ['UDP shorter than its header', ethernet(IPV4, ipv4(17, udp(data, { length: 7 }))), /malformed UDP/],
  ['UDP with a wrong checksum', spoiled(ethernet(IPV4, ipv4(17, udp(data))), 14 + 29), /malformed UDP/],
  ['UDP to another port', ethernet(IPV4, ipv4(17, udp(data, { port: 8 }))), /no service/],
  [
    'UDP from another echo service',
    ethernet(IPV4, ipv4(17, udp(data, { sourcePort: 7 }))),
    /cannot be answered/,
  ],
])('it drops a frame %s', (_, frame, why) => {
  expect(receive(frame)).toMatch(why);
});

describe('while it has no address', () => {
  const about = 0x0a000002;
  beforeEach(() => {
    core.probe();
  });

  test('it sees who else has the one it is about to take, or wants it (RFC 5227, 2.1.1)', () => {
    const from = (ip: string) => ({ mac: PEER.mac, ip });
    const arps: [Buffer, boolean][] = [
      [arp(1), false], // only asks for it
      [arp(1, PEER.ip, from(US.ip)), true],
      [arp(2, PEER.ip, from(US.ip)), true],
      [arp(1, US.ip, from('0.0.0.0')), true], // a probe, as ours are
      [arp(2, US.ip, from('0.0.0.0')), false],
      [arp(1, '10.0.0.9', from('0.0.0.0')), false],
      [arp(1, PEER.ip, { mac: US.mac, ip: US.ip }), false], // our own, come back
    ];
    for (const [packet, contested] of arps) {
      open(0);
      core.probe();
      expect(core.candidate()).toBe(about);
      expect(answerTo(ethernet(ARP, packet, 'ffffffffffff'))).toBeUndefined();
      expect(core.candidate()).toBe(contested ? 0 : about);
    }
  });

  test('only datagrams get through, for DHCP (RFC 2131, 4.1)', () => {
    expect(receive(ping(Buffer.from('x')))).toMatch(/not for this address/);
    expect(receive(ethernet(IPV4, ipv4(6, Buffer.alloc(20))))).toMatch(/not for this address/);
    expect(receive(ethernet(IPV4, ipv4(17, udp(Buffer.from('x')))))).not.toMatch(/not for this address/);
  });
});

describe('ICMP errors (RFC 1122, 3.2.2)', () => {
  const refused = (code: number, packet: Buffer): Buffer => {
    const message = Buffer.concat([Buffer.from([3, code, 0, 0, 0, 0, 0, 0]), packet]);
    message.writeUInt16BE(checksum(message), 2);
    return message;
  };

  test('tell of a closed port, quoting the packet', () => {
    const packet = ipv4(17, udp(data, { port: 8 }));
    expect(answerTo(ethernet(IPV4, packet))?.subarray(34)).toEqual(refused(3, packet));
  });

  test('tell of an unknown protocol', () => {
    const packet = ipv4(99, data);
    expect(answerTo(ethernet(IPV4, packet))?.subarray(34)).toEqual(refused(2, packet));
  });

  test('quote no more than fits into 576 bytes', () => {
    const packet = ipv4(17, udp(Buffer.alloc(1200), { port: 8 }));
    expect(answerTo(ethernet(IPV4, packet))?.length).toBe(14 + 576);
  });

  test('are not sent for what was sent to many, nor more than 50 in a second', () => {
    const packet = ipv4(17, udp(data, { port: 8 }));
    expect(answerTo(ethernet(IPV4, packet, 'ffffffffffff'))).toBeUndefined();
    let sent = 0;
    for (let i = 0; i < 200; i++) if (answerTo(ethernet(IPV4, packet)) !== undefined) sent++;
    expect(sent).toBe(50);
  });
});

test('a hundred thousand mutated frames do no harm and cost no memory', () => {
  const seeds = [
    ethernet(ARP, arp(1)),
    ping(data),
    ping(data, { options: Buffer.alloc(40, 1) }),
    ethernet(IPV4, ipv4(17, udp(data))),
  ];
  const random = seeded(1);
  const before = core.pages();
  const window = Buffer.from(core.memory.buffer, core.frame.value, 2048);
  let answered = 0;
  for (let i = 0; i < 100_000; i++) {
    const frame = Buffer.from(seeds[random(seeds.length)] ?? data);
    for (let changes = random(4); changes > 0; changes--) frame[random(frame.length)] = random(256);
    window.set(frame);
    const size = core.receive(random(4) === 0 ? random(frame.length + 1) : frame.length);
    if (size > 0) {
      answered++;
      expect(size).toBeLessThanOrEqual(Math.max(frame.length + 14, 576 + 14));
    }
  }
  expect(answered).toBeGreaterThan(1000);
  expect(core.pages()).toBe(before);
});
