// What is left to the host where the tender offers it: struct virtio_net_hdr before each frame (virtio 1.2, 5.1.6; 10 bytes, little endian).
// A train of TCP segments then crosses as one frame, and checksums that never meet a wire are not computed.

/** Bytes of the header. */
export const HEADER: u32 = 10;
/** Bytes an IP packet can have at the most, and of data in a train that surely stay below with all headers. */
export const PACKET_MAX: u32 = 65535;
export const TRAIN_MAX: u32 = 65000;

/** Flags: the checksum field only holds the pseudo-header's sum; the checksum was seen to be right. */
const NEEDS_CHECKSUM: u32 = 1;
const CHECKSUM_VALID: u32 = 2;
const TRAIN_IPV4: u32 = 1;
const TRAIN_IPV6: u32 = 4;

/** Whether the checksum of TCP or UDP in the frame behind `header` need not be verified: it comes from this host, or was verified. */
@inline
export function isVerified(header: usize): bool {
  return (load<u8>(header) & (NEEDS_CHECKSUM | CHECKSUM_VALID)) != 0;
}

/** Writes the header of a frame that is complete. */
@inline
export function writePlain(header: usize): void {
  store<u64>(header, 0);
  store<u16>(header, 0, 8);
}

/**
 * Writes the header of a frame whose checksum is left to the host.
 * @param transport where the TCP header begins in the frame, its checksum `field` bytes further
 * @param headers bytes of all headers
 * @param segment bytes of data in each segment of a train, 0 for a single one
 */
export function writePartial(
  header: usize,
  ipv6: bool,
  transport: u32,
  field: u32,
  headers: u32,
  segment: u32,
): void {
  store<u8>(header, NEEDS_CHECKSUM);
  store<u8>(header, segment == 0 ? 0 : ipv6 ? TRAIN_IPV6 : TRAIN_IPV4, 1);
  store<u16>(header, segment == 0 ? 0 : headers, 2);
  store<u16>(header, segment, 4);
  store<u16>(header, transport, 6);
  store<u16>(header, field, 8);
}
