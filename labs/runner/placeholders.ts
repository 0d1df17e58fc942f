// Typed placeholders: `‹ip›` in an expected line stands for one address, and so on. The list is in labs/README.md.

const NUMBER = String.raw`\d+(?:\.\d+)?`;
const DATE = String.raw`\d{4}-\d\d-\d\d`;
const CLOCK = String.raw`\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?`;

/** What each kind of placeholder matches. */
const KINDS: Readonly<Record<string, string>> = {
  ip: String.raw`(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})`,
  mac: String.raw`[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}`,
  number: NUMBER,
  duration: String.raw`${NUMBER} ?(?:ns|µs|us|ms|s|min)`,
  size: String.raw`${NUMBER} ?(?:[kKMGT]i?)?B`,
  time: String.raw`(?:${DATE}[T ]${CLOCK}|${DATE}|${CLOCK})`,
  hash: '[0-9a-f]{8,}',
  pid: String.raw`\d+`,
  text: '.+',
};

/** The names of all kinds. */
export const PLACEHOLDERS: readonly string[] = Object.keys(KINDS);

/** A placeholder nobody defined. */
export class PlaceholderError extends Error {
  override readonly name = 'PlaceholderError';
}

/** `‹kind›`, or `‹kind:name›` where the value is one that is to be the same wherever that name stands. */
const PLACEHOLDER = /‹[^›]*›/;
const KNOWN = /^‹([a-z]+)(?::([a-z][a-z0-9-]*))?›$/;

/** An expected line in pieces: text, and what stands for values. @throws PlaceholderError */
function piecesOf(line: string): { readonly source: string; readonly name?: string }[] {
  return line.split(new RegExp(`(${PLACEHOLDER.source})`)).map((piece) => {
    if (!PLACEHOLDER.test(piece)) return { source: piece.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`) };
    const [, kind = '', name] = KNOWN.exec(piece) ?? [];
    const source = KINDS[kind];
    if (source === undefined) {
      throw new PlaceholderError(
        `'${piece}' is no placeholder; there are ${PLACEHOLDERS.map((known) => `‹${known}›`).join(', ')}, and each with a name, as ‹ip:server›`,
      );
    }
    return name === undefined ? { source } : { source, name: `${kind}:${name}` };
  });
}

/** The pattern of an expected line: literal but for its placeholders. @throws PlaceholderError */
export function linePattern(line: string): RegExp {
  return new RegExp(
    `^${piecesOf(line)
      .map(({ source }) => source)
      .join('')}$`,
    'u',
  );
}

/** The named values of `got`, a line that `line` stands for, in their order. A name is one with its kind, as `ip:server`. */
export function namedValues(line: string, got: string): { readonly name: string; readonly value: string }[] {
  const pieces = piecesOf(line);
  const pattern = pieces.map(({ source, name }) => (name === undefined ? source : `(${source})`)).join('');
  const values = new RegExp(`^${pattern}$`, 'u').exec(got)?.slice(1) ?? [];
  return pieces
    .flatMap(({ name }) => (name === undefined ? [] : [name]))
    .map((name, index) => ({ name, value: values[index] ?? '' }));
}
