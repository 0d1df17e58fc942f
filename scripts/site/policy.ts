// The headers of a page: a handbook that teaches commands, and will run them, must not run anybody else's code.
import { createHash } from 'node:crypto';

/** Scripts without `src`: their text, which CSP level 3 allows by its hash. */
const INLINE_SCRIPT = /<script\b(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g;

/** A form, and where it is sent: to this server, or nowhere. */
const FORM = /<form\b[^>]*\saction="\//;

/**
 * The Content-Security-Policy of a page that we built ourselves: code from this server, and the scripts standing in the page.
 * Starlight's and Expressive Code's styles are inline on most elements, and the search is WebAssembly.
 */
export function contentSecurityPolicy(html: string): string {
  const hashes = [...html.matchAll(INLINE_SCRIPT)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    ["script-src 'self' 'wasm-unsafe-eval'", ...new Set(hashes)].join(' '),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    FORM.test(html) ? "form-action 'self'" : "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Headers of every answer. */
export const COMMON_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  // Not no-referrer: a form would then be sent without the Origin it comes from, and that is what it is judged by.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
} as const;
