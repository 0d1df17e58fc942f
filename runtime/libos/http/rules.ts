// Fields that the site adds to its responses, from the file `.headers` in the archive. A line is a path, a tab and a field:
//
//   /	X-Content-Type-Options: nosniff
//   /_astro/	Cache-Control: public, max-age=31536000, immutable
//   /install/index.html	Content-Security-Policy: default-src 'none'; script-src 'self' 'sha256-...'
//
// A path that ends with a slash is for all files that begin with it, another for the file with that name in the archive. Empty lines
// mean nothing. All lines that fit apply; of fields with the same name the one with the longest path is sent. Responses that are no
// file, as redirects, get what `/` says. Cache-Control and Content-Type replace ours; fields that frame a response or that depend on
// the request cannot be set. All of it is checked at open, so that no response can outgrow its room or carry a split line.
import { Entry, find, read, Store } from '../store/store';
import { putBytes, putLine } from '../text/put';
import { text } from '../text/text';
import { all, CR, HT, is, LF, same, sameInAnyCase, SP, TOKEN, VALUE } from './octet';

/** Bytes of the file, and its lines. */
const FILE_MAX: u32 = 1 << 18;
const LINES_MAX: u32 = 2048;
/** Bytes of fields, and fields, that one response may get. */
export const RESPONSE_MAX: u32 = 4096;
const MATCHED_MAX: u32 = 32;

// What is wrong with the file.
export const OK: u32 = 0;
export const UNREADABLE: u32 = 1;
export const TOO_LONG: u32 = 2;
export const BAD_PATH: u32 = 3;
export const BAD_FIELD: u32 = 4;
export const OWN_FIELD: u32 = 5;
export const TWICE: u32 = 6;
export const TOO_MUCH: u32 = 7;

const NAME = text('.headers');
const CACHE_CONTROL = text('cache-control');
const CONTENT_TYPE = text('content-type');

/** Fields that only the server can set rightly. */
const OWN = text(
  'connection content-length content-encoding content-range date etag keep-alive last-modified location ' +
    'accept-ranges allow te trailer transfer-encoding upgrade vary ',
);

@unmanaged
class Line {
  /** The path without its first slash. */
  path: usize;
  pathSize: u32;
  isPrefix: bool;
  /** NAME: VALUE. */
  field: usize;
  fieldSize: u32;
  nameSize: u32;
}

@unmanaged
export class Rules {
  /** One of the above; where it is not OK, the line of the file that it is about, from 1. */
  status: u32;
  problemLine: u32;
  /** The file, and its lines; 0 without the file. */
  file: usize;
  lines: usize;
  count: u32;
  /** What fits the response at hand: pointers to lines. */
  matched: usize;
  matchedCount: u32;
  hasCacheControl: bool;
  hasContentType: bool;
}

@inline
function lineAt(rules: Rules, index: u32): Line {
  return changetype<Line>(rules.lines + index * offsetof<Line>());
}

@inline
function matchedAt(rules: Rules, index: u32): Line {
  return changetype<Line>(load<usize>(rules.matched + index * sizeof<usize>()));
}

/** Reads and checks the rules of the archive; one without the file has none. Look at `status`. */
export function openRules(archive: Store): Rules {
  const rules = new Rules();
  memory.fill(changetype<usize>(rules), 0, offsetof<Rules>());
  rules.matched = heap.alloc(MATCHED_MAX * sizeof<usize>());
  const entry = find(archive, NAME.at, NAME.size);
  if (entry != null) rules.status = readFile(rules, archive, entry);
  return rules;
}

function readFile(rules: Rules, archive: Store, entry: Entry): u32 {
  if (entry.size > FILE_MAX) return TOO_LONG;
  const size = <u32>entry.size;
  rules.file = heap.alloc(size + 1);
  if (read(archive, entry, 0, rules.file, size) != <i32>size) return UNREADABLE;
  store<u8>(rules.file + size, LF);
  const end = rules.file + size;
  let lines: u32 = 1;
  for (let at = rules.file; at < end; at++) if (load<u8>(at) == LF) lines++;
  if (lines > LINES_MAX) return TOO_LONG;
  rules.lines = heap.alloc(lines * offsetof<Line>());
  let at = rules.file;
  while (at < end) {
    rules.problemLine++;
    let last = at;
    while (load<u8>(last) != LF) last++;
    const next = last + 1;
    if (last > at && load<u8>(last - 1) == CR) last--;
    const status = last > at ? takeLine(rules, at, last) : OK;
    if (status != OK) return status;
    at = next;
  }
  return checkSizes(rules);
}

