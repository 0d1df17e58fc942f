// Addresses from what routers advertise (RFC 4862). The host's half comes from the MAC address (RFC 4291, appendix A): it is the same at
// every start and the operator can compute it beforehand, while an image keeps no secret from which stable opaque halves (RFC 7217)
// could be made. The MAC address of a tap is made up anyway, and says nothing about who uses it.
import * as address from '../wire/address';
import * as ndp from '../wire/ndp';
import { NEVER, SECOND } from '../time/duration';
import { add } from './ipv6-address';
import { hasPrefix } from './ipv6-route';
import { ADDRESSES, AUTOMATIC, Address, DEPRECATED, FREE, LINK_LOCAL, PREFERRED } from './ipv6-state';
import { Stack } from './stack';

/** Bits of a prefix from which addresses are made. */
const PREFIX: u32 = 64;
/** A lifetime is not made shorter than this at once, for anybody can forge an advertisement (RFC 4862, 5.5.3). */
const TWO_HOURS: u64 = 7200 * SECOND;

const made: usize = memory.data(16);

/** Begins with our link-local address. */
export function start(stack: Stack): void {
  store<u64>(made, 0x80fe);
  writeHost(stack);
  add(stack, made, PREFIX, LINK_LOCAL, NEVER, NEVER, 0);
}

/** Writes the host's half of our addresses behind the prefix. */
function writeHost(stack: Stack): void {
  store<u8>(made, load<u8>(stack.mac) ^ 2, 8);
  store<u16>(made, load<u16>(stack.mac, 1), 9);
  store<u16>(made, 0xfeff, 11);
  store<u8>(made, load<u8>(stack.mac, 3), 13);
  store<u16>(made, load<u16>(stack.mac, 4), 14);
}

/** Takes a prefix from which hosts may make addresses (RFC 4862, 5.5.3). */
export function advertised(stack: Stack, option: usize): void {
  const valid = ndp.validLifetime(option);
  const preferred = ndp.preferredLifetime(option);
  if (preferred > valid || ndp.prefixLength(option) != PREFIX) return;
  const preferredUntil = until(stack, preferred);
  const validUntil = until(stack, valid);
  for (let i: u32 = 0; i < ADDRESSES; i++) {
    const own = stack.ipv6.address(i);
    if (own.state != FREE && own.origin == AUTOMATIC && hasPrefix(own.bytes, ndp.prefix(option), PREFIX)) {
      return renew(stack, own, preferredUntil, validUntil);
    }
  }
  if (valid == 0) return;
  store<u64>(made, load<u64>(ndp.prefix(option)));
  writeHost(stack);
  if (stack.ipv6.find(made) != null) return; // the operator gave it already
  // What told all hosts at once must not make them all speak at once (RFC 4862, 5.4.2).
  const delay = stack.toMany ? <u64>stack.nextRandom() % SECOND : 0;
  add(stack, made, PREFIX, AUTOMATIC, preferredUntil, validUntil, delay);
}

function renew(stack: Stack, own: Address, preferredUntil: u64, validUntil: u64): void {
  const left = own.validUntil - stack.now;
  if (validUntil >= own.validUntil || validUntil - stack.now > TWO_HOURS) own.validUntil = validUntil;
  else if (left > TWO_HOURS) own.validUntil = stack.now + TWO_HOURS;
  own.preferredUntil = preferredUntil;
  if (own.state == DEPRECATED && preferredUntil > stack.now) own.state = PREFERRED;
  stack.ipv6.wake(stack.now); // for the moments have changed
}

/** The moment in so many seconds. */
function until(stack: Stack, seconds: u32): u64 {
  return seconds == ndp.INFINITE ? NEVER : stack.now + <u64>seconds * SECOND;
}
