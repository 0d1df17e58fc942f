// Everything known of one connection (RFC 9293, 3.3.1: the transmission control block).
import { NEVER } from '../../time/duration';
import { Ring } from './ring';

/** States (RFC 9293, 3.3.2). */
export const CLOSED: u32 = 0;
export const SYN_SENT: u32 = 1;
export const SYN_RECEIVED: u32 = 2;
export const ESTABLISHED: u32 = 3;
export const FIN_WAIT_1: u32 = 4;
export const FIN_WAIT_2: u32 = 5;
export const CLOSE_WAIT: u32 = 6;
export const CLOSING: u32 = 7;
export const LAST_ACK: u32 = 8;
export const TIME_WAIT: u32 = 9;

/** What its user is told, as bits. */
export const CONNECTED: u32 = 1;
export const READABLE: u32 = 2;
export const WRITABLE: u32 = 4;
/** The peer sends no more. */
export const PEER_CLOSED: u32 = 8;
/** It is over: in order, and all was read; by a reset; or for want of an answer. Nothing may be done with it after that. */
export const ENDED: u32 = 16;
export const RESET: u32 = 32;
export const TIMED_OUT: u32 = 64;
/** The moment came that the user asked to be woken at. */
export const WOKEN: u32 = 128;
/** The image is to end: close it as soon as what is under way is done. */
export const STOPPING: u32 = 256;

/** What the retransmission timer does when it fires. */
export const TIMER_RTO: u32 = 0;
/** The window is shut: probe it (RFC 9293, 3.8.6.1). */
export const TIMER_PERSIST: u32 = 1;
/** Tail loss probe (RFC 8985, 7). */
export const TIMER_PROBE: u32 = 2;
/** Segments may only have been reordered (RFC 8985, 6.2, step 5). */
export const TIMER_REORDER: u32 = 3;
/** There was no memory for what the user wants to write: it may try again. */
export const TIMER_ROOM: u32 = 4;

/** Congestion control: nothing lost; repairing a loss; after a timeout. */
export const OPEN: u32 = 0;
export const RECOVERY: u32 = 1;
export const LOSS: u32 = 2;

/** The first size of a stream's buffers, in bytes: doubled while the stream fills it and there is memory. */
export const INBOX_FIRST: u32 = 16384;
export const OUT_FIRST: u32 = 4096;

/** Ranges that arrived out of order; what would need more is dropped and comes again. */
export const RANGES: u32 = 16;

@unmanaged
export class Connection {
  localHigh: u64 = 0;
  localLow: u64 = 0;
  remoteHigh: u64 = 0;
  remoteLow: u64 = 0;
  localPort: u32 = 0;
  remotePort: u32 = 0;
  state: u32 = CLOSED;

  /** Its user: the index of a Handler, and what the user keeps with it. */
  handler: u32 = 0;
  user: usize = 0;
  /** Events the user was not told yet. */
  events: u32 = 0;
  /** The user wants WRITABLE when there is room again. */
  wantsRoom: bool = false;

  /* Sending. Bytes from una to end lie in `out`; those up to nxt were sent. */
  out: Ring = new Ring();
  iss: u32 = 0;
  una: u32 = 0;
  nxt: u32 = 0;
  end: u32 = 0;
  /** The user closed: a FIN follows after `end`; it was sent once nxt is end + 1. */
  finQueued: bool = false;
  /** Bytes the peer takes from una on, and the segment that said so (SND.WL1, SND.WL2). */
  window: u32 = 0;
  windowSequence: u32 = 0;
  windowAck: u32 = 0;
  /** The largest window ever offered. */
  windowMax: u32 = 0;
  /** Data bytes in a segment, after the timestamps. */
  mss: u32 = 536;
  /** Send small segments at once (Nagle's algorithm off). */
  noDelay: bool = false;

  /* Receiving. Bytes from read to received lie in `in`, and the ranges behind. */
  inbox: Ring = new Ring();
  irs: u32 = 0;
  read: u32 = 0;
  received: u32 = 0;
  /** The right edge of the window we offered last. */
  offered: u32 = 0;
  peerFin: bool = false;
  /** Bytes received since the moment `filling`: as many as the ring has in two round trips make it grow. */
  filled: u32 = 0;
  filling: u64 = 0;
  ranges: usize = heap.alloc(RANGES * 8);
  rangeCount: u32 = 0;
  /** Where the last segment out of order began: its range is the first SACK block (RFC 2018, 4). */
  lastRange: u32 = 0;
  /** A range that came twice (RFC 2883); empty when equal. */
  duplicateStart: u32 = 0;
  duplicateEnd: u32 = 0;

  /* Acknowledging. */
  ackNow: bool = false;
  /** Full segments not acknowledged yet. */
  unacked: u32 = 0;
  /** Segments that are acknowledged at once, at the start and after a loss. */
  quickAcks: u32 = 0;

  /* Options. */
  scaleIn: u32 = 0;
  scaleOut: u32 = 0;
  sackOn: bool = false;
  timestampsOn: bool = false;
  timestampOffset: u32 = 0;
  timestampRecent: u32 = 0;
  timestampRecentAt: u64 = 0;
  lastAckSent: u32 = 0;

