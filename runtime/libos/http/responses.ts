// Decides what answers a request: the one place that knows all that a request may ask of a file.
import { Entry, find } from '../store/store';
import { text } from '../text/text';
import { Client, dropResponse } from './client';
import {
  CLOSES,
  composeFile,
  composeNotModified,
  composeOptions,
  composeRedirect,
  composeRefusal,
  STAYS,
  STAYS_TOLD,
} from './compose';
import { evaluate, FAILED, NOT_MODIFIED, rangeApplies } from './conditional';
import * as encoding from './encoding';
import { findHead, Head, keepHead } from './head';
import { writeLine } from './log';
import { append, FILE, FOLDER, MALFORMED, readPath } from './path';
import * as ranges from './ranges';
import * as refusal from './refusal';
import { GET, HEAD, KNOWN, OPTIONS, UNKNOWN } from './request';
import { count, currentSecond, Site } from './site';

const INDEX = text('index.html');
const SLASH_INDEX = text('/index.html');

/** Larger heads are not kept, so that those kept have a bound. */
const KEPT_MAX: u32 = 2048;

/** How the stream goes on after a response of this status; says so to the client record too. */
function connectionAfter(site: Site, client: Client, status: u32): u32 {
  const request = site.request;
  // A client that waits for 100 Continue and gets an error may or may not send its content: nobody knows what comes next.
  if (!request.persists || (request.waits && status >= 400)) client.closing = true;
  if (client.closing) return CLOSES;
  return request.minor == 0 ? STAYS_TOLD : STAYS;
}

/** Makes `head` the client's response, followed by `left` bytes of `entry` from `offset` on, and `inHead` bytes of content in it. */
function start(
  site: Site,
  client: Client,
  status: u32,
  head: Head,
  entry: Entry | null,
  offset: u64,
  left: u64,
  inHead: u32,
): void {
  dropResponse(client);
  client.status = status;
  client.head = head;
  client.entry = entry;
  client.offset = offset;
  client.left = left;
  if (site.log != 0) writeLine(site, client, status, left + inHead);
}

/** Answers with the refusal `why`; the stream ends after it if nobody knows where the next request begins. */
export function refuse(site: Site, client: Client, why: u32, whole: u64 = 0): void {
  count(site, why);
  if (refusal.ends(why)) client.closing = true;
  const status = refusal.status(why);
  const withContent = site.request.method != HEAD;
  const head = composeRefusal(site, why, connectionAfter(site, client, status), withContent, whole);
  start(site, client, status, head, null, 0, 0, withContent ? <u32>refusal.reason(why).length + 1 : 0);
}

/** The page for paths where nothing is, or words. */
function answerMissing(site: Site, client: Client): void {
  const page = site.missing;
  if (page == null) return refuse(site, client, refusal.NOT_FOUND);
  count(site, refusal.NOT_FOUND);
  let coding = encoding.choose(site.request.fields, page.gzip != null, page.brotli != null);
  if (coding == encoding.NONE) coding = encoding.IDENTITY;
  answerWhole(site, client, 404, page, coding);
}

/** What is sent of `entry` in `coding`, which it has. */
function select(entry: Entry, coding: u32): Entry {
  if (coding == encoding.GZIP) return entry.gzip!;
  if (coding == encoding.BROTLI) return entry.brotli!;
  return entry;
}

/** Answers with all of `entry`, or with its head. */
function answerWhole(site: Site, client: Client, status: u32, entry: Entry, coding: u32): void {
  const selected = select(entry, coding);
  const connection = connectionAfter(site, client, status);
  const variant = (status << 8) | (connection << 4) | coding;
  let head = findHead(site, changetype<usize>(entry), variant);
  if (head == null) {
    const made = composeFile(site, status, entry, selected, coding, connection, 0, 0);
    if (made.size <= KEPT_MAX) keepHead(site, made, changetype<usize>(entry), variant);
    head = made;
  }
  start(site, client, status, head, selected, 0, site.request.method == HEAD ? 0 : selected.size, 0);
}

/** Answers with what the request asks of `entry` (RFC 9110, 13.2.2). */
function answerFile(site: Site, client: Client, entry: Entry): void {
  const fields = site.request.fields;
  const coding = encoding.choose(fields, entry.gzip != null, entry.brotli != null);
  if (coding == encoding.NONE) return refuse(site, client, refusal.NOT_ACCEPTABLE);
  const selected = select(entry, coding);
  const now = currentSecond(site);
  const condition = evaluate(fields, selected, coding, entry.modified, now);
  if (condition == FAILED) return refuse(site, client, refusal.PRECONDITION);
  if (condition == NOT_MODIFIED) {
    const head = composeNotModified(site, entry, selected, coding, connectionAfter(site, client, 304));
    return start(site, client, 304, head, null, 0, 0, 0);
  }
  if (site.request.method == GET && rangeApplies(fields, selected, coding, entry.modified, now)) {
    const range = ranges.read(fields, selected.size);
    if (range == ranges.UNSATISFIABLE) return refuse(site, client, refusal.RANGE, selected.size);
    if (range == ranges.ONE) {
      const connection = connectionAfter(site, client, 206);
      const first = ranges.first;
      const last = ranges.last;
      const head = composeFile(site, 206, entry, selected, coding, connection, first, last);
      return start(site, client, 206, head, selected, first, last - first + 1, 0);
    }
  }
  answerWhole(site, client, 200, entry, coding);
}

/** Answers the request in `site.request`. */
export function answer(site: Site, client: Client): void {
  const request = site.request;
  currentSecond(site);
  if (request.method == UNKNOWN) return refuse(site, client, refusal.METHOD_UNKNOWN);
  if (request.method == KNOWN) return refuse(site, client, refusal.METHOD);
  const path = site.path;
  const kind = readPath(path, request.path, request.pathSize);
  if (kind == MALFORMED) return refuse(site, client, refusal.PATH_MALFORMED);
  if (request.method == OPTIONS) {
    const head = composeOptions(site, connectionAfter(site, client, 204));
    return start(site, client, 204, head, null, 0, 0, 0);
  }
  let entry: Entry | null = null;
  if (kind == FOLDER) {
    append(path, INDEX);
    entry = find(site.store, path.at, path.size);
  } else if (kind == FILE) {
    entry = find(site.store, path.at, path.size);
    if (entry == null) {
      const size = path.size;
      append(path, SLASH_INDEX);
      const folder = find(site.store, path.at, path.size) != null;
      path.size = size;
      if (folder) {
        const head = composeRedirect(site, connectionAfter(site, client, 308));
        return start(site, client, 308, head, null, 0, 0, 0);
      }
    }
  }
  if (entry == null) answerMissing(site, client);
  else answerFile(site, client, entry);
}
