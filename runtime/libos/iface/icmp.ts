// ICMP for IPv4 on an interface (RFC 792, RFC 1122 3.2.2): echo, errors that come, errors we send.
import * as address from '../wire/address';
import * as icmp from '../wire/icmp';
import * as ipv4 from '../wire/ipv4';
import * as drop from './drop';
import * as errors from './errors';
import { hasRoute, send } from './ipv4';
import { sendPieces } from './pieces';
import { ECHO_ANSWERED, NOTED, Stack } from './stack';

/** Codes of unreachable(). */
export const NO_PROTOCOL: u32 = icmp.PROTOCOL_UNREACHABLE;
export const NO_PORT: u32 = icmp.PORT_UNREACHABLE;

/** Bytes of the answer to what cannot be answered: the header and 8 bytes at least, and no more than fit into 576 (RFC 1812, 4.3.2.3). */
const QUOTE_MAX: u32 = 576 - ipv4.HEADER - icmp.HEADER;
/** No IPv4 path is narrower than this (RFC 791); a message that says so would only slow us down (RFC 1191, 3). */
const MTU_MIN: u32 = 552;

/** Takes the `size` bytes at `message`. */
export function receive(stack: Stack, message: usize, size: u32): void {
  if (!icmp.isValid(message, size)) return stack.drop(drop.ICMP_MALFORMED);
  const type = icmp.type(message);
  if (type == icmp.ECHO_REQUEST && icmp.code(message) == 0) return answerEcho(stack, message, size);
  if (type == icmp.ECHO_REPLY && stack.echoed != 0 && !stack.toMany) {
    stack.outcome = NOTED;
    return call_indirect<void>(stack.echoed, stack, icmp.id(message), message + icmp.HEADER, size - icmp.HEADER);
  }
  if (type == icmp.UNREACHABLE || type == icmp.TIME_EXCEEDED) return receiveError(stack, message, size);
  stack.drop(drop.ICMP_TYPE);
}

function answerEcho(stack: Stack, message: usize, size: u32): void {
  if (stack.toMany) return stack.drop(drop.LINK_BROADCAST); // RFC 1122, 3.2.2.6 allows silence
  const from = address.ipv4(stack.from);
  if (!hasRoute(stack, from)) return stack.drop(drop.NO_ROUTE);
  let sent = false;
  if (ipv4.HEADER + size > stack.ipv4Mtu) {
    icmp.writeReply(message, message, size); // in place: the request is looked at no more
    sent = sendPieces(stack, stack.to, stack.from, ipv4.ICMP, message, size);
  } else {
    icmp.writeReply(stack.packet + ipv4.HEADER, message, size);
    sent = send(stack, stack.address, from, ipv4.ICMP, size);
  }
  if (sent) stack.outcome = ECHO_ANSWERED;
}

/** An error about a packet of ours, which it quotes. */
function receiveError(stack: Stack, message: usize, size: u32): void {
  const quoted = message + icmp.HEADER;
  const room = size - icmp.HEADER;
  if (room < ipv4.HEADER) return stack.drop(drop.ICMP_MALFORMED);
  const header = ipv4.headerSize(quoted);
  if (load<u8>(quoted) >> 4 != 4 || header < ipv4.HEADER || room < header + 8) return stack.drop(drop.ICMP_MALFORMED);
  if (ipv4.source(quoted) != stack.address) return stack.drop(drop.ICMP_MALFORMED);
  stack.outcome = NOTED;
  const code = icmp.code(message);
  let kind = errors.UNREACHABLE;
  let value: u32 = 0;
  if (icmp.type(message) == icmp.UNREACHABLE && code == icmp.FRAGMENTATION_NEEDED) {
    kind = errors.TOO_BIG;
    const told = icmp.nextMtu(message);
    // A router older than RFC 1191 does not say: take three quarters.
    value = max(MTU_MIN, told != 0 ? told : (ipv4.totalSize(quoted) / 4) * 3);
    if (value >= stack.mtu) return;
  } else if (icmp.type(message) == icmp.UNREACHABLE && (code == NO_PROTOCOL || code == NO_PORT)) kind = errors.REFUSED;
  address.setIpv4(stack.from, ipv4.source(quoted));
  address.setIpv4(stack.to, ipv4.destination(quoted));
  if (stack.notify != 0) {
    call_indirect<void>(stack.notify, stack, <u32>ipv4.protocol(quoted), kind, value, quoted + header);
  }
}

/** Answers the packet that arrived with "unreachable", unless it may not be answered (RFC 1122, 3.2.2) or too much was today. */
export function unreachable(stack: Stack, code: u32): void {
  report(stack, icmp.UNREACHABLE, code);
}

/** Tells the sender of the piece at stack.arrived that others never came. */
export function piecesMissing(stack: Stack): void {
  report(stack, icmp.TIME_EXCEEDED, icmp.REASSEMBLY);
}

function report(stack: Stack, type: u32, code: u32): void {
  const packet = stack.arrived;
  if (stack.toMany || address.ipv4(stack.from) == 0 || ipv4.fragmentOffset(packet) != 0 || !stack.mayReport()) return;
  const quoted = min(stack.arrivedSize, QUOTE_MAX);
  const message = stack.packet + ipv4.HEADER;
  memory.copy(message + icmp.HEADER, packet, quoted);
  icmp.writeError(message, type, code, quoted);
  send(stack, stack.address, address.ipv4(stack.from), ipv4.ICMP, icmp.HEADER + quoted);
}
