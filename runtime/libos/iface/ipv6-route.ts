// Where packets go: to the host itself if it is on the link, else to a router (RFC 4861, 5.2; RFC 5942).
import * as address from '../wire/address';
import { INCOMPLETE } from './neighbours';
import { OPERATORS, PREFIXES, REDIRECTS, ROUTERS, Router } from './ipv6-state';
import { Stack } from './stack';

/** The neighbour, 16 bytes, that takes packets to `to`, which is no group; 0 if there is none. */
export function nextHop(stack: Stack, to: usize): usize {
  if (isOnLink(stack, to)) return to;
  const ipv6 = stack.ipv6;
  for (let i: u32 = 0; i < REDIRECTS; i++) {
    const redirect = ipv6.redirect(i);
    if (redirect.until > stack.now && address.same(changetype<usize>(redirect), to)) {
      return redirect.via;
    }
  }
  const router = defaultRouter(stack);
  return router == null ? 0 : changetype<usize>(router);
}

export function isOnLink(stack: Stack, to: usize): bool {
  if (address.isLinkLocal(to)) return true;
  for (let i: u32 = 0; i < PREFIXES; i++) {
    const prefix = stack.ipv6.prefix(i);
    if (prefix.until > stack.now && hasPrefix(to, changetype<usize>(prefix), prefix.length)) return true;
  }
  return false;
}

/** Whether the first `length` bits of both are the same. */
export function hasPrefix(a: usize, b: usize, length: u32): bool {
  const first = bswap<u64>(load<u64>(a) ^ load<u64>(b));
  if (length <= 64) return length == 0 || first >> (64 - length) == 0;
  const second = bswap<u64>(load<u64>(a, 8) ^ load<u64>(b, 8));
  return first == 0 && second >> (128 - length) == 0;
}

/**
 * The router for what is not on the link: one that is reachable before one that nobody asked for yet, that before one that does not
 * answer (RFC 4861, 6.3.6); among them the one with the highest preference (RFC 4191, 3.2).
 */
export function defaultRouter(stack: Stack): Router | null {
  let best: Router | null = null;
  let rank: i32 = -1;
  for (let i: u32 = 0; i < ROUTERS; i++) {
    const router = stack.ipv6.router(i);
    if (router.until <= stack.now) continue;
    const entry = stack.neighbours.find(changetype<usize>(router));
    const chosen = router.preference == OPERATORS; // and so it gets the time to answer
    if (chosen && entry != null) entry.kept = true;
    let reachable = 2;
    if (entry == null) reachable = chosen ? 2 : 1;
    else if (entry.state == INCOMPLETE) reachable = chosen && entry.tries <= 1 ? 2 : 0;
    const own = reachable * 4 + router.preference + 1;
    if (own > rank) {
      best = router;
      rank = own;
    }
  }
  return best;
}
