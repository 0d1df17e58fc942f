// Why a frame went no further. Every drop has one of these reasons and is counted under it; none is silent.

export const NONE: u32 = 0;
export const FRAME_SHORT: u32 = 1;
export const NOT_FOR_US: u32 = 2;
export const SENDER_GROUP: u32 = 3;
export const PROTOCOL: u32 = 4;
export const ARP_MALFORMED: u32 = 5;
export const ARP_UNASKED: u32 = 6;
export const IPV4_MALFORMED: u32 = 7;
/** A piece of a packet that cannot be put together. */
export const FRAGMENT: u32 = 8;
export const SENDER: u32 = 9;
export const NO_ROUTE: u32 = 10;
export const ICMP_MALFORMED: u32 = 11;
export const ICMP_TYPE: u32 = 12;
export const UDP_MALFORMED: u32 = 13;
export const PORT: u32 = 14;
/** What is sent to many is never answered by an error, and only a service that asked for it gets it (RFC 1122, 3.3.6). */
export const LINK_BROADCAST: u32 = 15;
export const VLAN: u32 = 16;
export const NEIGHBOURS_FULL: u32 = 17;
export const NEIGHBOUR_SILENT: u32 = 18;
export const IPV6_MALFORMED: u32 = 19;
export const IPV6_HEADER: u32 = 20;
export const ICMPV6_MALFORMED: u32 = 21;
export const ICMPV6_TYPE: u32 = 22;
export const NDP_MALFORMED: u32 = 23;
export const FRAGMENTS_FULL: u32 = 24;
export const FRAGMENT_LATE: u32 = 25;
export const TOO_BIG: u32 = 26;
export const TCP_MALFORMED: u32 = 27;
/** No connection and no listener wants the segment. */
export const TCP_PORT: u32 = 28;
/** Outside the window (RFC 9293, 3.10.7.4). */
export const TCP_WINDOW: u32 = 29;
/** A stale timestamp (RFC 7323, 5). */
export const TCP_PAWS: u32 = 30;
/** A RST or SYN that cannot be told from an attack (RFC 5961). */
export const TCP_CHALLENGED: u32 = 31;
/** An acknowledgment of what was never sent. */
export const TCP_ACK: u32 = 32;
export const TCP_COOKIE: u32 = 33;
export const TCP_FULL: u32 = 34;
/** Data that came out of order and found no room. */
export const TCP_OUT_OF_ORDER: u32 = 35;
/** Data, or one more end, behind the end of the peer's stream (RFC 9293, 3.10.7.4, seventh and eighth). */
export const TCP_CLOSED: u32 = 36;

/** How many reasons there are, NONE among them. */
export const REASONS: u32 = 37;

