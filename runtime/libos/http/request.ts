// A request's head (RFC 9112, 2 and 3), parsed where it lies. Everything in a Request points into the head it was parsed from.
import { exactly, text } from '../text/text';
import * as fields from './fields';
import { Framing, readFraming } from './framing';
import { Limits } from './limits';
import { all, DIGIT, HOST, is, LF, same, SP, TARGET, TOKEN } from './octet';
import * as refusal from './refusal';

export const GET: u32 = 1;
export const HEAD: u32 = 2;
export const OPTIONS: u32 = 3;
/** A method of RFC 9110 or RFC 5789 that this server does not offer. */
export const KNOWN: u32 = 4;
export const UNKNOWN: u32 = 5;

const WORD_GET = text('GET');
const WORD_HEAD = text('HEAD');
const WORD_OPTIONS = text('OPTIONS');
const WORD_POST = text('POST');
const WORD_PUT = text('PUT');
const WORD_DELETE = text('DELETE');
const WORD_PATCH = text('PATCH');
const WORD_TRACE = text('TRACE');
const WORD_CONNECT = text('CONNECT');
const HTTP = text('HTTP/');
const SCHEME = text('http://');
const SECURE_SCHEME = text('https://');
const CLOSE = text('close');
const KEEP_ALIVE = text('keep-alive');
const CONTINUE = text('100-continue');

@unmanaged
export class Request {
  fields!: fields.Fields;
  /** The request line without its CR LF. */
  line: usize;
  lineSize: u32;
  method: u32;
  /** CONNECT, whose target is an authority. */
  connects: bool;
  /** HTTP/1.`minor`: 0 or 1. */
  minor: u32;
  /** The path with its first slash, as sent; no byte if the target is an asterisk. */
  path: usize;
  pathSize: u32;
  /** The query with its question mark, as sent. */
  query: usize;
  querySize: u32;
  /** The stream is to stay open. */
  persists: bool;
  /** The client waits for 100 Continue before it sends the content. */
  waits: bool;
  framing!: Framing;
}

export function makeRequest(limits: Limits): Request {
  const request = new Request();
  request.fields = fields.makeFields(limits.fields);
  request.framing = new Framing();
  return request;
}

function methodOf(request: Request, at: usize, size: u32): u32 {
  if (exactly(at, size, WORD_GET)) return GET;
  if (exactly(at, size, WORD_HEAD)) return HEAD;
  if (exactly(at, size, WORD_OPTIONS)) return OPTIONS;
  if (exactly(at, size, WORD_CONNECT)) {
    request.connects = true;
    return KNOWN;
  }
  const known =
    exactly(at, size, WORD_POST) ||
    exactly(at, size, WORD_PUT) ||
    exactly(at, size, WORD_DELETE) ||
    exactly(at, size, WORD_PATCH) ||
    exactly(at, size, WORD_TRACE);
  return known ? KNOWN : UNKNOWN;
}

/** Divides the target into path and query (RFC 9112, 3.2). */
function parseTarget(request: Request, at: usize, size: u32): u32 {
  const end = at + size;
  request.path = at;
  request.pathSize = 0;
  request.query = end;
  request.querySize = 0;
  if (request.connects) return isHost(at, size) && size > 0 ? refusal.NONE : refusal.LINE_MALFORMED;
  if (size == 1 && load<u8>(at) == 0x2a) {
    return request.method == OPTIONS ? refusal.NONE : refusal.LINE_MALFORMED;
  }
  if (load<u8>(at) != 0x2f) {
    const scheme: u32 =
      size > SCHEME.size && same(at, SCHEME.size, SCHEME)
        ? SCHEME.size
        : size > SECURE_SCHEME.size && same(at, SECURE_SCHEME.size, SECURE_SCHEME)
          ? SECURE_SCHEME.size
          : 0;
    if (scheme == 0) return refusal.LINE_MALFORMED;
    const host = at + scheme;
    at = host;
    while (at < end && load<u8>(at) != 0x2f && load<u8>(at) != 0x3f) at++;
    if (at == host || !isHost(host, <u32>(at - host))) return refusal.LINE_MALFORMED;
  }
  request.path = at;
  let query = at;
  while (query < end && load<u8>(query) != 0x3f) query++;
  request.pathSize = <u32>(query - at);
  request.query = query;
  request.querySize = <u32>(end - query);
  return refusal.NONE;
}

