// Why a frame went no further. Every drop has one of these reasons; none is silent.

export const NONE: u32 = 0;
export const FRAME_SHORT: u32 = 1;
export const NOT_FOR_US: u32 = 2;
export const SENDER_GROUP: u32 = 3;
export const PROTOCOL: u32 = 4;
export const ARP_MALFORMED: u32 = 5;
export const ARP_UNASKED: u32 = 6;
export const IPV4_MALFORMED: u32 = 7;
export const FRAGMENT: u32 = 8;
export const SENDER: u32 = 9;
export const NO_ROUTE: u32 = 10;
export const ICMP_MALFORMED: u32 = 11;
export const ICMP_TYPE: u32 = 12;
export const UDP_MALFORMED: u32 = 13;
export const PORT: u32 = 14;
/** A broadcast frame may ask for an address, but nothing in one packet is for everybody here (RFC 1122, 3.3.6). */
export const LINK_BROADCAST: u32 = 15;

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
      return 'a fragment';
    case SENDER:
      return 'its sender cannot be answered';
    case NO_ROUTE:
      return 'from another network, and there is no gateway';
    case ICMP_MALFORMED:
      return 'malformed ICMP or wrong checksum';
    case ICMP_TYPE:
      return 'ICMP, but no echo request';
    case UDP_MALFORMED:
      return 'malformed UDP or wrong checksum';
    case PORT:
      return 'no service at this port';
    case LINK_BROADCAST:
      return 'IPv4 in a broadcast frame';
    default:
      return 'no reason';
  }
}
