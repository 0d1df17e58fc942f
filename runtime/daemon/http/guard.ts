// What browsers add to requests, and what it says: whether a page asks that has nothing to do with us.
import { HttpProblem } from './problem.ts';

export interface Guard {
  readonly scheme: 'http' | 'https';
  /** Pages of these may ask as well as our own: `https://console.example`. */
  readonly origins: readonly string[];
}

/** Without its port. */
const hostOf = (host: string): string => host.replace(/:\d+$/, '');

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * @throws HttpProblem (forbidden) for what a page of somebody else's has sent: a browser asks with the certificate that it has, whoever tells it to. Without
 * TLS a name that was pointed at this machine from outside is found out by what it is, too.
 */
export function guard(request: Request, { scheme, origins }: Guard): void {
  const host = request.headers.get('host') ?? '';
  if (scheme === 'http' && !LOOPBACK.has(hostOf(host)))
    throw new HttpProblem(
      'forbidden',
      'Host: without TLS it is localhost, 127.0.0.1 or [::1]; ask by one of these',
    );
  const origin = request.headers.get('origin');
  if (origin !== null && origin !== `${scheme}://${host}` && !origins.includes(origin))
    throw new HttpProblem('forbidden', 'Origin: a page of another origin may not ask; see --origin');
  // What sends no origin is a picture or a link, and no script.
  if (origin === null && request.headers.get('sec-fetch-site') === 'cross-site')
    throw new HttpProblem('forbidden', 'Sec-Fetch-Site: a page of another origin may not ask; see --origin');
}

const METHODS = 'GET, PUT, POST, DELETE';
const HEADERS = 'Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID';

/** The answer to a browser that asks whether a page may ask; undefined where it asks for something else. */
export function preflight(request: Request, { origins }: Guard): Response | undefined {
  const origin = request.headers.get('origin');
  if (request.method !== 'OPTIONS' || origin === null || !origins.includes(origin)) return undefined;
  const headers = { 'Access-Control-Allow-Methods': METHODS, 'Access-Control-Allow-Headers': HEADERS };
  return allowing(new Response(null, { status: 204, headers }), origin);
}

/** Lets a page of `origin` read `response`. */
export function allowing(response: Response, origin: string): Response {
  response.headers.set('Access-Control-Allow-Origin', origin);
  response.headers.set('Access-Control-Expose-Headers', 'ETag, Retry-After');
  response.headers.append('Vary', 'Origin');
  return response;
}
