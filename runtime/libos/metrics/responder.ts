// The management port: one request, one answer, and the stream is closed. GET and HEAD of /metrics (Prometheus) and /influx (Influx lines).
// It knows HTTP/1.1 (RFC 9112) as far as that takes; bodies of requests are not read.
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
    response.head = starts(request, end, 'HEAD ');
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

function starts(at: usize, end: usize, text: string): bool {
  if (at + text.length > end) return false;
  for (let i = 0, n = text.length; i < n; i++) if (<i32>load<u8>(at + i) != text.charCodeAt(i)) return false;
  return true;
}

/** The answer to the request line that begins at `at`: METHOD TARGET HTTP/1.x */
function choose(at: usize, end: usize): u32 {
  const method = at;
  while (at < end && isToken(load<u8>(at))) at++;
  if (at == method || load<u8>(at) != 0x20) return BAD;
  const known = starts(method, end, 'GET ') || starts(method, end, 'HEAD ');
  let target = ++at;
  while (at < end && load<u8>(at) > 0x20 && load<u8>(at) < 0x7f) at++;
  if (at == target || !starts(at, end, ' HTTP/1.')) return BAD;
  const ending = at + 8;
  if (<u32>load<u8>(ending) - 0x30 > 9 || (load<u8>(ending, 1) != 0x0d && load<u8>(ending, 1) != 0x0a)) return BAD;
  // The absolute form must be understood (RFC 9112, 3.2.2).
  if (starts(target, at, 'http://')) {
    target += 7;
    while (target < at && load<u8>(target) != 0x2f) target++;
  }
  let path = target;
  while (path < at && load<u8>(path) != 0x3f) path++;
  const kind = pathOf(target, path);
  return kind != NOT_FOUND && !known ? NOT_ALLOWED : kind;
}

/** A character of a method (RFC 9110, 5.6.2), as far as methods have them. */
function isToken(c: u32): bool {
  return (c | 0x20) - 0x61 < 26 || c == 0x2d || c == 0x5f;
}

function pathOf(at: usize, end: usize): u32 {
  if (end - at == 8 && starts(at, end, '/metrics')) return PROMETHEUS;
  if (end - at == 7 && starts(at, end, '/influx')) return INFLUX;
  return NOT_FOUND;
}

function statusOf(kind: u32): string {
  switch (kind) {
    case NOT_FOUND:
      return '404 Not Found';
    case NOT_ALLOWED:
      return '405 Method Not Allowed';
    case BAD:
      return '400 Bad Request';
    case TOO_LARGE:
      return '431 Request Header Fields Too Large';
    default:
      return '200 OK';
  }
}

/** The body of a refusal, 10 to 99 bytes. */
function bodyOf(kind: u32): string {
  switch (kind) {
    case NOT_FOUND:
      return 'there are /metrics and /influx\n';
    case NOT_ALLOWED:
      return 'only GET and HEAD work\n';
    case BAD:
      return 'this is no HTTP/1.1 request\n';
    case TOO_LARGE:
      return 'a request may have 4096 bytes at most\n';
    default:
      return '';
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
  const body = bodyOf(kind);
  let size = put(to, 'HTTP/1.1 ');
  size += put(to + size, statusOf(kind));
  size += put(to + size, '\r\nConnection: close\r\nContent-Type: text/plain');
  if (kind == PROMETHEUS) size += put(to + size, '; version=0.0.4');
  size += put(to + size, '; charset=utf-8\r\n');
  if (kind == NOT_ALLOWED) size += put(to + size, 'Allow: GET, HEAD\r\n');
  if (kind > INFLUX) {
    size += put(to + size, 'Content-Length: ');
    store<u8>(to + size++, 0x30 + <u8>(body.length / 10));
    store<u8>(to + size++, 0x30 + <u8>(body.length % 10));
    size += put(to + size, '\r\n');
  }
  size += put(to + size, '\r\n');
  return response.head ? size : size + put(to + size, body);
}

function put(to: usize, text: string): u32 {
  for (let i = 0, n = text.length; i < n; i++) store<u8>(to + i, <u8>text.charCodeAt(i));
  return text.length;
}
