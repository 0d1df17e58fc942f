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

/** The pattern of an expected line: literal but for its placeholders. @throws PlaceholderError */
export function linePattern(line: string): RegExp {
  const source = line.split(/(‹[^›]*›)/).map((piece) => {
    const kind = /^‹(.*)›$/.exec(piece)?.[1];
    if (kind === undefined) return piece.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
    const pattern = KINDS[kind];
    if (pattern === undefined) {
      throw new PlaceholderError(
        `'${piece}' is no placeholder; there are ${PLACEHOLDERS.map((name) => `‹${name}›`).join(', ')}`,
      );
    }
    return pattern;
  });
  return new RegExp(`^${source.join('')}$`, 'u');
}
