// Why a request was not answered with what it asked for. Every refusal has one of these reasons and is counted under it.

export const NONE: u32 = 0;
// Of streams, without an answer.
export const CLIENTS_FULL: u32 = 1;
export const IDLE: u32 = 2;
export const SLOW_READER: u32 = 3;
/** The content could not be read, or was not what its checksum says, after the head was sent. */
export const CONTENT_LOST: u32 = 4;
// Of requests; after those up to BODY_TIME the stream ends, since nobody knows where the next request would begin.
export const LINE_MALFORMED: u32 = 5;
export const LINE_END: u32 = 6;
export const FIELD_MALFORMED: u32 = 7;
export const FIELD_FOLDED: u32 = 8;
export const HOST_MISSING: u32 = 9;
export const HOST_MALFORMED: u32 = 10;
export const LENGTH_MALFORMED: u32 = 11;
export const FRAMING_AMBIGUOUS: u32 = 12;
export const CODING_MALFORMED: u32 = 13;
export const CODING_UNKNOWN: u32 = 14;
export const CHUNK_MALFORMED: u32 = 15;
export const VERSION: u32 = 16;
export const LINE_LONG: u32 = 17;
export const HEAD_LARGE: u32 = 18;
export const BODY_LARGE: u32 = 19;
export const HEAD_TIME: u32 = 20;
export const BODY_TIME: u32 = 21;
export const HEADS_FULL: u32 = 22;
export const EXPECTATION: u32 = 23;
// Of requests that are well-formed.
export const METHOD_UNKNOWN: u32 = 24;
export const METHOD: u32 = 25;
export const PATH_MALFORMED: u32 = 26;
export const NOT_FOUND: u32 = 27;
export const NOT_ACCEPTABLE: u32 = 28;
export const PRECONDITION: u32 = 29;
export const RANGE: u32 = 30;
export const CONTENT_UNREADABLE: u32 = 31;

/** How many there are, NONE among them. */
export const REFUSALS: u32 = 32;

/** Whether the stream ends after the answer to such a request. */
@inline
export function ends(refusal: u32): bool {
  return refusal <= EXPECTATION;
}

/** The status of the answer; 0 if the stream ends without one. */
export function status(refusal: u32): u32 {
  switch (refusal) {
    case NONE:
    case CLIENTS_FULL:
    case IDLE:
    case SLOW_READER:
    case CONTENT_LOST:
      return 0;
    case CODING_UNKNOWN:
    case METHOD_UNKNOWN:
      return 501;
    case VERSION:
      return 505;
    case LINE_LONG:
      return 414;
    case HEAD_LARGE:
      return 431;
    case BODY_LARGE:
      return 413;
    case HEAD_TIME:
    case BODY_TIME:
      return 408;
    case HEADS_FULL:
      return 503;
    case EXPECTATION:
      return 417;
    case METHOD:
      return 405;
    case NOT_FOUND:
      return 404;
    case NOT_ACCEPTABLE:
      return 406;
    case PRECONDITION:
      return 412;
    case RANGE:
      return 416;
    case CONTENT_UNREADABLE:
      return 500;
    default:
      return 400;
  }
}

/** The refusal in words, for who sent the request. */
export function reason(refusal: u32): string {
  switch (refusal) {
    case CLIENTS_FULL:
      return 'as many clients as there is room for';
    case IDLE:
      return 'no request came; open a new connection';
    case SLOW_READER:
      return 'the response was read too slowly';
    case CONTENT_LOST:
      return 'the content could not be read to its end';
    case LINE_MALFORMED:
      return 'the request line is not METHOD, one space, target, one space, HTTP/1.1';
    case LINE_END:
      return 'a line does not end with CR LF';
    case FIELD_MALFORMED:
      return 'a field is not NAME: VALUE, or has octets that none may have';
    case FIELD_FOLDED:
      return 'a field is folded over several lines; send it on one';
    case HOST_MISSING:
      return 'the field Host is missing';
    case HOST_MALFORMED:
      return 'the field Host is not one host with at most a port';
    case LENGTH_MALFORMED:
      return 'the field Content-Length is not one number';
    case FRAMING_AMBIGUOUS:
      return 'send Content-Length or Transfer-Encoding, not both';
    case CODING_MALFORMED:
      return 'Transfer-Encoding must be chunked, once, in HTTP/1.1';
    case CODING_UNKNOWN:
      return 'chunked is the only transfer coding this server knows';
    case CHUNK_MALFORMED:
      return 'a chunk of the content is malformed';
    case VERSION:
      return 'this server speaks HTTP/1.1 and HTTP/1.0';
    case LINE_LONG:
      return 'the request line is too long';
    case HEAD_LARGE:
      return 'the fields are too many or too long';
    case BODY_LARGE:
      return 'the content is too long';
    case HEAD_TIME:
      return 'the request took too long to arrive';
    case BODY_TIME:
      return 'the content took too long to arrive';
    case HEADS_FULL:
      return 'too many requests have come in part only; try again';
    case EXPECTATION:
      return '100-continue is the only expectation this server meets';
    case METHOD_UNKNOWN:
      return 'this server does not know that method';
    case METHOD:
      return 'this server answers GET, HEAD and OPTIONS';
    case PATH_MALFORMED:
      return 'the path is malformed or leads out of the site';
    case NOT_FOUND:
      return 'there is nothing at this path';
    case NOT_ACCEPTABLE:
      return 'none of the codings of this resource is acceptable; allow identity';
    case PRECONDITION:
      return 'the resource is not in the state the request asks for';
    case RANGE:
      return 'the resource has no byte in that range';
    case CONTENT_UNREADABLE:
      return 'the content cannot be read; see the log of the server';
    default:
      return 'no reason';
  }
}

/** The refusal as metrics call it: lower case, words joined by underscores. */
export function label(refusal: u32): string {
  switch (refusal) {
    case CLIENTS_FULL:
      return 'clients_full';
    case IDLE:
      return 'idle';
    case SLOW_READER:
      return 'slow_reader';
    case CONTENT_LOST:
      return 'content_lost';
    case LINE_MALFORMED:
      return 'line_malformed';
    case LINE_END:
      return 'line_end';
    case FIELD_MALFORMED:
      return 'field_malformed';
    case FIELD_FOLDED:
      return 'field_folded';
    case HOST_MISSING:
      return 'host_missing';
    case HOST_MALFORMED:
      return 'host_malformed';
    case LENGTH_MALFORMED:
      return 'length_malformed';
    case FRAMING_AMBIGUOUS:
      return 'framing_ambiguous';
    case CODING_MALFORMED:
      return 'coding_malformed';
    case CODING_UNKNOWN:
      return 'coding_unknown';
    case CHUNK_MALFORMED:
      return 'chunk_malformed';
    case VERSION:
      return 'version';
    case LINE_LONG:
      return 'line_long';
    case HEAD_LARGE:
      return 'head_large';
    case BODY_LARGE:
      return 'body_large';
    case HEAD_TIME:
      return 'head_time';
    case BODY_TIME:
      return 'body_time';
    case HEADS_FULL:
      return 'heads_full';
    case EXPECTATION:
      return 'expectation';
    case METHOD_UNKNOWN:
      return 'method_unknown';
    case METHOD:
      return 'method';
    case PATH_MALFORMED:
      return 'path_malformed';
    case NOT_FOUND:
      return 'not_found';
    case NOT_ACCEPTABLE:
      return 'not_acceptable';
    case PRECONDITION:
      return 'precondition';
    case RANGE:
      return 'range';
    case CONTENT_UNREADABLE:
      return 'content_unreadable';
    default:
      return 'none';
  }
}