function takeLine(rules: Rules, at: usize, end: usize): u32 {
  let tab = at;
  while (tab < end && load<u8>(tab) > SP && load<u8>(tab) != 0x7f) tab++;
  if (load<u8>(at) != 0x2f || tab == end || load<u8>(tab) != HT) return BAD_PATH;
  const field = tab + 1;
  let colon = field;
  while (colon < end && is(load<u8>(colon), TOKEN)) colon++;
  if (colon == field || colon == end || load<u8>(colon) != 0x3a) return BAD_FIELD;
  if (!all(colon, <u32>(end - colon), VALUE)) return BAD_FIELD;
  const line = lineAt(rules, rules.count);
  line.path = at + 1;
  line.pathSize = <u32>(tab - at - 1);
  line.isPrefix = load<u8>(tab - 1) == 0x2f;
  line.field = field;
  line.fieldSize = <u32>(end - field);
  line.nameSize = <u32>(colon - field);
  if (isOwn(field, line.nameSize)) return OWN_FIELD;
  for (let i: u32 = 0; i < rules.count; i++) {
    const other = lineAt(rules, i);
    if (samePath(other, line) && sameName(other, line)) return TWICE;
  }
  rules.count++;
  return OK;
}

@inline
function samePath(a: Line, b: Line): bool {
  return a.pathSize == b.pathSize && memory.compare(a.path, b.path, a.pathSize) == 0;
}

@inline
function sameName(a: Line, b: Line): bool {
  return sameInAnyCase(a.field, a.nameSize, b.field, b.nameSize);
}

function isOwn(at: usize, size: u32): bool {
  const end = OWN.at + OWN.size;
  let word = OWN.at;
  while (word < end) {
    let space = word;
    while (load<u8>(space) != SP) space++;
    if (sameInAnyCase(at, size, word, <u32>(space - word))) return true;
    word = space + 1;
  }
  return false;
}

/** No response may get more than there is room for: not even one that all prefixes fit. */
function checkSizes(rules: Rules): u32 {
  let shared: u32 = 0;
  let sharedCount: u32 = 0;
  let most: u32 = 0;
  let mostCount: u32 = 0;
  for (let i: u32 = 0; i < rules.count; i++) {
    const line = lineAt(rules, i);
    if (line.isPrefix) {
      shared += line.fieldSize + 2;
      sharedCount++;
      continue;
    }
    let bytes: u32 = 0;
    let count: u32 = 0;
    for (let j: u32 = 0; j < rules.count; j++) {
      if (!samePath(line, lineAt(rules, j))) continue;
      bytes += lineAt(rules, j).fieldSize + 2;
      count++;
    }
    most = max(most, bytes);
    mostCount = max(mostCount, count);
  }
  return shared + most > RESPONSE_MAX || sharedCount + mostCount > MATCHED_MAX ? TOO_MUCH : OK;
}

/** Finds the fields for the file with the name of `size` bytes at `name`; for a response that is no file, `size` is 0. */
export function match(rules: Rules, name: usize, size: u32): void {
  rules.matchedCount = 0;
  rules.hasCacheControl = false;
  rules.hasContentType = false;
  for (let i: u32 = 0; i < rules.count; i++) {
    const line = lineAt(rules, i);
    const fits = line.isPrefix ? line.pathSize <= size : line.pathSize == size;
    if (fits && memory.compare(line.path, name, line.pathSize) == 0) add(rules, line);
  }
}

/** Adds a line to those that fit; of two with the same name the one with the longer path stays. */
function add(rules: Rules, line: Line): void {
  if (same(line.field, line.nameSize, CACHE_CONTROL)) rules.hasCacheControl = true;
  if (same(line.field, line.nameSize, CONTENT_TYPE)) rules.hasContentType = true;
  let i: u32 = 0;
  while (i < rules.matchedCount && !sameName(matchedAt(rules, i), line)) i++;
  if (i == rules.matchedCount) rules.matchedCount++;
  else if (matchedAt(rules, i).pathSize > line.pathSize) return;
  store<usize>(rules.matched + i * sizeof<usize>(), changetype<usize>(line));
}

/** Writes the fields found by match(), at most RESPONSE_MAX bytes; returns where they end. */
export function putMatched(to: usize, rules: Rules): usize {
  for (let i: u32 = 0; i < rules.matchedCount; i++) {
    const line = matchedAt(rules, i);
    to = putLine(putBytes(to, line.field, line.fieldSize));
  }
  return to;
}

/** What is wrong with the rules and what to do. Set-up only: allocates. */
export function words(rules: Rules): string {
  const where = '.headers, line ' + rules.problemLine.toString() + ': ';
  switch (rules.status) {
    case OK:
      return '.headers is in order';
    case UNREADABLE:
      return '.headers could not be read; pack the archive again';
    case TOO_LONG:
      return '.headers is longer than 262144 bytes or 2048 lines; let files share a path that ends with a slash';
    case BAD_PATH:
      return where + 'begin it with a path that begins with a slash, and a tab';
    case BAD_FIELD:
      return where + 'behind the tab, write NAME: VALUE in printable characters';
    case OWN_FIELD:
      return where + 'the server sets this field itself; remove the line';
    case TWICE:
      return where + 'the path has this field already; remove one of them';
    default:
      return '.headers gives a response more than 4096 bytes or 32 fields; shorten the fields of paths that end with a slash';
  }
}
