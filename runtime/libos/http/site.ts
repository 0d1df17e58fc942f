// What all clients of a server share: the content, the limits, the clock of the wall, the counters, and the memory for the request at hand.
import { Entry, find, Store } from '../store/store';
import { SECOND } from '../time/duration';
import { text } from '../text/text';
import { putDate, SIZE as DATE } from './date';
import { Limits } from './limits';
import { LONGEST, makePath, Path } from './path';
import { REFUSALS } from './refusal';
import { makeRequest, Request } from './request';
import { openRules, RESPONSE_MAX, Rules } from './rules';

/** There are 2^HEAD_BITS places for heads that are kept. */
export const HEAD_BITS: u32 = 7;
const HEADS: u32 = 1 << HEAD_BITS;

/** What of a response is neither the site's fields nor a location. */
const OWN_FIELDS: u32 = 2048;

const MISSING = text('404.html');

@unmanaged
export class Site {
  store!: Store;
  limits!: Limits;
  rules!: Rules;
  /** Nanoseconds since 1970: the caller keeps it right, to the second at least. */
  wall: u64;
  /** Index of a function (line: usize, size: u32) => void that takes a line of the access log without its end; 0: none. */
  log: u32;
  /** The page for paths where nothing is. */
  missing: Entry | null;

  /** The request that is being answered, and its path. */
  request!: Request;
  path!: Path;
  /** Where heads are written first. */
  scratch: usize;
  /** The date as text, and the second it is of. */
  date: usize;
  second: u64;
  /** HEADS pointers to heads that are kept, or 0. */
  heads: usize;
  /** Bytes of request heads that have come in part only. */
  partial: u32;

  // Counters, from the start of the site on.
  /** Clients now. */
  clients: u32;
  accepted: u64;
  requests: u64;
  /** Responses by class: 1xx to 5xx. */
  informational: u64;
  successful: u64;
  redirections: u64;
  clientErrors: u64;
  serverErrors: u64;
  bytesIn: u64;
  bytesOut: u64;
  /** Responses whose head was kept, and whose was written anew. */
  headHits: u64;
  headMisses: u64;
  /** REFUSALS numbers of 64 bits; see refused(). */
  refusedTable: usize;
}

/**
 * A site with the content of `archive`, whose status must be OK. The site must not be used if the status of its rules is not OK.
 * Set-up only: allocates.
 */
export function openSite(archive: Store, limits: Limits): Site {
  const site = new Site();
  memory.fill(changetype<usize>(site), 0, offsetof<Site>());
  site.store = archive;
  site.limits = limits;
  site.rules = openRules(archive);
  site.missing = find(archive, MISSING.at, MISSING.size);
  site.request = makeRequest(limits);
  site.path = makePath();
  site.scratch = heap.alloc(OWN_FIELDS + RESPONSE_MAX + 3 * LONGEST + limits.line);
  site.date = heap.alloc(DATE);
  site.second = u64.MAX_VALUE;
  site.heads = heap.alloc(HEADS * sizeof<usize>());
  memory.fill(site.heads, 0, HEADS * sizeof<usize>());
  site.refusedTable = heap.alloc(REFUSALS * 8);
  memory.fill(site.refusedTable, 0, REFUSALS * 8);
  return site;
}

/** How often requests or streams were refused for the reason `why`, of ./refusal. */
export function refused(site: Site, why: u32): u64 {
  return load<u64>(site.refusedTable + why * 8);
}

export function count(site: Site, why: u32): void {
  const at = site.refusedTable + why * 8;
  store<u64>(at, load<u64>(at) + 1);
}

/** Counts a response by the class of its status. */
export function countStatus(site: Site, status: u32): void {
  switch (status / 100) {
    case 1:
      site.informational++;
      break;
    case 2:
      site.successful++;
      break;
    case 3:
      site.redirections++;
      break;
    case 4:
      site.clientErrors++;
      break;
    default:
      site.serverErrors++;
  }
}

/** The second of the wall's clock, with its date ready as text: written once a second. */
@inline
export function currentSecond(site: Site): u64 {
  if (site.wall - site.second * SECOND >= SECOND) renewDate(site);
  return site.second;
}

function renewDate(site: Site): void {
  site.second = site.wall / SECOND;
  putDate(site.date, site.second);
}
