// ICMPv6 errors we send (RFC 4443, 2.4): about the packet that arrived, within what may be sent.
import * as address from '../wire/address';
import * as icmpv6 from '../wire/icmpv6';
import * as ipv6 from '../wire/ipv6';
import { CUT, typeOfUpper, upper } from './ipv6-headers';
import { isOurs } from './ipv6-address';
import { send } from './ipv6-output';
import { sourceFor } from './ipv6-source';
import { Stack } from './stack';

/** Codes of unreachable(). */
export const NO_PORT: u32 = icmpv6.PORT_UNREACHABLE;

/** As much of the packet as an error can hold that every link takes. */
const QUOTE_MAX: u32 = ipv6.MINIMUM_MTU - ipv6.HEADER - icmpv6.HEADER;

const ours: usize = memory.data(16);
const theirs: usize = memory.data(16);

/** Tells the sender of the packet that arrived that it cannot be delivered. */
export function unreachable(stack: Stack, code: u32): void {
  report(stack, icmpv6.UNREACHABLE, code, 0, false);
}

/** Tells the sender of the packet that arrived which of its bytes was not understood; `toMany`: even if it was sent to many. */
export function parameterProblem(stack: Stack, code: u32, pointer: u32, toMany: bool): void {
  report(stack, icmpv6.PARAMETER_PROBLEM, code, pointer, toMany);
}

/** Tells the sender of the packet, of which `size` bytes are at stack.arrived, that its other pieces never came. */
export function piecesMissing(stack: Stack): void {
  report(stack, icmpv6.TIME_EXCEEDED, icmpv6.REASSEMBLY, 0, false);
}

function report(stack: Stack, type: u32, code: u32, value: u32, toMany: bool): void {
  const packet = stack.arrived;
  const size = stack.arrivedSize;
  address.copy(theirs, ipv6.source(packet));
  if ((stack.toMany && !toMany) || !isOneHost(theirs) || isAnswer(packet, size) || !stack.mayReport()) return;
  address.copy(ours, ipv6.destination(packet));
  if (!isOurs(stack, ours) && !sourceFor(stack, theirs, ours)) return;
  const message = stack.packet + ipv6.HEADER;
  const quoted = min(size, QUOTE_MAX);
  memory.copy(message + icmpv6.HEADER, packet, quoted);
  icmpv6.write(message, type, code, value);
  icmpv6.seal(message, icmpv6.HEADER + quoted, ours, theirs);
  send(stack, ours, theirs, ipv6.ICMP, icmpv6.HEADER + quoted);
}

/** Whether it is the address of one host that can be answered. */
export function isOneHost(host: usize): bool {
  return !address.isMulticast(host) && !address.isUnspecified(host);
}

/** Whether the packet is an error itself, or a redirect: they are never answered by an error. */
function isAnswer(packet: usize, size: u32): bool {
  const at = upper(packet, ipv6.next(packet), ipv6.HEADER, size);
  if (at == CUT || typeOfUpper() != ipv6.ICMP || at >= size) return false;
  const type = icmpv6.type(packet + at);
  return icmpv6.isError(type) || type == icmpv6.REDIRECT;
}
