// One network interface and everything it knows: addresses, neighbours, path MTUs, counters. Pure: frames and the time come in by
// input(), tick() and what is sent; frames go out by one function. The shell around it reads the device and the clock.
import * as address from '../wire/address';
import * as ethernet from '../wire/ethernet';
import { SECOND } from '../time/duration';
import * as drop from './drop';
import { Neighbours } from './neighbours';
import { PathMtus } from './pmtu';
import { HEADER, PACKET_MAX, writePartial, writePlain } from './offload';
import { Fragments } from './fragments';
import { Ipv6 } from './ipv6-state';

/** Sends a frame. */
export type Transmit = (frame: usize, size: u32) => void;
/** Takes a segment of a transport protocol; addresses are in the stack's `from` and `to`. */
export type Deliver = (stack: Stack, segment: usize, size: u32) => void;
/** Takes an error that came for a packet of ours: `kind` is of errors.ts, `segment` at least 8 bytes of what we sent from the stack's `from` to `to`. */
export type Notify = (stack: Stack, protocol: u32, kind: u32, value: u32, segment: usize) => void;

/** Takes the answer to an echo request of ours with the identifier and number `id`, from the stack's `from`, with `size` bytes at `data`. */
export type Echoed = (stack: Stack, id: u32, data: usize, size: u32) => void;

/** What became of a frame. */
export const DROPPED: u32 = 0;
export const ARP_ANSWERED: u32 = 1;
export const ECHO_ANSWERED: u32 = 2;
export const DELIVERED: u32 = 3;
/** It told us something, or is a piece of a packet. */
export const NOTED: u32 = 4;

@unmanaged
export class Stack {
  /** Monotonic nanoseconds of the call being handled. */
  now: u64 = 0;
  /** Of the source of pseudo-random numbers, never 0. */
  random: u64 = 1;
  /** A secret that peers must not know: seeds of hash tables, initial sequence numbers, cookies. */
  secret0: u64 = 0;
  secret1: u64 = 0;

  /** Our MAC address, 6 bytes. */
  mac: usize = heap.alloc(8);
  /** Bytes of the largest packet the link takes. */
  mtu: u32 = 0;
  /** The VLAN we live in, 0 for untagged frames. */
  vlan: u32 = 0;
  /** Bytes of the frame's header with its tag. */
  link: u32 = ethernet.HEADER;

  /** IPv4: our address in host order, 0 while there is none; the network's mask; the gateway, 0 for none. */
  address: u32 = 0;
  mask: u32 = 0;
  gateway: u32 = 0;
  /** Counts up whenever the addresses that may be used change, of either version. */
  addressChanges: u32 = 0;
  /** Bytes of the largest IPv4 packet: the link's, or fewer if a DHCP server says so. */
  ipv4Mtu: u32 = 0;
  /** An address we are about to take; 0 without, or as soon as another station shows that it has it or wants it (RFC 5227, 2.1.1). */
  candidate: u32 = 0;
  /** A second destination we listen to: the multicast group of mDNS, 0 for none. */
  group: u32 = 0;

  ipv6: Ipv6 = new Ipv6();
  neighbours: Neighbours = new Neighbours();
  pathMtus: PathMtus = new PathMtus();
  /** What was said of paths and cannot be checked, as it is not about a segment: no stream becomes slower by it (RFC 8201, 6). */
  unproven: PathMtus = new PathMtus();
  fragments: Fragments = new Fragments();

  /** The packet being received: its source and destination, and whether its frame was for several stations. */
  from: usize = heap.alloc(address.SIZE);
  to: usize = heap.alloc(address.SIZE);
  toMany: bool = false;
  /** The MAC address that sent its frame; 0 while none is being received. */
  station: usize = 0;
  /** That packet from its network header on, as an ICMP error quotes it. */
  arrived: usize = 0;
  arrivedSize: u32 = 0;
  outcome: u32 = DROPPED;
  dropped: u32 = drop.NONE;

  /** Whether the host takes trains of segments and unfinished checksums; then every frame has a header (offload.ts). */
  offload: bool = false;
  /** Whether the checksum of the frame being received is known to be right. */
  verified: bool = false;
  /** The packet to send leaves its checksum to the host: bytes of the TCP header, 0 if it does not; and of each segment of a train. */
  partial: u32 = 0;
  train: u32 = 0;

  /** Hops the next packets may take; 0 for the usual number. */
  hops: u32 = 0;
  /** Where a packet to send is built: the frame's header goes before it. */
  packet: usize = 0;

  /** Indices of functions: Transmit, Deliver, Deliver, Notify. */
  transmit: u32 = 0;
  udp: u32 = 0;
  tcp: u32 = 0;
  notify: u32 = 0;
  /** Index of an Echoed; 0 while nobody asks. */
  echoed: u32 = 0;
  /** What TCP keeps of this interface: a Tcp of socket/tcp. */
  tcpState: usize = 0;

