// Something netcheck does of its own accord, as often as it is asked to: finds the addresses of a host, tries those that can be reached one
// after the other, and says what came of it. What is done with an address is its kind's: call.ts, ping.ts.
import { FOUND } from '../../libos/dns/status';
import { ADDRESSES } from '../../libos/dns/cache';
import { putAddress } from '../../libos/http/peer';
import * as ip from '../../libos/iface/ip';
import { Stack } from '../../libos/iface/stack';
import * as level from '../../libos/log/level';
import * as out from '../../libos/log/line';
import * as logger from '../../libos/log/logger';
import * as dns from '../../libos/shell/dns';
import { MILLISECOND, NEVER, SECOND } from '../../libos/time/duration';
import * as address from '../../libos/wire/address';
import { Options } from './options';
import { Target } from './target';

/** Nothing to do yet; its address is asked for; it waits for a way there; an answer is awaited; the next time comes; over. */
const IDLE: u32 = 0;
const LOOKING: u32 = 1;
const WAITING: u32 = 2;
const UNDER_WAY: u32 = 3;
const PAUSING: u32 = 4;
const OVER: u32 = 5;

/** How often it is looked whether there is a way, or a DNS server, by now, and what TCP's events, which come after a turn, have changed. */
const LOOK: u64 = 50 * MILLISECOND;
const PAUSE: u64 = SECOND;
/** What a host may have of addresses: of both families. */
const ROOM: u32 = 2 * ADDRESSES;

/** For an address in words. */
const words: usize = memory.data(40);

export class Errand {
  private state: u32 = IDLE;
  private addresses: usize = heap.alloc(ROOM * address.SIZE);
  private count: u32 = 0;
  /** The addresses that were tried this time, as bits, and the one that is being tried. */
  private tried: u32 = 0;
  private index: u32 = 0;
  private lookup: dns.Lookup | null = null;
  /** When what is awaited is given up. */
  private due: u64 = NEVER;
  private left: u32;
  /** When the address began to be tried. */
  began: u64 = 0;
  failed: bool = false;

  constructor(
    readonly verb: string,
    readonly target: Target,
    readonly stack: Stack,
    private options: Options,
    private source: u32,
  ) {
    this.left = options.count;
  }

  /** Tries the address. */
  attempt(to: usize): void {}

  /** Does what is due while an answer is awaited. */
  remind(to: usize): void {}

  /** Gives the address up that is being tried. */
  abandon(): void {}

  get isOver(): bool {
    return this.state == OVER;
  }

  /** The address that is being tried; 0 while none is. */
  get current(): usize {
    return this.state == UNDER_WAY ? this.addresses + this.index * address.SIZE : 0;
  }

  /** Begins, when there is an address for the first time. */
  begin(): void {
    if (this.state == IDLE) this.next();
  }

  private next(): void {
    this.tried = 0;
    this.due = this.stack.now + this.options.timeout;
    this.state = this.count != 0 ? WAITING : LOOKING;
  }

  /** Does what is due; the moment at which it wants to be called again. */
  turn(): u64 {
    const now = this.stack.now;
    if (this.state == PAUSING && now >= this.due) this.next();
    if (this.state == LOOKING) this.look();
    if (this.state == WAITING) this.choose();
    if (this.state == UNDER_WAY && now >= this.due) {
      this.abandon();
      this.failure(this.silence());
    } else if (this.state == UNDER_WAY) this.remind(this.current);
    if (this.state == IDLE || this.state == OVER) return NEVER;
    return min(this.due, now + LOOK);
  }

  /** Asks for the addresses, and takes them when they are there. */
  private look(): void {
    const given = this.target.address;
    if (given != 0) {
      address.copy(this.addresses, given);
      this.count = 1;
      this.state = WAITING;
      return;
    }
    if (this.lookup == null) {
      const host = String.UTF8.encode(this.target.host);
      this.lookup = dns.lookUp(changetype<usize>(host), <u32>host.byteLength);
    }
    const lookup = this.lookup;
    if (lookup == null) {
      if (this.stack.now >= this.due) this.failure('no DNS server is in reach; give one with --dns, or use --dhcp');
      return;
    }
    if (lookup.pending && this.stack.now < this.due) return;
    if (lookup.ipv6.status == FOUND) this.keep(lookup.ipv6.addresses, lookup.ipv6.count);
    if (lookup.ipv4.status == FOUND) this.keep(lookup.ipv4.addresses, lookup.ipv4.count);
    if (this.count != 0) this.state = WAITING;
    else this.failure(lookup.pending ? 'no DNS server answers in time' : lookup.reason);
    dns.release(lookup);
    this.lookup = null;
  }

  private keep(from: usize, count: u32): void {
    memory.copy(this.addresses + this.count * address.SIZE, from, count * address.SIZE);
    this.count += count;
  }

  /** The first address that was not tried yet and that there is a way to; -1 if there is none. */
  private find(): i32 {
    for (let i: u32 = 0; i < this.count; i++) {
      if (!(this.tried & (1 << i)) && ip.isReachable(this.stack, this.addresses + i * address.SIZE)) return i;
    }
    return -1;
  }

  private choose(): void {
    const found = this.find();
    if (found >= 0) {
      this.index = found;
      this.state = UNDER_WAY;
      this.began = this.stack.now;
      this.due = this.began + this.options.timeout;
      this.attempt(this.current);
    } else if (this.stack.now >= this.due) {
      this.failure('no way there; is a gateway missing, or an address of its version of IP?');
    }
  }

  /** Why nothing came. */
  private silence(): string {
    const to = this.current;
    if (ip.isKnown(this.stack, to)) return 'no answer in time';
    return address.isIpv4(to) ? 'nobody answers ARP for it or its gateway' : 'nobody answers neighbour discovery for it or its router';
  }

  /** Begins a line about it; false, and nothing is begun, if it is not wanted. */
  private says(severity: u32): bool {
    if (!logger.wants(this.source, severity)) return false;
    out.text('netcheck: ' + this.verb + ' ' + this.target.host);
    if (this.current != 0 && this.target.address == 0) {
      out.text(' (');
      out.bytes(words, <u32>(putAddress(words, this.current) - words));
      out.text(')');
    }
    if (this.target.port != 0) {
      out.text(' port ');
      out.number(this.target.port);
    }
    out.text(': ');
    return true;
  }

  /** Begins the line that says that it was done; ended by ended(). */
  success(): bool {
    return this.says(level.INFO);
  }

  ended(): void {
    if (--this.left == 0) this.state = OVER;
    else this.state = PAUSING;
    this.due = this.began + PAUSE;
  }

  /** It went wrong with the current address: another one is tried if there is one. */
  failure(why: string): void {
    if (this.says(level.WARNING)) out.line(why);
    if (this.state == UNDER_WAY) {
      this.tried |= 1 << this.index;
      this.state = WAITING;
      if (this.find() >= 0) return;
    }
    this.failed = true;
    this.began = this.stack.now;
    this.ended();
  }
}

/** Appends a length of time in milliseconds. */
export function milliseconds(time: u64): void {
  out.number(time / MILLISECOND);
  out.byte(0x2e);
  const rest = (time % MILLISECOND) / 1000;
  if (rest < 100) out.byte(0x30);
  if (rest < 10) out.byte(0x30);
  out.number(rest);
  out.text(' ms');
}
