// Names of unikernels and block devices, and of the paths they are below: `foo:bar:hello` is hello below bar below foo. A path alone ends in a colon.
import { ProtocolError } from './errors.ts';

export interface Name {
  /** From the outermost on; empty at the root. */
  readonly path: readonly string[];
  /** What it names; a name without one is the path itself. */
  readonly label?: string;
}

export const ROOT: Name = { path: [] };

/** Longest label, as in the DNS. */
const LABEL_MAX = 63;
/** Deepest path: the chain of certificates has at most 9, and a local user gains nothing by more. */
const PATH_MAX = 32;

const shown = (input: string): string => JSON.stringify(input.length > 80 ? `${input.slice(0, 80)}…` : input);

/**
 * A label in its canonical form, which is lower case.
 * @throws ProtocolError (name)
 */
export function label(input: string): string {
  const cause =
    input === ''
      ? 'it is empty'
      : input.length > LABEL_MAX
        ? `it has ${input.length} characters, ${LABEL_MAX} are the most`
        : input.startsWith('-')
          ? 'it begins with a hyphen'
          : /[^A-Za-z0-9.-]/.test(input)
            ? 'letters, digits, `.` and `-` are allowed'
            : undefined;
  if (cause !== undefined) throw new ProtocolError('name', `label ${shown(input)}: ${cause}`);
  return input.toLowerCase();
}

function labels(input: string): string[] {
  const found = input.split(':').map(label);
  if (found.length > PATH_MAX)
    throw new ProtocolError(
      'name',
      `name ${shown(input)}: it is ${found.length} deep, ${PATH_MAX} is the most`,
    );
  return found;
}

/**
 * Reads a name as it is on the wire and on command lines: `hello` and `:hello` are the same; `foo:` and `:` are paths.
 * @throws ProtocolError (name)
 */
export function parseName(input: string): Name {
  if (input === '') throw new ProtocolError('name', `name "": it is empty; the root is written ':'`);
  const inner = input.startsWith(':') ? input.slice(1) : input;
  if (inner === '') return ROOT;
  if (inner.endsWith(':')) return { path: labels(inner.slice(0, -1)) };
  const path = labels(inner);
  const last = path.pop() as string;
  return { path, label: last };
}

/** Reads a path as command lines take it: `foo:bar`, `:foo:bar:`; the root is empty. */
export function parsePath(input: string): readonly string[] {
  const inner = input.replace(/^:/, '').replace(/:$/, '');
  return inner === '' ? [] : labels(inner);
}

/** The canonical form: `:hello`, `foo:bar:hello`, `foo:bar:`, `:`. */
export function formatName({ path, label: last = '' }: Name): string {
  return `${path.join(':')}:${last}`;
}

/** Whether `name` is what `scope` speaks of: exactly it where it has a label, all below it where it is a path. */
export function isWithin(name: Name, scope: Name): boolean {
  if (scope.label !== undefined) return formatName(name) === formatName(scope);
  return scope.path.every((part, at) => name.path[at] === part);
}
