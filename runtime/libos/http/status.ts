// The status line of a response (RFC 9112, 4).
import { text, Text } from '../text/text';

const OK = text('HTTP/1.1 200 OK\r\n');
const NO_CONTENT = text('HTTP/1.1 204 No Content\r\n');
const PARTIAL_CONTENT = text('HTTP/1.1 206 Partial Content\r\n');
const NOT_MODIFIED = text('HTTP/1.1 304 Not Modified\r\n');
const PERMANENT_REDIRECT = text('HTTP/1.1 308 Permanent Redirect\r\n');
const BAD_REQUEST = text('HTTP/1.1 400 Bad Request\r\n');
const NOT_FOUND = text('HTTP/1.1 404 Not Found\r\n');
const METHOD_NOT_ALLOWED = text('HTTP/1.1 405 Method Not Allowed\r\n');
const NOT_ACCEPTABLE = text('HTTP/1.1 406 Not Acceptable\r\n');
const REQUEST_TIMEOUT = text('HTTP/1.1 408 Request Timeout\r\n');
const PRECONDITION_FAILED = text('HTTP/1.1 412 Precondition Failed\r\n');
const CONTENT_TOO_LARGE = text('HTTP/1.1 413 Content Too Large\r\n');
const URI_TOO_LONG = text('HTTP/1.1 414 URI Too Long\r\n');
const RANGE_NOT_SATISFIABLE = text('HTTP/1.1 416 Range Not Satisfiable\r\n');
const EXPECTATION_FAILED = text('HTTP/1.1 417 Expectation Failed\r\n');
const FIELDS_TOO_LARGE = text('HTTP/1.1 431 Request Header Fields Too Large\r\n');
const INTERNAL_SERVER_ERROR = text('HTTP/1.1 500 Internal Server Error\r\n');
const NOT_IMPLEMENTED = text('HTTP/1.1 501 Not Implemented\r\n');
const SERVICE_UNAVAILABLE = text('HTTP/1.1 503 Service Unavailable\r\n');
const VERSION_NOT_SUPPORTED = text('HTTP/1.1 505 HTTP Version Not Supported\r\n');

/** The line with its CR LF; of a status this server does not send, that of 500. */
export function statusLine(status: u32): Text {
  switch (status) {
    case 200:
      return OK;
    case 204:
      return NO_CONTENT;
    case 206:
      return PARTIAL_CONTENT;
    case 304:
      return NOT_MODIFIED;
    case 308:
      return PERMANENT_REDIRECT;
    case 400:
      return BAD_REQUEST;
    case 404:
      return NOT_FOUND;
    case 405:
      return METHOD_NOT_ALLOWED;
    case 406:
      return NOT_ACCEPTABLE;
    case 408:
      return REQUEST_TIMEOUT;
    case 412:
      return PRECONDITION_FAILED;
    case 413:
      return CONTENT_TOO_LARGE;
    case 414:
      return URI_TOO_LONG;
    case 416:
      return RANGE_NOT_SATISFIABLE;
    case 417:
      return EXPECTATION_FAILED;
    case 431:
      return FIELDS_TOO_LARGE;
    case 501:
      return NOT_IMPLEMENTED;
    case 503:
      return SERVICE_UNAVAILABLE;
    case 505:
      return VERSION_NOT_SUPPORTED;
    default:
      return INTERNAL_SERVER_ERROR;
  }
}
