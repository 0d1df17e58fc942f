// Who may speak to the lab server: a page that this server itself sent, by a name of this server's, with its secret.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a request says of itself that a browser does not let a page choose. */
export interface Claims {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/** The Host fields of requests to `port` of `names`. A name that was pointed at this machine from outside is none of them. */
export function hostsOf(names: readonly string[], port: number): ReadonlySet<string> {
  return new Set(names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])));
}

/** Why no connection is made for whoever claims this; undefined where one is. */
export function whyNot({ host, origin }: Claims, hosts: ReadonlySet<string>): string | undefined {
  if (host === undefined || !hosts.has(host))
    return `the lab server: it is not asked by a name of its own; open the handbook at http://${[...hosts][0]}/`;
  if (origin !== `http://${host}`)
    return `the lab server: only the handbook's own pages may connect; open it at http://${host}/`;
  return undefined;
}

/** 128 bits nobody guesses, as 22 characters that may stand in an address. */
export function newSecret(): string {
  return randomBytes(16).toString('base64url');
}

/** Whether `told` is the secret, in a time that says nothing about how much of it was right. */
export function isSecret(told: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(told), digest(secret));
}

/** What a token opens. */
export interface Admission {
  /** The one reader whom it is of; without it, whichever the page knows from last time, or a new one. */
  readonly reader?: string;
  /** What they are called. */
  readonly name?: string;
}

/** Who is let in with this token; undefined where nobody is. */
export type Admit = (token: string) => Admission | undefined;

/** Lets in whoever knows `secret`, as any reader whose name they know. */
export function withSecret(secret: string): Admit {
  return (told) => (isSecret(told, secret) ? {} : undefined);
}
