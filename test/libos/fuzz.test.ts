// A million frames, spoiled by seed, at a host that speaks everything: no trap, no table without a bound, nothing leaks.
import { beforeAll, expect, test } from 'vitest';
import { arp, echo, ethernet, ipv4, udp } from './frames.ts';
import { compileEntry, instantiate, type Module } from './module.ts';

interface Fuzz extends Module {
  readonly seeds: { readonly value: number };
  readonly sent: { readonly value: bigint };
  readonly opened: { readonly value: bigint };
  readonly largest: { readonly value: number };
  open(seed: bigint): void;
  addSeed(size: number): void;
  run(count: number): void;
  drain(): void;
  connections(): number;
  memoryLeft(): number;
  pages(): number;
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function tcp(flags: number, options = '', data = ''): Buffer {
  const header = hex(`9c400050 00001000 00000000 0000 ffff 0000 0000 ${options}`);
  header[12] = (header.length / 4) << 4;
  header[13] = flags;
  return Buffer.concat([header, Buffer.from(data)]);
}

function ipv6(
  next: number,
  payload: Buffer,
  to = 'fe80000000000000 00000000fe000002'.replace(' ', ''),
): Buffer {
  const header = hex(`60000000 0000 00ff fe80000000000000 0000 00ff fe000001 ${to}`);
  header.writeUInt16BE(payload.length, 4);
  header[6] = next;
  return Buffer.concat([header, payload]);
}

const SYN_OPTIONS = '020405b4 0402080a 00000001 00000000 01030307';
const seeds = [
  ethernet(0x0806, arp(1), 'ffffffffffff'),
  ethernet(0x0806, arp(2)),
  ethernet(IPV4, ipv4(1, echo(Buffer.alloc(56)))),
  ethernet(IPV4, ipv4(1, echo(Buffer.alloc(1472)))),
  ethernet(IPV4, ipv4(17, udp(Buffer.from('hello')))),
  ethernet(IPV4, ipv4(17, udp(Buffer.alloc(64)), { fragment: 0x2000 })),
  ethernet(IPV4, ipv4(17, udp(Buffer.alloc(64)), { fragment: 9 })),
  ethernet(IPV4, ipv4(6, tcp(2, SYN_OPTIONS))),
  ethernet(IPV4, ipv4(6, tcp(2, '020405b4'))),
  ethernet(IPV4, ipv4(6, tcp(2))),
  ethernet(IPV4, ipv4(6, tcp(16, '0101050a 00000001 00000005', 'GET / HTTP/1.1\r\n\r\n'))),
  // Errors that quote a segment of ours: too big, port unreachable.
  ethernet(
    IPV4,
    ipv4(1, hex(`0304 0000 0000 0240 4500 0054 00004000 40060000 0a000002 0a000001 0050 9c40 00000000`)),
  ),
  ethernet(
    IPV4,
    ipv4(1, hex(`0303 0000 0000 0000 4500 0054 00004000 40110000 0a000002 0a000001 0007 9c40 00000000`)),
  ),
  ethernet(0x8100, Buffer.concat([hex('0000 0800'), ipv4(1, echo(Buffer.alloc(8)))])),
  // Neighbour solicitation, advertisement, router advertisement with a prefix, an MTU and a link-layer address; echo; fragments; options.
  ethernet(
    IPV6,
    ipv6(
      58,
      hex('87000000 00000000 fe80000000000000 0000 00ff fe000002 0101 020000000001'),
      'ff0200000000000000000001ff000002',
    ),
    '3333ff000002',
  ),
  ethernet(IPV6, ipv6(58, hex('88000000 60000000 fe80000000000000 0000 00ff fe000001 0201 020000000001'))),
  ethernet(
    IPV6,
    ipv6(
      58,
      hex(
        '86000000 40000708 00000000 00000000 0101 020000000001 0501 0000 000005dc 0304 40c0 00015180 00003840 00000000 20010db8000000000000000000000000',
      ),
      'ff020000000000000000000000000001',
    ),
    '333300000001',
  ),
  ethernet(IPV6, ipv6(58, Buffer.concat([hex('80000000 12340001'), Buffer.alloc(56)]))),
  ethernet(IPV6, ipv6(44, Buffer.concat([hex('3a000001 00000007 80000000 12340001'), Buffer.alloc(64)]))),
  ethernet(
    IPV6,
    ipv6(0, Buffer.concat([hex('3c000502 0000 0100 3a000104 00000000 80000000 12340001'), Buffer.alloc(16)])),
  ),
  ethernet(IPV6, ipv6(6, tcp(2, SYN_OPTIONS))),
  ethernet(IPV6, ipv6(17, udp(Buffer.from('hello')))),
];

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileEntry('test/libos/fuzz.as.ts');
});

test.each([1, 2, 3, 4])('a quarter of a million frames, seed %i', (seed) => {
  const host = instantiate<Fuzz>(module);
  host.open(BigInt(seed) * 0x9e3779b97f4an);
  seeds.forEach((frame, index) => {
    Buffer.from(host.memory.buffer, host.seeds.value + index * 2048, 2048).set(frame);
    host.addSeed(frame.length);
  });
  const room = host.memoryLeft();
  host.run(50_000);
  const pages = host.pages();
  host.run(200_000);
  expect(host.pages() - pages).toBeLessThanOrEqual(4); // tables at their bounds, and what lies between allocations
  expect(host.connections()).toBeLessThanOrEqual(256);
  // It was no monologue, and it reached what it should.
  expect(host.sent.value).toBeGreaterThan(20_000n);
  expect(host.opened.value).toBeGreaterThan(200n);
  expect(host.largest.value).toBeLessThanOrEqual(1514);
  host.drain();
  expect({ connections: host.connections(), memory: host.memoryLeft() }).toEqual({
    connections: 0,
    memory: room,
  });
});
