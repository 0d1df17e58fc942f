// What happens to a DHCP client, for the log: silence is what makes a missing server hard to find.

/** The first DISCOVER of an exchange goes out. */
export const SEARCHING: u32 = 1;
/** Several messages found no answer; `client.tries` says how many. */
export const NO_ANSWER: u32 = 2;
export const OFFERED: u32 = 3;
/** A lease, for an address the client did not have before. */
export const BOUND: u32 = 4;
/** The lease goes on, given by the same server or, while REBINDING, by any. */
export const RENEWED: u32 = 5;
/** The server does not renew; the client asks all servers. */
export const REBINDING: u32 = 6;
/** The server refuses the address; if there was a lease, it is gone. */
export const REFUSED: u32 = 7;
/** The lease ran out and nobody renewed it. */
export const EXPIRED: u32 = 8;
/** Another host has the address. */
export const DECLINED: u32 = 9;
/** The client gave the address back. */
export const RELEASED: u32 = 10;
/** An offer was not confirmed; the search begins again. */
export const ABANDONED: u32 = 11;
/** A message was left alone; `client.ignored` says why. */
export const IGNORED: u32 = 12;

/** What to tell the operator about event `event`, to stand before addresses and numbers. */
export function words(event: u32): string {
  switch (event) {
    case SEARCHING:
      return 'asking for an address';
    case NO_ANSWER:
      return 'no answer; is there a DHCP server on that bridge?';
    case OFFERED:
      return 'offer';
    case BOUND:
      return 'bound';
    case RENEWED:
      return 'renewed';
    case REBINDING:
      return 'the server does not renew the lease; asking every server';
    case REFUSED:
      return 'the server refused the address';
    case EXPIRED:
      return 'the lease ran out and no server renewed it; the address is gone';
    case DECLINED:
      return 'another host has the address; declined it';
    case RELEASED:
      return 'gave the address back';
    case ABANDONED:
      return 'the server offered an address and did not confirm it; asking again';
    case IGNORED:
      return 'ignored a message';
    default:
      return 'nothing';
  }
}

// Why a message was ignored.
export const MALFORMED: u32 = 1;
export const OTHER_CLIENT: u32 = 2;
export const NOT_EXPECTED: u32 = 3;
export const OTHER_SERVER: u32 = 4;
export const BAD_ADDRESS: u32 = 5;
export const BAD_MASK: u32 = 6;
export const BAD_TIME: u32 = 7;
export const NO_SERVER: u32 = 8;

/** In words, why a message was ignored. */
export function reason(ignored: u32): string {
  switch (ignored) {
    case MALFORMED:
      return 'malformed';
    case OTHER_CLIENT:
      return 'for another client or an earlier exchange';
    case NOT_EXPECTED:
      return 'of a type that is not expected now';
    case OTHER_SERVER:
      return 'from a server that was not asked';
    case BAD_ADDRESS:
      return 'gives an address no host can have, or another than offered';
    case BAD_MASK:
      return 'gives an impossible network mask';
    case BAD_TIME:
      return 'gives no lease time, or one below ten seconds';
    case NO_SERVER:
      return 'does not say which server it is from';
    default:
      return '';
  }
}