  /* Segments that were sent and not acknowledged, by sequence number: Sent of sent.ts. */
  sent: usize = 0;
  sentRoom: u32 = 0;
  sentFirst: u32 = 0;
  sentCount: u32 = 0;
  /** Bytes of them that were selectively acknowledged, that are lost, and that were lost and sent again. */
  sackedBytes: u32 = 0;
  lostBytes: u32 = 0;
  resentBytes: u32 = 0;

  /* Round trips, in nanoseconds (RFC 6298). */
  srtt: u64 = 0;
  rttVariance: u64 = 0;
  rto: u64 = 0;
  minRtt: u64 = NEVER;
  backoff: u32 = 0;

  /* Loss detection (RFC 8985). */
  rackTime: u64 = 0;
  rackEnd: u32 = 0;
  rackRtt: u64 = 0;
  rackForward: u32 = 0;
  reordered: bool = false;
  duplicateAcks: u32 = 0;
  probeEnd: u32 = 0;
  probing: bool = false;
  probeResent: bool = false;
  /** The first lost segment is sent again whatever the window says (RFC 6675, 5, step 4.3). */
  resendFirst: bool = false;

  /* Congestion control, in bytes (RFC 5681, RFC 9438). */
  congestion: u32 = OPEN;
  cwnd: u32 = 0;
  ssthresh: u32 = u32.MAX_VALUE;
  recover: u32 = 0;
  /** What both windows were before a timeout that may have been too early, 0 without; and when it was. */
  undoCwnd: u32 = 0;
  undoSsthresh: u32 = 0;
  undoTime: u64 = 0;
  /** Whether the window, not the user or the peer, held us back since the last acknowledgment. */
  limited: bool = false;
  cubicMax: u32 = 0;
  cubicK: u64 = 0;
  cubicEpoch: u64 = 0;
  cubicGrown: u64 = 0;
  cubicReno: u64 = 0;

  /* Timers, NEVER when off. */
  retransmitAt: u64 = NEVER;
  retransmitKind: u32 = TIMER_RTO;
  /** When something new was acknowledged last, or the oldest segment on its way was sent. */
  progress: u64 = 0;
  ackAt: u64 = NEVER;
  /** The end of TIME-WAIT or FIN-WAIT-2, of an opening, or the next keep-alive. */
  lingerAt: u64 = NEVER;
  /** When its user wants WOKEN. */
  wakeAt: u64 = NEVER;
  /** Idle nanoseconds after which a keep-alive is sent, 0 for never. */
  keepAlive: u64 = 0;
  keepProbes: u32 = 0;
  /** When anything came from the peer last. */
  heard: u64 = 0;
  /** When it last sent what might have been forged, and was challenged (RFC 5961, 7). */
  challenged: u64 = 0;

  /* Places in lists: of its hash bucket, of those to be looked after in this turn, of the timer wheel, of TIME-WAIT or of the free. */
  nextInBucket: Connection | null = null;
  nextDirty: Connection | null = null;
  dirty: bool = false;
  slot: u32 = u32.MAX_VALUE;
  slotTick: u64 = 0;
  slotNext: Connection | null = null;
  slotPrevious: Connection | null = null;
  older: Connection | null = null;
  newer: Connection | null = null;
  /** A passive opening that is not finished counts against the listener's bound. */
  halfOpen: bool = false;

  @inline
  get local(): usize {
    return changetype<usize>(this);
  }

  @inline
  get remote(): usize {
    return changetype<usize>(this) + offsetof<Connection>('remoteHigh');
  }

  /** Bytes on their way, as far as can be told (RFC 6675, pipe). */
  @inline
  get flight(): u32 {
    const sent = this.nxt - this.una + this.resentBytes;
    const gone = this.sackedBytes + this.lostBytes;
    return sent > gone ? sent - gone : 0;
  }

  /** The next sequence number we expect (RCV.NXT): a FIN takes one. */
  @inline
  get next(): u32 {
    return this.received + (this.peerFin ? 1 : 0);
  }

  /** Bytes that came and were not read can be at most so many: those of a buffer that is still to come count already. */
  @inline
  get inboxRoom(): u32 {
    return this.inbox.size != 0 ? this.inbox.size : INBOX_FIRST;
  }

  /** When the earliest of its timers is due. */
  @inline
  get due(): u64 {
    return min(min(this.retransmitAt, this.ackAt), min(this.lingerAt, this.wakeAt));
  }

  /** Whether our FIN was sent. */
  @inline
  get finSent(): bool {
    return this.nxt == this.end + 1;
  }

  /** Whether there is something to acknowledge selectively. */
  @inline
  get hasSack(): bool {
    return this.sackOn && (this.rangeCount != 0 || this.duplicateStart != this.duplicateEnd);
  }

  /** Bytes that can be read. */
  @inline
  get readable(): u32 {
    return this.received - this.read;
  }

  @inline
  get synchronized(): bool {
    return this.state >= ESTABLISHED;
  }
}
