// What an interface knows of IPv6.

@unmanaged
export class Ipv6 {
  /** The earliest moment at which ipv6.tick() has to be called. */
  deadline: u64 = u64.MAX_VALUE;
}
