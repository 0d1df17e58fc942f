// What a site allows itself and its clients. Times are nanoseconds, sizes bytes.
import { SECOND } from '../time/duration';

@unmanaged
export class Limits {
  /** Clients at once; more are refused. From three quarters of them on, waits are a quarter as long. */
  clients: u32 = 1024;
  /** The request line with its CR LF; a longer one is 414. At least 8000 by RFC 9112, 3. */
  line: u32 = 8192;
  /** The request line and all fields; more is 431. */
  head: u32 = 16384;
  /** Lines of fields; more are 431. */
  fields: u32 = 100;
  /** All heads together that have come in part only; the one that does not fit is 503. */
  heads: u32 = 1 << 20;
  /** Content of a request, for chunked content with its framing; we only skip it. More is 413. Below 2^28. */
  body: u32 = 65536;
  /** From the first byte of a head, or from the stream's opening, to the head's end; longer is 408. */
  headTime: u64 = 10 * SECOND;
  /** To the end of a request's content; longer is 408. */
  bodyTime: u64 = 10 * SECOND;
  /** Between a response and the next request. */
  idleTime: u64 = 30 * SECOND;
  /** In every `rateTime` in which a response is not yet done, the client must take `rateBytes`, or it is cut off. */
  rateTime: u64 = 10 * SECOND;
  rateBytes: u32 = 4096;
}
