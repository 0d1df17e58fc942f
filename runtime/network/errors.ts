// What can be wrong with a managed network, as one line `thing: cause; remedy` and a kind that callers may tell apart.

export const KINDS = [
  /** What was asked for makes no sense. */
  'usage',
  /** A file of ours is damaged. */
  'state',
  /** There is no such network, tap or published port. */
  'missing',
  /** Something is in the way: a name taken, a subnet in use, a tap in use. */
  'conflict',
  /** A program is not installed. */
  'tools',
  /** The host refused. */
  'host',
  /** Not root. */
  'permission',
] as const;
export type Kind = (typeof KINDS)[number];

export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly kind: Kind;

  constructor(kind: Kind, message: string) {
    super(message);
    this.kind = kind;
  }
}