  /** Frames and bytes, in and out; then one number for each reason of drop.ts. */
  framesIn: u64 = 0;
  framesOut: u64 = 0;
  bytesIn: u64 = 0;
  bytesOut: u64 = 0;
  drops: usize = heap.alloc(drop.REASONS * 8);

  /** Frames from others that claim our IPv4 address, and when it was defended last (RFC 5227, 2.4). */
  conflicts: u64 = 0;
  defended: u64 = 0;

  /** ICMP errors that may still be sent in this second (RFC 1812, 4.3.2.8; RFC 4443, 2.4 (f)). */
  errorsLeft: u32 = 0;
  errorsSince: u64 = 0;

  /**
   * @param mac 6 bytes, copied
   * @param mtu bytes, at least 1280 for IPv6 and 576 for IPv4
   * @param seed 24 bytes nobody else knows
   */
  constructor(mac: usize, mtu: u32, transmit: u32, seed: usize, offload: bool = false) {
    ethernet.copyMac(this.mac, mac);
    this.mtu = mtu;
    this.ipv4Mtu = mtu;
    this.transmit = transmit;
    this.secret0 = load<u64>(seed);
    this.secret1 = load<u64>(seed, 8);
    this.random = load<u64>(seed, 16) | 1;
    memory.fill(this.drops, 0, drop.REASONS * 8);
    this.offload = offload;
    const front = HEADER + ethernet.HEADER + ethernet.TAG;
    this.packet = heap.alloc(front + (offload ? PACKET_MAX : mtu + 64)) + front;
    this.neighbours.seed = this.secret0;
    this.pathMtus.seed = this.secret1;
    this.unproven.seed = this.secret1;
  }

  /**
   * Becomes another station than others restored from the same snapshot. What finds things in tables that are in use stays: secret1, and the
   * tables' own seeds.
   * @param mac 6 bytes, copied
   * @param seed 24 bytes nobody else knows
   */
  renew(mac: usize, seed: usize): void {
    ethernet.copyMac(this.mac, mac);
    this.secret0 = load<u64>(seed);
    this.random = load<u64>(seed, 16) | 1;
    this.neighbours.clear();
  }

  /** Takes and sends only frames with the tag of the VLAN `id`, 1 to 4094; 0: only frames without, or with a priority alone. */
  joinVlan(id: u32): void {
    this.vlan = id;
    this.link = ethernet.HEADER + (id != 0 ? ethernet.TAG : 0);
  }

  /** Takes the IPv4 address `address`, in a network of `mask`, with `gateway` to all others; 0 for none. */
  setIpv4(address: u32, mask: u32, gateway: u32): void {
    this.address = address;
    this.mask = mask;
    this.gateway = gateway;
    this.addressChanges++;
  }

  /** Counts a frame that goes no further. */
  drop(reason: u32): void {
    this.outcome = DROPPED;
    this.dropped = reason;
    const count = this.drops + (reason << 3);
    store<u64>(count, load<u64>(count) + 1);
  }

  /** 32 bits nobody needs to keep secret (xorshift64*; Marsaglia 2003, Vigna 2016). */
  nextRandom(): u32 {
    let x = this.random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    this.random = x;
    return <u32>((x * 0x2545f4914f6cdd1d) >> 32);
  }

  /** Writes the frame's header around the `size` bytes at `packet` and sends it to the station `mac`. */
  sendFrame(mac: usize, type: u32, size: u32): void {
    let frame = this.packet - this.link;
    if (this.vlan == 0) ethernet.write(frame, mac, this.mac, type);
    else ethernet.writeTagged(frame, mac, this.mac, this.vlan, type);
    this.framesOut++;
    let whole = this.link + size;
    this.bytesOut += whole;
    if (this.offload) {
      frame -= HEADER;
      whole += HEADER;
      if (this.partial == 0) writePlain(frame);
      else this.writePartial(frame, type == ethernet.TYPE_IPV6);
    }
    call_indirect<void>(this.transmit, frame, whole);
  }

  /** The header of a TCP segment that the host finishes. */
  private writePartial(header: usize, ipv6: bool): void {
    const transport = this.link + (ipv6 ? 40 : 20);
    writePartial(header, ipv6, transport, 16, transport + this.partial, this.train);
  }

  /** Whether one more ICMP error may be sent now. */
  mayReport(): bool {
    if (this.now - this.errorsSince >= SECOND) {
      this.errorsSince = this.now;
      this.errorsLeft = 50;
    }
    if (this.errorsLeft == 0) return false;
    this.errorsLeft--;
    return true;
  }
}
