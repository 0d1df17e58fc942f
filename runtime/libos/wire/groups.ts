// IPv6 multicast groups of a link (RFC 4291, 2.7.1).
import { copy } from './address';

export const ALL_NODES: usize = memory.data<u8>([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
export const ALL_ROUTERS: usize = memory.data<u8>([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
/** All routers that keep track of listeners (RFC 3810, 5.2.14). */
export const LISTENER_ROUTERS: usize = memory.data<u8>([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 22]);
/** Multicast DNS (RFC 6762, 3). */
export const MDNS: usize = memory.data<u8>([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb]);

const SOLICITED_NODE: usize = memory.data<u8>([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0]);

/** Writes the group of those who may have the address `host` to `to`: it ends as the address does. */
export function solicitedNode(to: usize, host: usize): void {
  copy(to, SOLICITED_NODE);
  store<u8>(to, load<u8>(host, 13), 13);
  store<u16>(to, load<u16>(host, 14), 14);
}

/** Whether `group` is the group of those who may have the address `host`. */
export function isSolicitedNode(group: usize, host: usize): bool {
  return (
    load<u64>(group) == load<u64>(SOLICITED_NODE) &&
    load<u32>(group, 8) == load<u32>(SOLICITED_NODE, 8) &&
    load<u8>(group, 12) == 0xff &&
    load<u8>(group, 13) == load<u8>(host, 13) &&
    load<u16>(group, 14) == load<u16>(host, 14)
  );
}
