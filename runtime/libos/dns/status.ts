// What became of a question to the DNS.

/** No answer yet. */
export const PENDING: u32 = 0;
/** There are addresses. */
export const FOUND: u32 = 1;
/** The name does not exist. */
export const NO_NAME: u32 = 2;
/** The name exists, without an address of this family. */
export const NO_DATA: u32 = 3;
export const TIMED_OUT: u32 = 4;
/** Every server refused or failed; `query.rcode` is what the last one said. */
export const FAILED: u32 = 5;
/** The answer did not fit a datagram. */
export const TOO_LARGE: u32 = 6;
/** The answer is an endless or overlong chain of aliases. */
export const CHAIN: u32 = 7;
export const BAD_NAME: u32 = 8;
export const NO_SERVER: u32 = 9;

export function words(status: u32): string {
  switch (status) {
    case PENDING:
      return 'no answer yet';
    case FOUND:
      return 'found';
    case NO_NAME:
      return 'the name does not exist';
    case NO_DATA:
      return 'the name has no address of this family';
    case TIMED_OUT:
      return 'no DNS server answers';
    case FAILED:
      return 'every DNS server refused or failed';
    case TOO_LARGE:
      return 'the answer is too large for a datagram, and DNS over TCP is not supported';
    case CHAIN:
      return 'the name leads through more aliases than are followed';
    case BAD_NAME:
      return 'this is no host name';
    default:
      return 'no DNS server is known; give one, or use DHCP';
  }
}
