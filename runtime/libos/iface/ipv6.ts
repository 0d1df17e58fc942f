// IPv6 (RFC 8200) on an interface.
import * as drop from './drop';
import { Stack } from './stack';

/** Takes the `size` bytes at `packet`, the payload of `frame`. */
export function receive(stack: Stack, frame: usize, packet: usize, size: u32): void {
  stack.drop(drop.PROTOCOL);
}

/** Whether `to`, 16 bytes, is an address of ours that may be used. */
export function isOurs(stack: Stack, to: usize): bool {
  return false;
}

/** Writes the address to send from to `to` (RFC 6724) to `chosen`; false if there is none. */
export function sourceFor(stack: Stack, to: usize, chosen: usize): bool {
  return false;
}

/**
 * Sends the `size` bytes that stand behind a header's room at stack.packet, from one of our addresses.
 * @returns false if there is no route, or nothing larger than the path's MTU can be sent
 */
export function send(stack: Stack, from: usize, to: usize, protocol: u32, size: u32): bool {
  return false;
}

/** Does what is due. */
export function tick(stack: Stack): void {}
