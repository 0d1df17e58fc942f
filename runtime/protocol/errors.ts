// What can be wrong with what a peer sent, or with what one is asked to send: one line `thing: cause`.

export const KINDS = [
  /** Not a frame, not DER, or DER that means nothing here. */
  'malformed',
  /** Another version of the protocol. */
  'version',
  /** Larger than anything this protocol is used for. */
  'limit',
  /** A name that is none. */
  'name',
  /** A certificate, or a chain of them, that does not say what it must. */
  'certificate',
] as const;
export type Kind = (typeof KINDS)[number];

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly kind: Kind;

  constructor(kind: Kind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** What is wrong with `what`: it is not what it has to be. */
export function malformed(what: string, cause: string): ProtocolError {
  return new ProtocolError('malformed', `${what}: ${cause}`);
}
