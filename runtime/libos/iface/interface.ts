// One network interface with one IPv4 address. Pure: a frame in, at most one frame out; no clock, no device.
import * as arp from '../wire/arp';
import { Cidr } from '../wire/cidr';
import * as ethernet from '../wire/ethernet';
import * as icmp from '../wire/icmp';
import * as ipv4 from '../wire/ipv4';
import * as udp from '../wire/udp';
import * as drop from './drop';

/** Answers a UDP datagram: returns how many bytes of answer it wrote to `answer` (room for `size`), -1 for none. */
export type UdpService = (data: usize, size: u32, answer: usize) => i32;

/** What became of a frame. */
export const DROPPED: u32 = 0;
export const ARP_ANSWERED: u32 = 1;
export const ECHO_ANSWERED: u32 = 2;
export const UDP_ANSWERED: u32 = 3;

export class Interface {
  /** Our MAC address, 6 bytes. */
  readonly mac: usize = heap.alloc(ethernet.MAC);
  /** What became of the last frame, and if it was dropped, why. */
  outcome: u32 = DROPPED;
  dropped: u32 = drop.NONE;

  private udpPort: u32 = 0;
  private udpService: UdpService | null = null;

  /**
   * @param address our address and its network
   * @param gateway who takes what is for other networks, 0 for nobody
   */
  constructor(
    readonly address: Cidr,
    readonly gateway: u32,
  ) {}

  /** Lets `service` answer datagrams to `port`. */
  onUdp(port: u32, service: UdpService): void {
    this.udpPort = port;
    this.udpService = service;
  }

  /**
   * Takes a frame of `size` bytes. An answer is written to `answer`, which has room for as many bytes and a whole header.
   * @returns the answer's size in bytes, 0 if there is none
   */
  receive(frame: usize, size: u32, answer: usize): u32 {
    this.outcome = DROPPED;
    this.dropped = drop.NONE;
    if (size < ethernet.HEADER) return this.drop(drop.FRAME_SHORT);
    const to = ethernet.destination(frame);
    if (!ethernet.same(to, this.mac) && !ethernet.isBroadcast(to)) return this.drop(drop.NOT_FOR_US);
    if (ethernet.isGroup(ethernet.source(frame))) return this.drop(drop.SENDER_GROUP);
    const type = ethernet.type(frame);
    const payload = frame + ethernet.HEADER;
    const room = size - ethernet.HEADER;
    if (type == ethernet.TYPE_ARP) return this.receiveArp(frame, payload, room, answer);
    if (type == ethernet.TYPE_IPV4) return this.receiveIpv4(frame, payload, room, answer);
    return this.drop(drop.PROTOCOL);
  }

  private drop(reason: u32): u32 {
    this.dropped = reason;
    return 0;
  }

  private receiveArp(frame: usize, packet: usize, size: u32, answer: usize): u32 {
    if (!arp.isValid(packet, size)) return this.drop(drop.ARP_MALFORMED);
    if (arp.targetIp(packet) != this.address.address) return this.drop(drop.NOT_FOR_US);
    if (arp.operation(packet) != arp.REQUEST) return this.drop(drop.ARP_UNASKED);
    if (ethernet.isGroup(arp.senderMac(packet))) return this.drop(drop.SENDER_GROUP);
    ethernet.write(answer, ethernet.source(frame), this.mac, ethernet.TYPE_ARP);
    arp.writeReply(answer + ethernet.HEADER, packet, this.mac, this.address.address);
    this.outcome = ARP_ANSWERED;
    return ethernet.HEADER + arp.SIZE;
  }

  private receiveIpv4(frame: usize, packet: usize, size: u32, answer: usize): u32 {
    if (ethernet.isGroup(ethernet.destination(frame))) return this.drop(drop.LINK_BROADCAST);
    if (size < ipv4.HEADER || !ipv4.isValid(packet, size)) return this.drop(drop.IPV4_MALFORMED);
    if (ipv4.destination(packet) != this.address.address) return this.drop(drop.NOT_FOR_US);
    if (ipv4.isFragment(packet)) return this.drop(drop.FRAGMENT);
    const from = ipv4.source(packet);
    if (!this.mayAnswer(from)) return this.drop(drop.SENDER);
    if (!this.address.contains(from) && this.gateway == 0) return this.drop(drop.NO_ROUTE);
    const header = ipv4.headerSize(packet);
    const payload = packet + header;
    const length = ipv4.totalSize(packet) - header;
    const out = answer + ethernet.HEADER;
    const protocol = ipv4.protocol(packet);
    let answered: u32 = 0;
    if (protocol == ipv4.ICMP) answered = this.receiveIcmp(payload, length, out + ipv4.HEADER);
    else if (protocol == ipv4.UDP) answered = this.receiveUdp(packet, payload, length, out);
    else this.drop(drop.PROTOCOL);
    if (answered == 0) return 0;
    ipv4.write(out, answered, protocol, this.address.address, from);
    if (protocol == ipv4.UDP) {
      const data = answered - udp.HEADER;
      udp.write(out, out + ipv4.HEADER, udp.destinationPort(payload), udp.sourcePort(payload), data);
    }
    // To the station it came from: the sender itself, or the gateway that passed it on.
    ethernet.write(answer, ethernet.source(frame), this.mac, ethernet.TYPE_IPV4);
    return ethernet.HEADER + ipv4.HEADER + answered;
  }

  /** Whether `from` can be a single host's address (RFC 1122, 3.2.1.3): not ours, no group, no broadcast. */
  private mayAnswer(from: u32): bool {
    const first = from >> 24;
    if (first == 0 || first == 127 || first >= 224 || from == this.address.address) return false;
    return !this.address.contains(from) || this.address.hasHost(from);
  }

  private receiveIcmp(message: usize, size: u32, answer: usize): u32 {
    if (!icmp.isValid(message, size)) return this.drop(drop.ICMP_MALFORMED);
    if (icmp.type(message) != icmp.ECHO_REQUEST || icmp.code(message) != 0) return this.drop(drop.ICMP_TYPE);
    icmp.writeReply(answer, message, size);
    this.outcome = ECHO_ANSWERED;
    return size;
  }

  private receiveUdp(packet: usize, segment: usize, size: u32, answer: usize): u32 {
    if (!udp.isValid(packet, segment, size)) return this.drop(drop.UDP_MALFORMED);
    const service = this.udpService;
    if (service == null || udp.destinationPort(segment) != this.udpPort) return this.drop(drop.PORT);
    // Two services that answer each other would do so for ever.
    if (udp.sourcePort(segment) == this.udpPort || udp.sourcePort(segment) == 0) return this.drop(drop.SENDER);
    const data = service(segment + udp.HEADER, udp.length(segment) - udp.HEADER, answer + ipv4.HEADER + udp.HEADER);
    if (data < 0) return this.drop(drop.PORT);
    this.outcome = UDP_ANSWERED;
    return udp.HEADER + <u32>data;
  }
}
