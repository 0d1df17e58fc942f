// The media type of a file by the end of its name: what a built site consists of.
import { text, Text } from '../text/text';
import { is, TOKEN } from './octet';

/** Of a file whose name tells nothing. */
const UNKNOWN = text('application/octet-stream');

/** Bytes of the longest ending we know. */
const LONGEST: u32 = 11;

/** ENDING TYPE, one a line. Text is UTF-8; JSON and XML say their own encoding (RFC 8259, 8.1; RFC 7303, 3). */
const TYPES = text(
  'html text/html; charset=utf-8\n' +
    'htm text/html; charset=utf-8\n' +
    'css text/css; charset=utf-8\n' +
    'js text/javascript; charset=utf-8\n' +
    'mjs text/javascript; charset=utf-8\n' +
    'json application/json\n' +
    'map application/json\n' +
    'webmanifest application/manifest+json\n' +
    'xml application/xml\n' +
    'xsl application/xml\n' +
    'rss application/rss+xml\n' +
    'atom application/atom+xml\n' +
    'txt text/plain; charset=utf-8\n' +
    'md text/markdown; charset=utf-8\n' +
    'sh text/plain; charset=utf-8\n' +
    'csv text/csv; charset=utf-8\n' +
    'vtt text/vtt; charset=utf-8\n' +
    'svg image/svg+xml\n' +
    'png image/png\n' +
    'jpg image/jpeg\n' +
    'jpeg image/jpeg\n' +
    'gif image/gif\n' +
    'webp image/webp\n' +
    'avif image/avif\n' +
    'ico image/x-icon\n' +
    'woff2 font/woff2\n' +
    'woff font/woff\n' +
    'ttf font/ttf\n' +
    'otf font/otf\n' +
    'wasm application/wasm\n' +
    'pdf application/pdf\n' +
    'zip application/zip\n' +
    'gz application/gzip\n' +
    'tar application/x-tar\n' +
    'mp3 audio/mpeg\n' +
    'ogg audio/ogg\n' +
    'mp4 video/mp4\n' +
    'webm video/webm\n' +
    // The search's index, fragments and language files, and its compressed WebAssembly.
    'pagefind application/octet-stream\n' +
    'pf_fragment application/octet-stream\n' +
    'pf_index application/octet-stream\n' +
    'pf_meta application/octet-stream\n',
);

/** The type last found. */
const found: Text = new Text();

/** The media type of the file with the name of `size` bytes at `name`; valid until the next call. */
export function typeOf(name: usize, size: u32): Text {
  const end = name + size;
  let ending = end;
  while (ending > name && is(load<u8>(ending - 1), TOKEN) && load<u8>(ending - 1) != 0x2e) ending--;
  const length = <u32>(end - ending);
  if (ending == name || load<u8>(ending - 1) != 0x2e || length == 0 || length > LONGEST) return UNKNOWN;
  let at = TYPES.at;
  const last = at + TYPES.size;
  while (at < last) {
    let line = at;
    while (load<u8>(line) != 0x0a) line++;
    if (load<u8>(at + length) == 0x20 && memory.compare(at, ending, length) == 0) {
      found.at = at + length + 1;
      found.size = <u32>(line - found.at);
      return found;
    }
    at = line + 1;
  }
  return UNKNOWN;
}
