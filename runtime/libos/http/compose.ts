// Writes the heads of responses (RFC 9110, 8 and 10; RFC 9112, 4) into the site's scratch, one function a kind of response.
import { Entry } from '../store/store';
import { put, putByte, putBytes, putLine, putNumber } from '../text/put';
import { text, Text } from '../text/text';
import { putDate, SIZE as DATE } from './date';
import { BROTLI, GZIP } from './encoding';
import { putTag } from './etag';
import { Head, makeHead } from './head';
import { typeOf } from './mime';
import { putPath } from './path';
import * as refusal from './refusal';
import { match, putMatched } from './rules';
import { currentSecond, Site } from './site';
import { statusLine } from './status';

/** How the stream goes on after a response. */
export const STAYS: u32 = 0;
export const CLOSES: u32 = 1;
/** It stays open, which HTTP/1.0 has to be told. */
export const STAYS_TOLD: u32 = 2;

const DATE_FIELD = text('Date: ');
const CONTENT_TYPE = text('Content-Type: ');
const CONTENT_LENGTH = text('Content-Length: ');
const CONTENT_RANGE = text('Content-Range: bytes ');
const GZIPPED = text('Content-Encoding: gzip\r\n');
const BROTLIED = text('Content-Encoding: br\r\n');
const VARIES = text('Vary: Accept-Encoding\r\n');
const ETAG = text('ETag: ');
const LAST_MODIFIED = text('Last-Modified: ');
const RANGES = text('Accept-Ranges: bytes\r\n');
const CACHE_FOREVER = text('Cache-Control: public, max-age=31536000, immutable\r\n');
const CACHE_CHECKED = text('Cache-Control: no-cache\r\n');
const LOCATION = text('Location: ');
const ALLOWED = text('Allow: GET, HEAD, OPTIONS\r\n');
const RETRY = text('Retry-After: 1\r\n');
const CLOSE = text('Connection: close\r\n');
const KEEP = text('Connection: keep-alive\r\n');
const PLAIN = text('Content-Type: text/plain; charset=utf-8\r\n');

/** Files whose names have a hash of their content in them: Astro's. */
const HASHED = text('_astro/');

/** Where the date stands in the head being written. */
let dateAt: u32 = 0;

/** The refusals in words, with the line end that makes them content. */
const REASONS: usize = makeReasons();

function makeReasons(): usize {
  const table = heap.alloc(refusal.REFUSALS * sizeof<usize>());
  for (let why: u32 = 0; why < refusal.REFUSALS; why++) {
    const words = text(refusal.reason(why) + '\n');
    store<usize>(table + why * sizeof<usize>(), changetype<usize>(words));
  }
  return table;
}

/** The status line and the date. */
function putStart(site: Site, status: u32): usize {
  currentSecond(site);
  let at = put(put(site.scratch, statusLine(status)), DATE_FIELD);
  dateAt = <u32>(at - site.scratch);
  at = putBytes(at, site.date, DATE);
  return putLine(at);
}

@inline
function putField(at: usize, name: Text, value: u64): usize {
  return putLine(putNumber(put(at, name), value));
}

function putConnection(at: usize, connection: u32): usize {
  if (connection == CLOSES) return put(at, CLOSE);
  return connection == STAYS_TOLD ? put(at, KEEP) : at;
}

function finish(site: Site, at: usize): Head {
  return makeHead(site.scratch, <u32>(at - site.scratch), dateAt, site.second);
}

function isHashed(entry: Entry): bool {
  return entry.nameSize > HASHED.size && memory.compare(entry.name, HASHED.at, HASHED.size) == 0;
}

