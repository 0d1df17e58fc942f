// ICMPv6 on an interface (RFC 4443): echo, and errors about packets of ours. The errors we send are in icmpv6-errors.ts.
import * as address from '../wire/address';
import * as icmpv6 from '../wire/icmpv6';
import * as ipv6 from '../wire/ipv6';
import * as drop from './drop';
import * as errors from './errors';
import { isOneHost } from './icmpv6-errors';
import { isOurs } from './ipv6-address';
import { CUT, typeOfUpper, upper } from './ipv6-headers';
import { datagramMtu, send } from './ipv6-output';
import { sourceFor } from './ipv6-source';
import * as mld from './mld';
import * as ndp from './ndp';
import { sendPieces } from './pieces';
import { ECHO_ANSWERED, NOTED, Stack } from './stack';

export { NO_PORT, unreachable } from './icmpv6-errors';

const ours: usize = memory.data(16);
const theirs: usize = memory.data(16);

/** Takes the `size` bytes at `message`, in the packet that arrived. */
export function receive(stack: Stack, message: usize, size: u32): void {
  if (!icmpv6.isValid(message, size, stack.from, stack.to)) return stack.drop(drop.ICMPV6_MALFORMED);
  const type = icmpv6.type(message);
  if (ndp.isNdp(type)) return ndp.receive(stack, message, size);
  // Only neighbour discovery speaks of an address we do not have yet, or another host has too.
  if (isOurs(stack, stack.from)) return stack.drop(drop.SENDER);
  if (type == icmpv6.LISTENER_QUERY) return mld.queried(stack, message, size);
  if (type == icmpv6.ECHO_REQUEST) return answerEcho(stack, message, size);
  if (type == icmpv6.ECHO_REPLY && stack.echoed != 0 && size >= icmpv6.HEADER) {
    stack.outcome = NOTED;
    return call_indirect<void>(stack.echoed, stack, icmpv6.value(message), message + icmpv6.HEADER, size - icmpv6.HEADER);
  }
  if (type >= icmpv6.UNREACHABLE && type <= icmpv6.PARAMETER_PROBLEM) return receiveError(stack, message, size);
  stack.drop(drop.ICMPV6_TYPE);
}

/** Answers from the address that was asked, or if that is a group, from one of ours (RFC 4443, 4.2). */
function answerEcho(stack: Stack, message: usize, size: u32): void {
  if (size < icmpv6.HEADER) return stack.drop(drop.ICMPV6_MALFORMED);
  if (!isOneHost(stack.from)) return stack.drop(drop.SENDER);
  address.copy(theirs, stack.from);
  address.copy(ours, stack.to);
  if (address.isMulticast(ours) && !sourceFor(stack, theirs, ours)) return stack.drop(drop.NO_ROUTE);
  // In place: the request is looked at no more.
  store<u16>(message, <u16>icmpv6.ECHO_REPLY);
  icmpv6.seal(message, size, ours, theirs);
  let sent = false;
  if (ipv6.HEADER + size > datagramMtu(stack, theirs)) sent = sendPieces(stack, ours, theirs, ipv6.ICMP, message, size);
  else {
    memory.copy(stack.packet + ipv6.HEADER, message, size);
    sent = send(stack, ours, theirs, ipv6.ICMP, size);
  }
  if (sent) stack.outcome = ECHO_ANSWERED;
}

/** An error about a packet of ours, which it quotes. */
function receiveError(stack: Stack, message: usize, size: u32): void {
  if (size < icmpv6.HEADER + ipv6.HEADER) return stack.drop(drop.ICMPV6_MALFORMED);
  const quoted = message + icmpv6.HEADER;
  const room = size - icmpv6.HEADER;
  if (load<u8>(quoted) >> 4 != 6 || !isOurs(stack, ipv6.source(quoted))) return stack.drop(drop.ICMPV6_MALFORMED);
  const at = upper(quoted, ipv6.next(quoted), ipv6.HEADER, room);
  if (at == CUT || at + 8 > room) return stack.drop(drop.ICMPV6_MALFORMED);
  stack.outcome = NOTED;
  const type = icmpv6.type(message);
  let kind = errors.UNREACHABLE;
  let value: u32 = 0;
  address.copy(stack.from, ipv6.source(quoted));
  address.copy(stack.to, ipv6.destination(quoted));
  if (type == icmpv6.TOO_BIG) {
    kind = errors.TOO_BIG;
    value = icmpv6.value(message);
    // No path is narrower than that (RFC 8201, 4).
    if (value < ipv6.MINIMUM_MTU) return stack.drop(drop.ICMPV6_MALFORMED);
    // A segment is TCP's, which knows whether it was sent; nothing is known of other packets any more.
    if (typeOfUpper() != ipv6.TCP) return stack.unproven.lower(stack.to, value, stack.now);
  } else if (isRefusal(type, icmpv6.code(message))) kind = errors.REFUSED;
  if (stack.notify != 0) call_indirect<void>(stack.notify, stack, typeOfUpper(), kind, value, quoted + at);
}

/** Whether the host itself does not want the packet: nobody at the port, or it does not know the protocol. */
function isRefusal(type: u32, code: u32): bool {
  if (type == icmpv6.UNREACHABLE) return code == icmpv6.PORT_UNREACHABLE;
  return type == icmpv6.PARAMETER_PROBLEM && code == icmpv6.UNKNOWN_NEXT_HEADER;
}
