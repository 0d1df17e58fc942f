// An IPv4 address with the length of its network's prefix, as 10.0.0.2/24 (RFC 4632).

export class Cidr {
  /**
   * @param address in host order
   * @param prefix 1 to 32
   */
  constructor(
    readonly address: u32,
    readonly prefix: u32,
  ) {}

  /** The network's mask. */
  get mask(): u32 {
    return 0xffffffff << (32 - this.prefix);
  }

  /** Whether `other` is in the same network. */
  contains(other: u32): bool {
    return ((this.address ^ other) & this.mask) == 0;
  }

  /** Whether `other` can be one host's in this network: not the network itself, not its broadcast (RFC 1122, 3.2.1.3). */
  hasHost(other: u32): bool {
    if (!this.contains(other)) return false;
    if (this.prefix >= 31) return true; // two hosts and nothing else (RFC 3021), or one
    const host = other & ~this.mask;
    return host != 0 && host != ~this.mask;
  }
}
