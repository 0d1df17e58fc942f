// Frames nobody should send, by seed: real ones with bits, lengths and ends changed, and noise. The guest lives and serves.
import { describe, expect, test } from 'vitest';
import { checksum, ETHERTYPE, ethernet, ip, ipv4, ipv6, mac } from '../packets.ts';
import { noise, seeded } from '../random.ts';
import { encodeSegment, TCP, type Segment } from '../segments.ts';
import { Wire } from './frames.ts';
import { long } from './long.ts';
import { Namespace, noNamespaces } from './namespace.ts';
import { residentKilobytes } from './process.ts';
import { site } from './sites.ts';
import { noImage, prebuilt, Unikernel } from './unikernel.ts';

const FRAMES = long ? 1_000_000 : 30_000;
const BATCH = 500;
const PAGE = 'still here\n';
const MAC = '02:00:00:00:00:02';
const skipped = noNamespaces ?? noImage('website');

const us = ip('10.0.0.1');
const guest = ip('10.0.0.2');
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const frame = (type: number, payload: Buffer): Buffer =>
  ethernet(mac(MAC), mac('02:00:00:00:00:01'), type, payload);
const v4 = (protocol: number, payload: Buffer): Buffer =>
  frame(ETHERTYPE.ipv4, ipv4(us, guest, protocol, payload));
const tcp = (fields: Partial<Segment>): Buffer =>
  v4(TCP, encodeSegment(us, guest, { from: 4000, to: 80, ...fields }));
const v6 = (next: number, payload: Buffer): Buffer =>
  frame(ETHERTYPE.ipv6, ipv6(ip('fd00::1'), ip('fd00::2'), next, payload, { hops: 255 }));

/** One honest frame of every kind the guest may read. Checksums that are zero are wrong: so some must be refused there. */
const TEMPLATES: readonly Buffer[] = [
  frame(ETHERTYPE.arp, hex('0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002')),
  frame(ETHERTYPE.arp, hex('0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002')),
  v4(1, hex('0800 f7fd 0001 0001')),
  v4(1, Buffer.concat([hex('0304 0000 0000 0400'), ipv4(guest, us, 6, Buffer.alloc(28))])),
  v4(17, hex('0400 0007 000c 0000 61626364')),
  v4(17, Buffer.concat([hex('0043 0044 0110 0000 0201 0600'), Buffer.alloc(232), hex('63825363 350105 ff')])),
  v4(17, hex('0035 9000 0021 0000 1234 8180 0001 0001 0000 0000 0161 0000 0100 01 c00c 0001 0001')),
  tcp({ seq: 1, flags: 'S', options: { mss: 1460 } }),
  tcp({ seq: 2, ack: 9, flags: 'A', data: noise(64) }),
  tcp({ seq: 2, ack: 9, flags: 'RF' }),
  v6(58, hex('8000 0000 0001 0001 61626364')),
  v6(58, hex('8700 0000 00000000 fd000000000000000000000000000002 0101 020000000001')),
  v6(58, hex('8800 0000 60000000 fd000000000000000000000000000001 0201 020000000001')),
  v6(58, hex('8600 0000 40 00 0708 00000000 00000000 0101 020000000001 0501 0000 000005dc')),
  v6(44, hex('3a 00 0001 00000001 8000 0000 0001 0001')),
  v6(0, hex('3a 00 0104 00000000 8000 0000 0001 0001')),
  v6(17, hex('0400 0007 000c 0000 61626364')),
  frame(0x8100, hex('0001 0800 4500 0014')),
];

/** The frame number `n` of a fuzz: a template with a few bytes changed, cut or grown, its IPv4 checksum mostly made right again. */
function mutant(below: (limit: number) => number): Buffer {
  const template = TEMPLATES[below(TEMPLATES.length)] ?? Buffer.alloc(60);
  let bytes = Buffer.from(template);
  for (let changes = below(4); changes > 0; changes--) {
    // Mostly behind the Ethernet header: without our MAC address in front, nothing reads the rest.
    const at = below(20) === 0 ? below(14) : 12 + below(bytes.length - 12);
    bytes[at] = below(3) === 0 ? ([0, 255, 127, 128, 1][below(5)] ?? 0) : below(256);
  }
  if (below(8) === 0) bytes = bytes.subarray(0, 14 + below(bytes.length - 13));
  if (below(8) === 0) bytes = Buffer.concat([bytes, noise(below(1400), 1 + below(1000))]).subarray(0, 1514);
  if (below(50) === 0) bytes = Buffer.concat([bytes.subarray(0, 14), noise(below(1500), 1 + below(1000))]);
  if (bytes.length >= 34 && bytes.readUInt16BE(12) === ETHERTYPE.ipv4 && below(4) > 0) {
    bytes.writeUInt16BE(0, 24);
    bytes.writeUInt16BE(checksum(bytes.subarray(14, 34)), 24);
  }
  return bytes;
}

describe.skipIf(skipped)(`hostile frames ${skipped ?? ''}`, () => {
  test(
    `${FRAMES} of them neither end website nor fill its memory`,
    async () => {
      using content = site({ 'index.html': PAGE });
      await using namespace = await Namespace.open();
      await namespace.tap('tap0', '10.0.0.1/24', 'fd00::1/64');
      await namespace.shell('ip link set tap0 address 02:00:00:00:00:01');
      await using running = await Unikernel.ready(namespace, {
        image: prebuilt('website'),
        data: content.archive,
        args: ['--ipv4=10.0.0.2/24', '--ipv6=fd00::2/64'],
        options: [`--net-mac:service=${MAC}`],
      });
      const wire = await Wire.to(namespace, 'tap0');
      const below = seeded(0x5eed);
      const half = { kilobytes: 0 };
      for (let sent = 0; sent < FRAMES; sent += BATCH) {
        await wire.send(Array.from({ length: BATCH }, () => mutant(below)));
        // An honest ping behind each batch is answered. Each time the host asks for the address anew, by which the guest learns ours
        // again: ARP (RFC 826) believes whoever spoke last, and that may be a frame of the batch that is still under way.
        const ping = 'ip neigh flush dev tap0; ping -q -c 1 -W 1 10.0.0.2';
        const tries = `for try in 1 2 3 4 5; do ${ping} && exit; done; exit 1`;
        const { status, out } = await namespace.run(['sh', '-c', tries]);
        expect(status, `after frame ${sent}: ${out}\n${running.console}`).toBe(0);
        if (sent <= FRAMES / 2) half.kilobytes = residentKilobytes(running.pid);
      }
      expect(residentKilobytes(running.pid) - half.kilobytes).toBeLessThan(512);
      const { out } = await namespace.run(['curl', '-q', '-sS', '--noproxy', '*', 'http://10.0.0.2/']);
      expect(out, running.console).toBe(PAGE);
      await running.stop();
    },
    long ? 1_800_000 : 60_000,
  );
});
