// YAML as plain values, with where each of them stands. It is somebody's text: its size, its depth and what its aliases come to are bounded.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';

/** Characters of a file. */
export const SIZE_MAX = 256 << 10;
/** Values, with each alias counted as often as it is used. */
const VALUES_MAX = 50_000;
const DEPTH_MAX = 16;
const TOO_DEEP = 'it is nested too deep to be read; no field is so deep';

/** What is wrong, and where. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  /** One line: what, and what to do. */
  readonly text: string;
}

export class YamlError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems[0]?.text);
    this.problems = problems;
  }
}

type Path = readonly PropertyKey[];
const keyOf = (path: Path): string => JSON.stringify(path.map(String));

export interface Read {
  readonly value: unknown;
  /** Where the value at `path` stands, or, with a key, that key of it; where there is none, whatever is around it. */
  readonly at: (path: Path, key?: string) => { readonly line: number; readonly column: number };
}

/** @throws YamlError */
export function readYaml(text: string): Read {
  const lines = new LineCounter();
  const where = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const refuse = (offset: number, cause: string): never => {
    throw new YamlError([{ ...where(offset), text: cause }]);
  };
  if (text.length > SIZE_MAX)
    return refuse(0, `the file has ${text.length} characters, ${SIZE_MAX} are the most; split it by path`);
  const document = composed(text, lines);
  const wrong = [...document.errors, ...document.warnings];
  if (wrong.some(({ message }) => message.includes('call stack'))) return refuse(0, TOO_DEEP);
  if (wrong.length > 0)
    throw new YamlError(
      wrong.slice(0, 10).map(({ pos, message }) => ({
        ...where(pos[0]),
        text: `${message.split('\n')[0] ?? ''}; mend the YAML`,
      })),
    );

  const places = new Map<string, number>();
  const keys = new Map<string, number>();
  const anchors = new Map<string, Node>();
  let values = 0;
  const offsetOf = (node: Node | null, otherwise: number): number => node?.range?.[0] ?? otherwise;

  const plain = (node: Node | null, path: Path, around: number): unknown => {
    const offset = offsetOf(node, around);
    if (!places.has(keyOf(path))) places.set(keyOf(path), offset);
    values += 1;
    if (values > VALUES_MAX)
      return refuse(offset, `more than ${VALUES_MAX} values, aliases among them; use fewer`);
    if (path.length > DEPTH_MAX)
      return refuse(offset, `nested more than ${DEPTH_MAX} deep; no field is so deep`);
    if (node === null) return null;
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (!target)
        return refuse(offset, `alias *${node.source}: it is used before, or within, what it stands for`);
      return plain(target, path, offset);
    }
    const remember = (): void => {
      const { anchor } = node as { anchor?: string };
      if (anchor !== undefined) anchors.set(anchor, node);
    };
    if (isMap(node)) {
      const entries = new Map<string, unknown>();
      for (const { key, value } of node.items) {
        const at = offsetOf(key as Node | null, offset);
        if (!isScalar(key)) return refuse(at, 'a key that is no plain text; write a name');
        const name = key.source ?? String(key.value);
        if (entries.has(name)) return refuse(at, `${name}: it is there twice; leave one out`);
        if (name === '__proto__') return refuse(at, '__proto__: not a name; write another');
        keys.set(keyOf([...path, name]), at);
        entries.set(name, plain(value as Node | null, [...path, name], at));
      }
      remember();
      return Object.fromEntries(entries);
    }
    if (isSeq(node)) {
      const all = node.items.map((item, index) => plain(item as Node | null, [...path, index], offset));
      remember();
      return all;
    }
    remember();
    return isScalar(node) ? node.value : null;
  };
  const value = plain(document.contents, [], 0);
  return {
    value,
    at(path, key) {
      const known = key === undefined ? undefined : keys.get(keyOf([...path, key]));
      for (let length = path.length; known === undefined && length >= 0; length -= 1) {
        const found = places.get(keyOf(path.slice(0, length)));
        if (found !== undefined) return where(found);
      }
      return where(known ?? 0);
    },
  };
}

function composed(text: string, lineCounter: LineCounter): Document.Parsed {
  try {
    // Keys are compared here, one with all others before it: the library would compare each with each.
    return parseDocument(text, { lineCounter, uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new YamlError([{ line: 1, column: 1, text: TOO_DEEP }]);
  }
}
