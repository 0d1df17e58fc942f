// ARP for IPv4 over Ethernet (RFC 826).
import { get16, get32, put16, put32 } from './bytes';
import { copyMac, MAC } from './ethernet';

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
export function targetMac(packet: usize): usize {
  return packet + 18;
}

@inline
export function targetIp(packet: usize): u32 {
  return get32(packet + 24);
}

/** Writes a packet. `to` is a MAC address, 0 where it is not known yet. */
export function write(packet: usize, operation: u32, mac: usize, ip: u32, to: usize, target: u32): void {
  put16(packet, HARDWARE_ETHERNET);
  put16(packet + 2, PROTOCOL_IPV4);
  store<u8>(packet, MAC, 4);
  store<u8>(packet, 4, 5);
  put16(packet + 6, operation);
  copyMac(senderMac(packet), mac);
  put32(packet + 14, ip);
  if (to == 0) memory.fill(targetMac(packet), 0, MAC);
  else copyMac(targetMac(packet), to);
  put32(packet + 24, target);
}
