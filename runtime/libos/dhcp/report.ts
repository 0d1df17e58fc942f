// The DHCP client's events as lines of the log.
import * as level from '../log/level';
import * as line from '../log/line';
import * as logger from '../log/logger';
import { NEVER } from '../time/duration';
import { Client } from './state';
import * as events from './events';
import { Lease } from './lease';

/** How important `event` is. */
function severityOf(event: u32): u32 {
  switch (event) {
    case events.EXPIRED:
    case events.DECLINED:
      return level.ERROR;
    case events.NO_ANSWER:
    case events.REFUSED:
    case events.REBINDING:
    case events.ABANDONED:
      return level.WARNING;
    case events.IGNORED:
      return level.DEBUG;
    default:
      return level.INFO;
  }
}

/** Says what happened to `client` in a line of `source`; to be called from its report function. */
export function say(source: u32, client: Client, event: u32): void {
  if (!logger.begin(source, severityOf(event))) return;
  line.text(events.words(event));
  switch (event) {
    case events.NO_ANSWER:
      counted(' Tried ', client.tries, ' times; ');
      counted('', client.sent, ' messages sent, ');
      counted('', client.received, ' taken, ');
      counted('', client.dropped, ' ignored');
      break;
    case events.OFFERED:
      line.text(' of ');
      line.ipv4(client.offer.address);
      line.text(' from ');
      line.ipv4(client.offer.server);
      break;
    case events.BOUND:
    case events.RENEWED:
      describe(client.lease);
      break;
    case events.IGNORED:
      line.text(': ');
      line.text(events.reason(client.ignored));
      break;
  }
  logger.end();
}

function counted(before: string, value: u64, after: string): void {
  line.text(before);
  line.number(value);
  line.text(after);
}

function list(before: string, at: usize, count: u32): void {
  if (count > 0) line.text(before);
  for (let i: u32 = 0; i < count; i++) {
    line.byte(0x20);
    line.ipv4(load<u32>(at + i * 4));
  }
}

function describe(lease: Lease): void {
  line.text(': ');
  line.ipv4(lease.address);
  counted('/', lease.prefix, ' from ');
  line.ipv4(lease.server);
  if (lease.expiry == NEVER) line.text(' for ever');
  else counted(' for ', lease.seconds, ' s');
  list(', gateway', lease.routers, lease.routerCount);
  list(', DNS', lease.dns, lease.dnsCount);
  if (lease.domainSize > 0) {
    line.text(', domain ');
    line.bytes(lease.domain, lease.domainSize);
  }
  if (lease.mtu > 0) counted(', MTU ', lease.mtu, '');
  if (lease.routeCount > 0) counted(', ', lease.routeCount, ' more routes');
  if (lease.routesLeftOut > 0) counted(', ', lease.routesLeftOut, ' routes left out: too many');
}
