// What a DHCP client knows, and the changes that both its messages and the answers to them cause.
import * as generator from '../random/generator';
import * as leases from './lease';

// States (RFC 2131, figure 5).
/** Before start(), and after release(). */
export const STOPPED: u32 = 0;
/** Waits until `deadline` to begin the search. */
export const INIT: u32 = 1;
export const SELECTING: u32 = 2;
export const REQUESTING: u32 = 3;
export const BOUND: u32 = 4;
export const RENEWING: u32 = 5;
export const REBINDING: u32 = 6;
/** A DECLINE is to be sent. */
export const DECLINING: u32 = 7;
/** A RELEASE is to be sent. */
export const RELEASING: u32 = 8;

@unmanaged
export class Client {
  state: u32;
  /** When poll() has something to do next; NEVER: not at all. */
  deadline: u64;
  /** Where the message poll() just wrote goes: from, 0.0.0.0 or our address; to, a server or EVERYONE. In host order. */
  source: u32;
  destination: u32;
  /** Index of (client: Client, event: u32) => void, see events.ts; 0 for none. */
  report: u32;
  /** Why the last IGNORED message was ignored. */
  ignored: u32;
  /** Messages sent in this state without an answer. */
  tries: u32;
  /** Messages sent, taken, and ignored, since the beginning. */
  sent: u64;
  received: u64;
  dropped: u64;
  mac: usize;
  name: usize;
  nameSize: u32;
  xid: u32;
  /** When this exchange began, and seconds since then for the header. */
  began: u64;
  seconds: u32;
  /** When the REQUEST that is unanswered was sent first: a lease counts from there (RFC 2131, 4.4.1). */
  asked: u64;
  /** NAKs in a row, and conflicts in a row. */
  refusals: u32;
  conflicts: u32;

  constructor(
    /** The lease; its address is 0 while there is none. */
    public lease: leases.Lease,
    /** What is being asked for: the offer, or the answer that is just read. */
    public offer: leases.Lease,
    public random: generator.Generator,
  ) {}
}

/** Tells the caller what happened. */
export function tell(client: Client, event: u32): void {
  if (client.report != 0) call_indirect<void>(client.report, client, event);
}

/** Without a lease, begins the search at `when`. */
export function search(client: Client, when: u64): void {
  client.lease.address = 0;
  client.state = INIT;
  client.deadline = when;
}
