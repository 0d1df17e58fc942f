// What a chain of certificates asks for. The command is in the leaf; each authority above it has a policy and adds a label to the path. Whether the
// chain is signed, in time and ends at the authority that is trusted is for TLS to say: here it is only read.
import { command, VERSION, type Command } from './command.ts';
import { sequence } from './der/compose.ts';
import { decode, encode } from './der/codec.ts';
import { integer } from './der/primitives.ts';
import { ProtocolError } from './errors.ts';
import { label, type Name } from './name.ts';
import type { Policy } from './policy.ts';
import { contentsOf } from './x509/certificate.ts';

/** The extension a command is in: not critical, so that others' tools read the certificate. */
export const EXTENSION = '1.3.6.1.4.1.49836.42';

/** Most certificates of a chain, the leaf and the root among them. */
export const CHAIN_MAX = 9;

const extension = sequence('command of the certificate', { version: integer('version'), command });

export function encodeExtension(carried: Command): Uint8Array<ArrayBuffer> {
  return encode(extension, { version: VERSION, command: carried });
}

/** @throws ProtocolError (malformed), (version) */
export function decodeExtension(bytes: Uint8Array): Command {
  const found = decode(extension, bytes);
  if (found.version !== VERSION)
    throw new ProtocolError(
      'version',
      `command of the certificate: it is of version ${found.version} of the protocol, this is ${VERSION}`,
    );
  return found.command;
}

export interface Request {
  readonly name: Name;
  readonly command: Command;
  /** Of the authorities, the outermost first: each limits what is at and below its path. */
  readonly policies: readonly {
    readonly path: readonly string[];
    readonly policy: Policy;
    /** The beginning of its certificate's validity. */
    readonly issued: Date;
  }[];
}

export type Authority = Pick<Request, 'policies'> & { readonly path: readonly string[] };

interface Link {
  readonly issued: Date;
  readonly commonName?: string;
  readonly command?: Command;
}

const refused = (which: string, cause: string): ProtocolError =>
  new ProtocolError('certificate', `${which}: ${cause}`);

function parse(der: Uint8Array, which: string) {
  try {
    const { from, subject, extensions } = contentsOf(der);
    return {
      issued: from,
      names: subject.commonNames,
      commands: extensions.filter(({ type }) => type === EXTENSION).map(({ value }) => value),
    };
  } catch {
    throw refused(which, 'it cannot be read');
  }
}

function link(der: Uint8Array, which: string): Link {
  const { issued, names, commands } = parse(der, which);
  if (names.length > 1) throw refused(which, 'its subject has several common names');
  if (commands.length > 1) throw refused(which, 'it has several commands');
  const [commonName] = names;
  const [carried] = commands;
  return {
    issued,
    ...(commonName === undefined ? {} : { commonName }),
    ...(carried === undefined ? {} : { command: decodeExtension(carried) }),
  };
}

/** Why no leaf may carry `carried`; undefined where one may. */
function forbidden({ kind, value }: Command): string | undefined {
  const allowed =
    kind === 'unikernel' ||
    kind === 'block' ||
    (kind === 'policy' && value.kind === 'info') ||
    (kind === 'kittiwake' && value.kind !== 'grant') ||
    (kind === 'stats' && value.kind === 'subscribe') ||
    (kind === 'console' && value.kind !== 'add');
  return allowed ? undefined : `${kind} ${value.kind} is not for certificates of clients`;
}

/** Commands that speak of a path as well as of what is in it. */
const ofPath = ({ kind, value }: Command): boolean =>
  kind === 'unikernel' ||
  kind === 'kittiwake' ||
  kind === 'stats' ||
  kind === 'console' ||
  value.kind === 'info';

function nameOf({ commonName }: Link, asked: Command, path: readonly string[]): Name {
  if (commonName === '.' || commonName === ':') return { path };
  // `albatross-client policy` asks for the policies of all paths with an empty one.
  if (commonName !== undefined && commonName !== '') return { path, label: label(commonName) };
  if (ofPath(asked)) return { path };
  throw refused('leaf certificate', 'its subject has no common name, and the command needs one');
}

/** What a chain of authorities has: its path, and the policies along it. `first` is where in the whole chain the first of them stands. */
function authoritiesOf(certificates: readonly Uint8Array[], first: number): Authority {
  const path: string[] = [];
  const policies: Request['policies'][number][] = [];
  for (const [at, der] of [...certificates.entries()].reverse()) {
    const which = `certificate ${at + first} of the chain`;
    const { commonName, command: carried, issued } = link(der, which);
    // The root has none, usually.
    if (carried === undefined) continue;
    if (carried.kind !== 'policy' || carried.value.kind !== 'add')
      throw refused(which, 'an authority has a policy, and no other command');
    // Albatross lets the path be. But then its holder could set the limit of who granted it, or forget their own.
    if (commonName === undefined) throw refused(which, 'it has a policy, and no common name to go with it');
    path.push(label(commonName));
    policies.push({ path: [...path], policy: carried.value.value, issued });
  }
  return { path, policies };
}

/**
 * What an authority may do that shows its own certificates, all of them: each in DER, its own first, as TLS has them.
 * @throws ProtocolError of any kind: it is none.
 */
export function authorityOf(certificates: readonly Uint8Array[]): Authority {
  if (certificates.length > CHAIN_MAX)
    throw refused('chain', `it has ${certificates.length} certificates, ${CHAIN_MAX} are the most`);
  if (certificates.length === 0) throw refused('chain', 'it is empty');
  return authoritiesOf(certificates, 1);
}

/**
 * What the chain `certificates` asks for: each in DER, the leaf first, as TLS has them.
 * @throws ProtocolError of any kind: the chain asks for nothing.
 */
export function requestOf(certificates: readonly Uint8Array[]): Request {
  if (certificates.length > CHAIN_MAX)
    throw refused('chain', `it has ${certificates.length} certificates, ${CHAIN_MAX} are the most`);
  const [first, ...rest] = certificates;
  if (first === undefined) throw refused('chain', 'it is empty');
  const leaf = link(first, 'leaf certificate');
  const asked = leaf.command;
  if (asked === undefined) throw refused('leaf certificate', 'it has no command');
  const cause = forbidden(asked);
  if (cause !== undefined) throw refused('leaf certificate', cause);

  const { path, policies } = authoritiesOf(rest, 2);
  return { name: nameOf(leaf, asked, path), command: asked, policies };
}
