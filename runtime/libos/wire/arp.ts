// ARP for IPv4 over Ethernet (RFC 826).
import { get16, get32, put16, put32 } from './bytes';
import { MAC } from './ethernet';

/** Bytes of a packet; frames are padded to more. */
export const SIZE: u32 = 28;

const HARDWARE_ETHERNET: u32 = 1;
const PROTOCOL_IPV4: u32 = 0x0800;

export const REQUEST: u32 = 1;
export const REPLY: u32 = 2;

/** Whether `size` bytes at `packet` are one for IPv4 over Ethernet. */
export function isValid(packet: usize, size: u32): bool {
  return (
    size >= SIZE &&
    get16(packet) == HARDWARE_ETHERNET &&
    get16(packet + 2) == PROTOCOL_IPV4 &&
    load<u8>(packet, 4) == MAC &&
    load<u8>(packet, 5) == 4
  );
}

@inline
export function operation(packet: usize): u32 {
  return get16(packet + 6);
}

@inline
export function senderMac(packet: usize): usize {
  return packet + 8;
}

@inline
export function senderIp(packet: usize): u32 {
  return get32(packet + 14);
}

@inline
export function targetIp(packet: usize): u32 {
  return get32(packet + 24);
}

/** Writes a reply that says `ip` is at `mac`, to whoever sent `request`. */
export function writeReply(packet: usize, request: usize, mac: usize, ip: u32): void {
  put16(packet, HARDWARE_ETHERNET);
  put16(packet + 2, PROTOCOL_IPV4);
  store<u8>(packet, MAC, 4);
  store<u8>(packet, 4, 5);
  put16(packet + 6, REPLY);
  memory.copy(packet + 8, mac, MAC);
  put32(packet + 14, ip);
  memory.copy(packet + 18, senderMac(request), MAC);
  put32(packet + 24, senderIp(request));
}
