// --ping: sends an echo request, each second until one is answered, and says how long that took.
import * as echo from '../../libos/iface/echo';
import * as errors from '../../libos/iface/errors';
import { Stack } from '../../libos/iface/stack';
import * as out from '../../libos/log/line';
import { SECOND } from '../../libos/time/duration';
import * as address from '../../libos/wire/address';
import { get32 } from '../../libos/wire/bytes';
import * as icmpv6 from '../../libos/wire/ipv6';
import * as icmp from '../../libos/wire/ipv4';
import { Errand, milliseconds } from './errand';
import { Options } from './options';
import { Target } from './target';

/** Bytes of data, as ping(8) sends. */
const SIZE: u32 = 56;

let current: Ping | null = null;
/** Whom errors of the network are handed on to: TCP. */
let others: u32 = 0;

export class Ping extends Errand {
  /** Identifier and number of the request that is under way. */
  private id: u32;
  private sentAt: u64 = 0;

  constructor(target: Target, stack: Stack, options: Options, source: u32) {
    super('ping', target, stack, options, source);
    this.id = stack.nextRandom() << 16;
    current = this;
    stack.echoed = echoed.index;
    others = stack.notify;
    stack.notify = notified.index;
  }

  attempt(to: usize): void {
    this.sentAt = this.stack.now;
    const data = echo.data(this.stack, to);
    for (let i: u32 = 0; i < SIZE; i++) store<u8>(data + i, i);
    this.id = (this.id & 0xffff0000) | ((this.id + 1) & 0xffff);
    echo.send(this.stack, to, this.id, SIZE);
  }

  /** One request may get lost, the first above all, as long as who it is for does not know us or its own address yet. */
  remind(to: usize): void {
    if (this.stack.now - this.sentAt >= SECOND) this.attempt(to);
  }

  /** Whether the packet between us and `peer` with `id` belongs to the request that is under way. */
  isMine(peer: usize, id: u32): bool {
    const asked = this.current;
    return asked != 0 && id == this.id && address.same(asked, peer);
  }

  answered(): void {
    if (this.success()) {
      out.text('answered in ');
      milliseconds(this.stack.now - this.sentAt);
      out.end();
    }
    this.ended();
  }
}

function echoed(stack: Stack, id: u32, data: usize, size: u32): void {
  const ping = current!;
  if (size == SIZE && ping.isMine(stack.from, id)) ping.answered();
}

/** An ICMP error, perhaps about a request: its header is quoted. */
function notified(stack: Stack, protocol: u32, kind: u32, value: u32, quoted: usize): void {
  const ping = current!;
  const isIcmp = protocol == (address.isIpv4(stack.to) ? icmp.ICMP : icmpv6.ICMP);
  if (!isIcmp) return call_indirect<void>(others, stack, protocol, kind, value, quoted);
  if (kind != errors.TOO_BIG && ping.isMine(stack.to, get32(quoted + 4))) ping.failure('cannot be reached, says the network');
}
