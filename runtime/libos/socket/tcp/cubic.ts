// CUBIC (RFC 9438): how the congestion window grows and shrinks. Integers only: windows in bytes, time in milliseconds.
import { MILLISECOND } from '../../time/duration';
import { Connection } from './connection';

/** What remains of the window after a loss: 0.7 (RFC 9438, 4.6). */
const BETA_TENTHS: u64 = 7;
/** The constant C is 0.4 segments per second cubed (RFC 9438, 5.1); here per millisecond cubed, as a divisor. */
const C_DIVISOR: u64 = 2_500_000_000;
/** The growth of the Reno-friendly window: 3 (1 - beta) / (1 + beta) = 9/17 (RFC 9438, 4.3). */
const ALPHA_OVER: u64 = 17;
const ALPHA: u64 = 9;
/** A window never shrinks below two segments (RFC 5681, equation 4). */
const SEGMENTS_MIN: u32 = 2;

/** The window before anything is known (RFC 6928): ten segments. */
export function initialWindow(mss: u32): u32 {
  return min(10 * mss, max<u32>(2 * mss, 14600));
}

/** The cube root, rounded down. */
export function cubeRoot(value: u64): u64 {
  let root: u64 = 0;
  for (let bit: u64 = 1 << 21; bit > 0; bit >>= 1) {
    const next = root | bit;
    // The largest root of 64 bits is below 2^22, so that its cube does not overflow.
    if (next * next * next <= value && next < 2642245) root = next;
  }
  return root;
}

/** Something was lost: the window to go on with, in bytes. */
export function reduced(connection: Connection): u32 {
  const window = connection.cwnd;
  // Fast convergence (RFC 9438, 4.7): who loses twice in a row makes room for others.
  connection.cubicMax =
    window < connection.cubicMax ? <u32>((<u64>window * (10 + BETA_TENTHS)) / 20) : window;
  connection.cubicEpoch = 0;
  return max(<u32>((<u64>window * BETA_TENTHS) / 10), SEGMENTS_MIN * connection.mss);
}

/** `acked` bytes were acknowledged while the window was the limit. */
export function grow(connection: Connection, acked: u32, now: u64): void {
  const mss = connection.mss;
  if (connection.cwnd < connection.ssthresh) {
    // Slow start (RFC 5681, 3.1), not beyond the threshold. Bytes are counted, with a bound for acknowledgments of very much (RFC 3465).
    connection.cwnd += min(min(acked, 8 * mss), connection.ssthresh - connection.cwnd);
    return;
  }
  // While the user had nothing to send, the function stood still (RFC 9438, 5.8).
  const still = now - connection.cubicGrown;
  if (still > 2 * max(connection.srtt, MILLISECOND)) connection.cubicEpoch += connection.cubicEpoch == 0 ? 0 : still;
  connection.cubicGrown = now;
  if (connection.cubicEpoch == 0) {
    connection.cubicEpoch = now;
    connection.cubicReno = connection.cwnd;
    if (connection.cubicMax <= connection.cwnd) {
      connection.cubicMax = connection.cwnd;
      connection.cubicK = 0;
    } else {
      const segments = <u64>(connection.cubicMax - connection.cwnd) / mss;
      connection.cubicK = cubeRoot(segments * C_DIVISOR);
    }
  }
  // Where the cubic function will be one round trip from now (RFC 9438, 4.2).
  const t = min((now - connection.cubicEpoch + connection.srtt) / MILLISECOND, 1_000_000);
  const off = t > connection.cubicK ? t - connection.cubicK : connection.cubicK - t;
  const change = (min(off, 400_000) * min(off, 400_000) * min(off, 400_000)) / (C_DIVISOR / mss);
  let target: u64 = connection.cubicMax;
  if (t > connection.cubicK) target += change;
  else target = target > change ? target - change : 0;
  target = min(max<u64>(target, connection.cwnd), (<u64>connection.cwnd * 3) / 2);
  // What Reno would have, which is more on short and slow paths (4.3).
  const gain = connection.cubicReno >= connection.cubicMax ? ALPHA_OVER : ALPHA;
  connection.cubicReno += (gain * acked * mss) / (ALPHA_OVER * connection.cwnd);
  if (connection.cubicReno > target) {
    connection.cwnd = <u32>min(connection.cubicReno, <u64>connection.cwnd + acked);
    return;
  }
  const step = ((target - connection.cwnd) * acked) / connection.cwnd;
  connection.cwnd += <u32>step;
  // Steps of less than a byte would be lost.
  if (step == 0 && target > connection.cwnd) connection.cwnd++;
}
