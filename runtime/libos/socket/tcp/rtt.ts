// The retransmission timeout (RFC 6298).
import { MILLISECOND, SECOND } from '../../time/duration';
import { Connection } from './connection';

/**
 * RFC 6298 recommends a second at least; on today's networks that is an age. As Linux does, we wait so long beyond the round trip, which
 * covers what a peer may delay its acknowledgment.
 */
const MARGIN_MIN: u64 = 200 * MILLISECOND;
const RTO_MAX: u64 = 60 * SECOND;
/** Before anything was measured (RFC 6298, 2.1). */
export const RTO_FIRST: u64 = SECOND;
/** The same if a SYN had to be sent again (5.7). */
export const RTO_AFTER_LOSS: u64 = 3 * SECOND;

/** Takes the measure of a round trip into account. */
export function measured(connection: Connection, rtt: u64): void {
  if (rtt < connection.minRtt) connection.minRtt = rtt;
  if (connection.srtt == 0) {
    connection.srtt = max<u64>(rtt, 1);
    connection.rttVariance = rtt / 2;
  } else {
    const off = rtt > connection.srtt ? rtt - connection.srtt : connection.srtt - rtt;
    connection.rttVariance += off / 4 - connection.rttVariance / 4;
    connection.srtt += rtt / 8 - connection.srtt / 8;
  }
  connection.rto = min(connection.srtt + max(4 * connection.rttVariance, MARGIN_MIN), RTO_MAX);
  connection.backoff = 0;
}

/** The timeout that counts now, doubled for every time it fired (RFC 6298, 5.5). */
export function timeout(connection: Connection): u64 {
  return min(connection.rto << min(connection.backoff, 16), RTO_MAX);
}
