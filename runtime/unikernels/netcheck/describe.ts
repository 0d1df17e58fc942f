// One line about a frame and what became of it, for -l debug.
import * as drop from '../../libos/iface/drop';
import * as outcomes from '../../libos/iface/stack';
import * as out from '../../libos/log/line';
import { putAddress } from '../../libos/http/peer';
import { isIpv4 } from '../../libos/wire/address';
import * as arp from '../../libos/wire/arp';
import * as ethernet from '../../libos/wire/ethernet';
import * as icmp from '../../libos/wire/icmp';
import * as ipv4 from '../../libos/wire/ipv4';
import * as tcp from '../../libos/wire/tcp';
import * as udp from '../../libos/wire/udp';

const ECHO: u32 = 7;
/** For an address in words. */
const text: usize = memory.data(40);

export function describe(stack: outcomes.Stack, frame: usize, size: u32): void {
  const packet = frame + ethernet.HEADER;
  switch (stack.outcome) {
    case outcomes.ARP_ANSWERED:
      out.text('arp: ');
      out.ipv4(arp.senderIp(packet));
      out.text(' asks who has ');
      out.ipv4(arp.targetIp(packet));
      out.line('; answered');
      break;
    case outcomes.ECHO_ANSWERED:
      out.text('icmp: echo request from ');
      sender(stack);
      if (isIpv4(stack.from)) describeEcho(packet);
      out.line('; answered');
      break;
    case outcomes.DELIVERED:
      describeTransport(stack, packet);
      break;
    case outcomes.NOTED:
      break;
    default:
      describeDrop(stack.dropped, frame, size);
  }
}

function sender(stack: outcomes.Stack): void {
  out.bytes(text, <u32>(putAddress(text, stack.from) - text));
}

function describeEcho(packet: usize): void {
  const message = packet + ipv4.headerSize(packet);
  out.text(', number ');
  out.number(icmp.sequence(message));
  out.text(', ');
  out.number(ipv4.totalSize(packet) - ipv4.headerSize(packet));
  out.text(' bytes');
}

/** Of IPv4 with its ports; where they are in an IPv6 packet depends on its extensions. */
function describeTransport(stack: outcomes.Stack, packet: usize): void {
  if (!isIpv4(stack.from)) {
    out.text('ipv6: a packet from ');
    sender(stack);
    return out.line('; taken');
  }
  const segment = packet + ipv4.headerSize(packet);
  const isUdp = ipv4.protocol(packet) == ipv4.UDP;
  const header = isUdp ? udp.HEADER : tcp.headerSize(segment);
  out.text(isUdp ? 'udp: ' : 'tcp: ');
  out.number(ipv4.totalSize(packet) - ipv4.headerSize(packet) - header);
  out.text(' bytes from ');
  sender(stack);
  out.text(' port ');
  out.number(udp.sourcePort(segment)); // at the same place in both
  out.line(isUdp && udp.destinationPort(segment) == ECHO ? '; sent back' : '; taken');
}

function describeDrop(reason: u32, frame: usize, size: u32): void {
  out.text('dropped: ');
  out.number(size);
  out.text(' bytes');
  if (size >= ethernet.HEADER) {
    out.text(' from ');
    out.mac(ethernet.source(frame));
    out.text(' type ');
    out.hex16(ethernet.type(frame));
  }
  out.text(': ');
  out.line(drop.reason(reason));
}