/** The fields that a 304 has as its 200 would (RFC 9110, 15.4.5), and those of the site. */
function putValidators(site: Site, at: usize, entry: Entry, selected: Entry, coding: u32): usize {
  at = putLine(putTag(put(at, ETAG), selected, coding));
  at = put(at, LAST_MODIFIED);
  putDate(at, min<u64>(entry.modified, site.second)); // never in the future (8.8.2.1)
  at = putLine(at + DATE);
  if (entry.gzip != null || entry.brotli != null) at = put(at, VARIES);
  match(site.rules, entry.name, entry.nameSize);
  if (!site.rules.hasCacheControl) at = put(at, isHashed(entry) ? CACHE_FOREVER : CACHE_CHECKED);
  return putMatched(at, site.rules);
}

/**
 * The head of a response with content of a file.
 * @param status 200, 206 with the bytes `first` to `last`, or 404 when `entry` is the page for that
 * @param selected what is sent of `entry`: itself, or what is compressed with `coding`
 */
export function composeFile(
  site: Site,
  status: u32,
  entry: Entry,
  selected: Entry,
  coding: u32,
  connection: u32,
  first: u64,
  last: u64,
): Head {
  let at = putStart(site, status);
  at = putField(at, CONTENT_LENGTH, status == 206 ? last - first + 1 : selected.size);
  if (status == 206) {
    at = putNumber(put(at, CONTENT_RANGE), first);
    at = putNumber(putByte(at, 0x2d), last);
    at = putLine(putNumber(putByte(at, 0x2f), selected.size));
  }
  if (coding == GZIP) at = put(at, GZIPPED);
  if (coding == BROTLI) at = put(at, BROTLIED);
  if (status != 404) at = put(at, RANGES);
  at = putValidators(site, at, entry, selected, coding);
  if (!site.rules.hasContentType) {
    at = putLine(put(put(at, CONTENT_TYPE), typeOf(entry.name, entry.nameSize)));
  }
  return finish(site, putLine(putConnection(at, connection)));
}

export function composeNotModified(
  site: Site,
  entry: Entry,
  selected: Entry,
  coding: u32,
  connection: u32,
): Head {
  const at = putValidators(site, putStart(site, 304), entry, selected, coding);
  return finish(site, putLine(putConnection(at, connection)));
}

/** The fields of the site for what is no file; it is not kept by caches without asking. */
function putCommon(site: Site, at: usize): usize {
  match(site.rules, 0, 0);
  if (!site.rules.hasCacheControl) at = put(at, CACHE_CHECKED);
  return putMatched(at, site.rules);
}

/** A redirection to the request's path with a slash, and with its query. */
export function composeRedirect(site: Site, connection: u32): Head {
  let at = putField(putStart(site, 308), CONTENT_LENGTH, 0);
  at = putByte(putPath(put(at, LOCATION), site.path), 0x2f);
  at = putLine(putBytes(at, site.request.query, site.request.querySize));
  return finish(site, putLine(putConnection(putCommon(site, at), connection)));
}

/** What may be asked of a resource (RFC 9110, 9.3.7). */
export function composeOptions(site: Site, connection: u32): Head {
  const at = putCommon(site, put(putStart(site, 204), ALLOWED));
  return finish(site, putLine(putConnection(at, connection)));
}

/**
 * A refusal; its reason in words is the content, and part of the head here.
 * @param whole bytes there would be in the range, for RANGE
 */
export function composeRefusal(site: Site, why: u32, connection: u32, withContent: bool, whole: u64): Head {
  const status = refusal.status(why);
  const words = changetype<Text>(load<usize>(REASONS + why * sizeof<usize>()));
  let at = putField(putStart(site, status), CONTENT_LENGTH, words.size);
  if (status == 405) at = put(at, ALLOWED);
  if (status == 503) at = put(at, RETRY);
  if (status == 416) {
    at = put(at, CONTENT_RANGE);
    store<u16>(at, 0x2f2a);
    at = putLine(putNumber(at + 2, whole));
  }
  at = putCommon(site, at);
  if (!site.rules.hasContentType) at = put(at, PLAIN);
  at = putLine(putConnection(at, connection));
  if (withContent) at = put(at, words);
  return finish(site, at);
}