/** METHOD SP target SP HTTP/DIGIT.DIGIT, with exactly these spaces. */
function parseLine(request: Request, at: usize, size: u32): u32 {
  const end = at + size;
  request.line = at;
  request.lineSize = size;
  request.connects = false;
  let space = at;
  while (space < end && is(load<u8>(space), TOKEN)) space++;
  if (space == at || space == end || load<u8>(space) != SP) return refusal.LINE_MALFORMED;
  request.method = methodOf(request, at, <u32>(space - at));
  const target = space + 1;
  let last = target;
  while (last < end && is(load<u8>(last), TARGET)) last++;
  if (last == target || last == end || load<u8>(last) != SP) return refusal.LINE_MALFORMED;
  const version = last + 1;
  if (
    end - version != 8 ||
    !exactly(version, HTTP.size, HTTP) ||
    !is(load<u8>(version, 5), DIGIT) ||
    load<u8>(version, 6) != 0x2e ||
    !is(load<u8>(version, 7), DIGIT)
  ) {
    return refusal.LINE_MALFORMED;
  }
  if (load<u8>(version, 5) != 0x31) return refusal.VERSION;
  request.minor = load<u8>(version, 7) == 0x30 ? 0 : 1;
  return parseTarget(request, target, <u32>(last - target));
}

/** A host with at most a port; it may be empty (RFC 9110, 7.2). */
function isHost(at: usize, size: u32): bool {
  if (!all(at, size, HOST)) return false;
  const end = at + size;
  let port = at;
  if (size > 0 && load<u8>(at) == 0x5b) {
    // An IP literal: everything to its bracket.
    while (port < end && load<u8>(port) != 0x5d) port++;
    if (port == end) return false;
    port++;
  } else {
    while (port < end && load<u8>(port) != 0x3a) {
      if (load<u8>(port) == 0x5b || load<u8>(port) == 0x5d) return false;
      port++;
    }
  }
  return port == end || (load<u8>(port) == 0x3a && all(port + 1, <u32>(end - port - 1), DIGIT));
}

/** The request's host must be there, and be one (RFC 9112, 3.2). */
function checkHost(request: Request): u32 {
  const line = fields.find(request.fields, fields.HOST);
  if (line == null) return request.minor == 0 ? refusal.NONE : refusal.HOST_MISSING;
  if (!fields.hasOne(request.fields, fields.HOST)) return refusal.HOST_MALFORMED;
  return isHost(line.at, line.size) ? refusal.NONE : refusal.HOST_MALFORMED;
}

/** Whether the stream is to stay open (RFC 9112, 9.3). */
function readPersistence(request: Request): void {
  const named = request.fields;
  if (fields.listHas(named, fields.CONNECTION, CLOSE)) request.persists = false;
  else request.persists = request.minor > 0 || fields.listHas(named, fields.CONNECTION, KEEP_ALIVE);
}

/** Whether the client waits for a word before it sends the content (RFC 9110, 10.1.1). */
function readExpectation(request: Request): u32 {
  request.waits = false;
  const line = fields.find(request.fields, fields.EXPECT);
  if (line == null || request.minor == 0) return refusal.NONE;
  if (!same(line.at, line.size, CONTINUE)) return refusal.EXPECTATION;
  request.waits = request.framing.chunked || request.framing.length > 0;
  return refusal.NONE;
}

/** Makes it the request of which nothing is known, for answers to what is none. */
export function forget(request: Request): void {
  fields.clear(request.fields);
  request.line = 0;
  request.lineSize = 0;
  request.method = UNKNOWN;
  request.minor = 1;
  request.persists = false;
  request.waits = false;
}

/**
 * Parses the whole head of `size` bytes at `head`, as scanHead() found it: every line ends with CR LF, the last is empty.
 * @returns why it is refused, or NONE
 */
export function parseRequest(request: Request, limits: Limits, head: usize, size: u32): u32 {
  const end = head + size - 2;
  let at = head;
  forget(request);
  while (load<u8>(at) != LF) at++;
  let refused = parseLine(request, head, <u32>(at - 1 - head));
  if (refused != refusal.NONE) return refused;
  at++;
  while (at < end) {
    let last = at;
    while (load<u8>(last) != LF) last++;
    refused = fields.addLine(request.fields, at, <u32>(last - 1 - at), limits.fields);
    if (refused != refusal.NONE) return refused;
    at = last + 1;
  }
  refused = checkHost(request);
  if (refused == refusal.NONE) refused = readFraming(request.framing, request.fields, request.minor, limits);
  if (refused == refusal.NONE) refused = readExpectation(request);
  if (refused == refusal.NONE) readPersistence(request);
  return refused;
}
