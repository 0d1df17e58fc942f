// Frames nobody sent: mutated by seed. No trap, no growth, and IPv6 still works afterwards.
import { expect, test } from 'vitest';
import { ip } from '../../packets.ts';
import { seeded } from '../../random.ts';
import { arp, echo, ethernet, ipv4, udp, US } from '../frames.ts';
import { fragmentHeader } from '../fragments/pieces.ts';
import {
  advertisement,
  echo6,
  frame,
  icmpFrame,
  ipv6,
  macOption,
  mtuOption,
  OURS,
  prefixOption,
  ROUTER,
  routerAdvertisement,
  sealed,
  solicitation,
  THEIRS,
} from './frames.ts';
import { Link } from './link.ts';

const body = Buffer.alloc(64, 'x');
const segment = sealed(17, Buffer.concat([Buffer.from([1, 2, 3, 4, 0, 72, 0, 0]), body]), 6);
const quoted = ipv6(17, segment, { from: OURS.fixed, to: THEIRS.fixed });
const redirect = Buffer.concat([ip('fe80::fd'), ip('2001:db8:9::1'), macOption(2, '0200000000fd')]);

const SEEDS = [
  echo6(body),
  frame(ipv6(17, segment)),
  frame(ipv6(0, Buffer.concat([Buffer.from([60, 0, 5, 2, 0, 0, 1, 0, 17, 0, 1, 4, 0, 0, 0, 0]), segment]))),
  frame(ipv6(43, Buffer.concat([Buffer.from([17, 0, 0, 0, 0, 0, 0, 0]), segment]))),
  frame(ipv6(44, Buffer.concat([fragmentHeader(17, 0, true, 1), segment]))),
  frame(ipv6(44, Buffer.concat([fragmentHeader(17, 80, false, 1), body]))),
  frame(ipv6(44, Buffer.concat([fragmentHeader(17, 0, false, 2), segment]))),
  icmpFrame(1, 0, quoted, { code: 4 }),
  icmpFrame(2, 1400, quoted),
  icmpFrame(4, 6, quoted, { code: 1 }),
  icmpFrame(130, 1000 << 16, Buffer.alloc(20), { from: 'fe80::fe', to: 'ff02::1', hops: 1 }),
  icmpFrame(137, 0, redirect, { from: ROUTER.local, hops: 255 }),
  solicitation(OURS.fixed),
  solicitation(OURS.fixed, Buffer.alloc(0), { from: '::' }),
  advertisement(THEIRS.fixed, 0x60),
  routerAdvertisement([macOption(1, ROUTER.mac), prefixOption('2001:db8:1::'), mtuOption(1400)]),
  ethernet(0x0806, arp(1)),
  ethernet(0x0800, ipv4(1, echo(body))),
  ethernet(0x0800, ipv4(17, udp(body), { fragment: 0x2000 })),
  ethernet(0x0800, ipv4(17, body, { fragment: 9 })),
];

/** Makes the checksum of a message without extension headers right again, so that what it says is looked at. */
function reseal(mutated: Buffer): Buffer {
  if (mutated.readUInt16BE(12) !== 0x86dd || mutated[20] !== 58 || mutated.length < 58) return mutated;
  const packet = mutated.subarray(14);
  const address = (at: number): string =>
    packet
      .subarray(at, at + 16)
      .toString('hex')
      .match(/..../g)
      ?.join(':') ?? '';
  sealed(58, packet.subarray(40), 2, { from: address(8), to: address(24) }).copy(packet, 40);
  return mutated;
}

test.each([1, 2, 3, 4])(
  'fifty thousand mutated frames do no harm and cost no memory (seed %i)',
  async (seed) => {
    const random = seeded(seed);
    const link = await Link.open();
    link.configure({ probes: 0 });
    link.joinMdns();
    link.setIpv4(US.ip, 24);
    link.addStatic(OURS.fixed, 64);
    link.start();
    link.transport(seed % 2 === 0);
    link.pass(2);
    const outcomes = [0, 0, 0, 0, 0];
    const feed = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const mutated = Buffer.from(SEEDS[random(SEEDS.length)] ?? body);
        for (let changes = random(5); changes > 0; changes--) mutated[random(mutated.length)] = random(256);
        if (random(2) === 0) reseal(mutated);
        const outcome = link.feed(mutated, random(5) === 0 ? random(mutated.length + 1) : mutated.length);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        if (i % 64 === 0) link.pass(random(40) / 10);
        link.out();
      }
    };
    // As much memory as pieces can take, so that what grows later does not belong there.
    for (let id = 0; id < 100; id++) {
      const far = Buffer.concat([fragmentHeader(17, (id % 9) * 7000, true, id), Buffer.alloc(1400)]);
      link.receive(frame(ipv6(44, far)));
    }
    feed(10_000);
    const pages = link.pages();
    feed(40_000);
    expect(link.pages()).toBe(pages);
    for (const count of outcomes) expect(count).toBeGreaterThan(100);
    // It still is at its place: the operator's address answers whoever asks.
    link.pass(120);
    link.meet();
    expect(link.receive(echo6(body))).toHaveLength(1);
  },
);
