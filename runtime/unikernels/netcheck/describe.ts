// One line about a frame and what became of it, for -l debug.
import * as drop from '../../libos/iface/drop';
import * as outcomes from '../../libos/iface/stack';
import * as out from '../../libos/log/line';
import * as arp from '../../libos/wire/arp';
import * as ethernet from '../../libos/wire/ethernet';
import * as icmp from '../../libos/wire/icmp';
import * as ipv4 from '../../libos/wire/ipv4';
import * as udp from '../../libos/wire/udp';

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
      describeEcho(packet);
      break;
    case outcomes.DELIVERED:
      describeUdp(packet);
      break;
    case outcomes.NOTED:
      break;
    default:
      describeDrop(stack.dropped, frame, size);
  }
}

function describeEcho(packet: usize): void {
  const message = packet + ipv4.headerSize(packet);
  out.text('icmp: echo request from ');
  out.ipv4(ipv4.source(packet));
  out.text(', number ');
  out.number(icmp.sequence(message));
  out.text(', ');
  out.number(ipv4.totalSize(packet) - ipv4.headerSize(packet));
  out.line(' bytes; answered');
}

function describeUdp(packet: usize): void {
  const segment = packet + ipv4.headerSize(packet);
  out.text('udp: ');
  out.number(udp.length(segment) - udp.HEADER);
  out.text(' bytes from ');
  out.ipv4(ipv4.source(packet));
  out.text(' port ');
  out.number(udp.sourcePort(segment));
  out.line('; sent back');
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