/** The reason in words. */
export function reason(code: u32): string {
  switch (code) {
    case FRAME_SHORT:
      return 'shorter than an Ethernet header';
    case NOT_FOR_US:
      return 'not for this address';
    case SENDER_GROUP:
      return 'its sender is a group address';
    case PROTOCOL:
      return 'a protocol this image does not speak';
    case ARP_MALFORMED:
      return 'malformed ARP';
    case ARP_UNASKED:
      return 'an ARP reply nobody asked for';
    case IPV4_MALFORMED:
      return 'malformed IPv4 header or wrong checksum';
    case FRAGMENT:
      return 'a fragment that fits no packet';
    case SENDER:
      return 'its sender cannot be answered';
    case NO_ROUTE:
      return 'from another network, and there is no gateway';
    case ICMP_MALFORMED:
      return 'malformed ICMP or wrong checksum';
    case ICMP_TYPE:
      return 'ICMP, but no echo request and no error';
    case UDP_MALFORMED:
      return 'malformed UDP or wrong checksum';
    case PORT:
      return 'no service at this port';
    case LINK_BROADCAST:
      return 'sent to many, and no service wants it';
    case VLAN:
      return 'of another VLAN';
    case NEIGHBOURS_FULL:
      return 'no room for one more neighbour';
    case NEIGHBOUR_SILENT:
      return 'its neighbour does not answer';
    case IPV6_MALFORMED:
      return 'malformed IPv6 header';
    case IPV6_HEADER:
      return 'an IPv6 extension header that is malformed or unknown';
    case ICMPV6_MALFORMED:
      return 'malformed ICMPv6 or wrong checksum';
    case ICMPV6_TYPE:
      return 'ICMPv6 of a type this image does not use';
    case NDP_MALFORMED:
      return 'malformed or forged neighbour discovery';
    case FRAGMENTS_FULL:
      return 'a fragment, and no room for one more packet in pieces';
    case FRAGMENT_LATE:
      return 'a packet whose last pieces never came';
    case TOO_BIG:
      return 'larger than its path can carry';
    case TCP_MALFORMED:
      return 'malformed TCP or wrong checksum';
    case TCP_PORT:
      return 'TCP, and no connection there';
    case TCP_WINDOW:
      return 'TCP outside the window';
    case TCP_PAWS:
      return 'TCP with an old timestamp';
    case TCP_CHALLENGED:
      return 'TCP that might be forged; challenged';
    case TCP_ACK:
      return 'TCP that acknowledges what was never sent';
    case TCP_COOKIE:
      return 'TCP with a wrong or old SYN cookie';
    case TCP_FULL:
      return 'TCP, and no room for one more connection';
    case TCP_OUT_OF_ORDER:
      return 'TCP out of order, and no room to keep it';
    case TCP_CLOSED:
      return 'TCP data behind the end of its stream';
    default:
      return 'no reason';
  }
}

/** The reason as metrics call it: lower case, words joined by underscores. */
export function label(code: u32): string {
  switch (code) {
    case FRAME_SHORT:
      return 'frame_short';
    case NOT_FOR_US:
      return 'not_for_us';
    case SENDER_GROUP:
      return 'sender_group';
    case PROTOCOL:
      return 'protocol';
    case ARP_MALFORMED:
      return 'arp_malformed';
    case ARP_UNASKED:
      return 'arp_unasked';
    case IPV4_MALFORMED:
      return 'ipv4_malformed';
    case FRAGMENT:
      return 'fragment';
    case SENDER:
      return 'sender';
    case NO_ROUTE:
      return 'no_route';
    case ICMP_MALFORMED:
      return 'icmp_malformed';
    case ICMP_TYPE:
      return 'icmp_type';
    case UDP_MALFORMED:
      return 'udp_malformed';
    case PORT:
      return 'port';
    case LINK_BROADCAST:
      return 'broadcast';
    case VLAN:
      return 'vlan';
    case NEIGHBOURS_FULL:
      return 'neighbours_full';
    case NEIGHBOUR_SILENT:
      return 'neighbour_silent';
    case IPV6_MALFORMED:
      return 'ipv6_malformed';
    case IPV6_HEADER:
      return 'ipv6_header';
    case ICMPV6_MALFORMED:
      return 'icmpv6_malformed';
    case ICMPV6_TYPE:
      return 'icmpv6_type';
    case NDP_MALFORMED:
      return 'ndp_malformed';
    case FRAGMENTS_FULL:
      return 'fragments_full';
    case FRAGMENT_LATE:
      return 'fragment_late';
    case TOO_BIG:
      return 'too_big';
    case TCP_MALFORMED:
      return 'tcp_malformed';
    case TCP_PORT:
      return 'tcp_port';
    case TCP_WINDOW:
      return 'tcp_window';
    case TCP_PAWS:
      return 'tcp_paws';
    case TCP_CHALLENGED:
      return 'tcp_challenged';
    case TCP_ACK:
      return 'tcp_ack';
    case TCP_COOKIE:
      return 'tcp_cookie';
    case TCP_FULL:
      return 'tcp_full';
    case TCP_OUT_OF_ORDER:
      return 'tcp_out_of_order';
    case TCP_CLOSED:
      return 'tcp_closed';
    default:
      return 'none';
  }
}
