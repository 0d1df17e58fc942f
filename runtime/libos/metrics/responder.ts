// The management port: one request, one answer, and the stream is closed. GET and HEAD of /metrics (Prometheus) and /influx (Influx lines).
// It knows HTTP/1.1 (RFC 9112) as far as that takes; bodies of requests are not read.
import { put, putLine, putNumber } from '../text/put';
import { begins, exactly, text, Text } from '../text/text';
import { Registry } from './registry';
import * as render from './render';

/** Bytes of a request with its fields; a longer one is refused. */
export const LARGEST: u32 = 4096;

// What a request gets.
/** The request is not whole yet: call again with more of it. */
export const MORE: u32 = 0;
export const PROMETHEUS: u32 = 1;
export const INFLUX: u32 = 2;
export const NOT_FOUND: u32 = 3;
export const NOT_ALLOWED: u32 = 4;
export const BAD: u32 = 5;
export const TOO_LARGE: u32 = 6;

const GET = text('GET ');
const HEAD = text('HEAD ');
const VERSION = text(' HTTP/1.');
const SCHEME = text('http://');
const METRICS = text('/metrics');
const LINES = text('/influx');

const PROTOCOL = text('HTTP/1.1 ');
const STATUS_OK = text('200 OK');
const STATUS_BAD = text('400 Bad Request');
const STATUS_NOT_FOUND = text('404 Not Found');
const STATUS_NOT_ALLOWED = text('405 Method Not Allowed');
const STATUS_TOO_LARGE = text('431 Request Header Fields Too Large');
const FIELDS = text('\r\nConnection: close\r\nContent-Type: text/plain');
const FORMAT = text('; version=0.0.4');
const CHARSET = text('; charset=utf-8\r\n');
const ALLOWED = text('Allow: GET, HEAD\r\n');
const LENGTH = text('Content-Length: ');
const BODY_BAD = text('this is no HTTP/1.1 request\n');
const BODY_NOT_FOUND = text('there are /metrics and /influx\n');
const BODY_NOT_ALLOWED = text('only GET and HEAD work\n');
const BODY_TOO_LARGE = text('a request may have 4096 bytes at most\n');

@unmanaged
export class Response {
  /** Everything is written: the stream is to be closed. */
  finished: bool;
  headWritten: bool;
  head: bool;
  kind: u32;

  constructor(public cursor: render.Cursor) {}
}

/** A response to be used for one connection after the other. */
export function create(): Response {
  return new Response(new render.Cursor());
}

export function free(response: Response): void {
  heap.free(changetype<usize>(response.cursor));
  heap.free(changetype<usize>(response));
}

/** Takes all `size` bytes that came so far; MORE, or which answer output() will write. */
export function begin(response: Response, registry: Registry, request: usize, size: u32): u32 {
  const end = request + min(size, LARGEST);
  if (!isWhole(request, end)) {
    if (size < LARGEST) return MORE;
    response.kind = TOO_LARGE;
    response.head = false;
  } else {
    response.head = begins(request, <u32>(end - request), HEAD);
    response.kind = choose(request, end);
  }
  response.finished = false;
  response.headWritten = false;
  render.rewind(response.cursor, registry);
  return response.kind;
}

/** Whether an empty line ends the request's fields; a lone LF ends a line too (RFC 9112, 2.2). */
function isWhole(at: usize, end: usize): bool {
  let empty = false;
  for (; at < end; at++) {
    const c = load<u8>(at);
    if (c == 0x0a) {
      if (empty) return true;
      empty = true;
    } else if (c != 0x0d) empty = false;
  }
  return false;
}

/** The answer to the request line that begins at `at`: METHOD TARGET HTTP/1.x */
function choose(at: usize, end: usize): u32 {
  const method = at;
  while (at < end && isToken(load<u8>(at))) at++;
  if (at == method || load<u8>(at) != 0x20) return BAD;
  const known = begins(method, <u32>(end - method), GET) || begins(method, <u32>(end - method), HEAD);
  let target = ++at;
  while (at < end && load<u8>(at) > 0x20 && load<u8>(at) < 0x7f) at++;
  if (at == target || !begins(at, <u32>(end - at), VERSION)) return BAD;
  const ending = at + VERSION.size;
  if (<u32>load<u8>(ending) - 0x30 > 9 || (load<u8>(ending, 1) != 0x0d && load<u8>(ending, 1) != 0x0a)) return BAD;
  // The absolute form must be understood (RFC 9112, 3.2.2).
  if (begins(target, <u32>(at - target), SCHEME)) {
    target += SCHEME.size;
    while (target < at && load<u8>(target) != 0x2f) target++;
  }
  let path = target;
  while (path < at && load<u8>(path) != 0x3f) path++;
  const kind = pathOf(target, <u32>(path - target));
  return kind != NOT_FOUND && !known ? NOT_ALLOWED : kind;
}

/** A character of a method (RFC 9110, 5.6.2), as far as methods have them. */
function isToken(c: u32): bool {
  return (c | 0x20) - 0x61 < 26 || c == 0x2d || c == 0x5f;
}

function pathOf(at: usize, size: u32): u32 {
  if (exactly(at, size, METRICS)) return PROMETHEUS;
  return exactly(at, size, LINES) ? INFLUX : NOT_FOUND;
}

function statusOf(kind: u32): Text {
  switch (kind) {
    case NOT_FOUND:
      return STATUS_NOT_FOUND;
    case NOT_ALLOWED:
      return STATUS_NOT_ALLOWED;
    case BAD:
      return STATUS_BAD;
    case TOO_LARGE:
      return STATUS_TOO_LARGE;
    default:
      return STATUS_OK;
  }
}

/** The body of a refusal. */
function bodyOf(kind: u32): Text {
  switch (kind) {
    case NOT_FOUND:
      return BODY_NOT_FOUND;
    case NOT_ALLOWED:
      return BODY_NOT_ALLOWED;
    case BAD:
      return BODY_BAD;
    default:
      return BODY_TOO_LARGE;
  }
}

/** Bytes output() needs at least to make progress. */
export const ROOM: u32 = 2048;

/** Writes at most `room` (at least ROOM) bytes of the response; how much. `wall`: nanoseconds since 1970. */
export function output(response: Response, registry: Registry, to: usize, room: u32, wall: u64): u32 {
  if (response.finished || room < ROOM) return 0;
  let size: u32 = 0;
  if (!response.headWritten) {
    size = writeHead(response, to);
    response.headWritten = true;
  }
  if (response.kind > INFLUX || response.head) {
    response.finished = true;
    return size;
  }
  size +=
    response.kind == PROMETHEUS
      ? render.prometheus(registry, response.cursor, to + size, room - size)
      : render.influx(registry, response.cursor, to + size, room - size, wall);
  response.finished = render.isDone(response.cursor);
  return size;
}

/** Writes the head and, of a refusal, the body. The length of metrics is not known before they are written: the end of the stream ends them. */
function writeHead(response: Response, to: usize): u32 {
  const kind = response.kind;
  let at = put(put(put(to, PROTOCOL), statusOf(kind)), FIELDS);
  if (kind == PROMETHEUS) at = put(at, FORMAT);
  at = put(at, CHARSET);
  if (kind == NOT_ALLOWED) at = put(at, ALLOWED);
  if (kind <= INFLUX) return <u32>(putLine(at) - to);
  const body = bodyOf(kind);
  at = putLine(putLine(putNumber(put(at, LENGTH), body.size)));
  return <u32>((response.head ? at : put(at, body)) - to);
}
