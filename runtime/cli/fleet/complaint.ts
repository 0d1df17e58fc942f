// What is wrong with a fleet file, as a person is told it: where, which field, what it takes.
import type * as z from 'zod';
import type { Read } from './document.ts';
import { printable } from '../printable.ts';

type Issue = z.core.$ZodIssue;

/**
 * What is wrong in the branch of a union that was meant: one whose fields are there, with the fewest mistakes in them. Where none was meant, that is what is
 * wrong.
 */
function meant(issue: Issue, value: unknown): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const isMeant = ({ code, path }: Issue): boolean =>
    code === 'unrecognized_keys' ||
    (path.length > 0 && valueAt(value, [...issue.path, ...path]) !== undefined);
  const [best] = issue.errors
    .filter((all) => all.length > 0 && all.every(isMeant))
    .sort((a, b) => a.length - b.length);
  if (!best) return [issue];
  return best.flatMap((inner) => meant({ ...inner, path: [...issue.path, ...inner.path] }, value));
}

const fieldOf = (path: readonly PropertyKey[]): string =>
  printable(path.map(String).join('.'), 200) || 'the file';

function found(value: unknown, code: Issue['code']): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'has no value';
  // What is of the right kind, and wrong within.
  if (typeof value === 'object' && code !== 'invalid_type') return 'does not fit';
  if (Array.isArray(value)) return 'is a list';
  if (typeof value === 'object') return 'has fields of its own';
  return `is ${printable(JSON.stringify(value), 60)}`;
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );

/** The field that was meant by `key`, if it is clear. */
function near(key: string, fields: readonly string[]): string | undefined {
  const simple = (text: string): string => text.toLowerCase().replace(/[-_]/g, '').replace(/s$/, '');
  return fields.find((field) => simple(field) === simple(key) || simple(field).startsWith(simple(key)));
}

/** Lines `FILE:LINE:COLUMN: FIELD: what is wrong; what it takes`, in the order of the file, at most ten. */
export function complaints(
  file: string,
  read: Read,
  issues: readonly Issue[],
  fieldsAt: (path: readonly PropertyKey[]) => readonly string[],
): string[] {
  const all = issues
    .flatMap((issue) => meant(issue, read.value))
    .flatMap((issue) => {
      const { path } = issue;
      if (issue.code === 'unrecognized_keys') {
        const fields = fieldsAt(path);
        return issue.keys.map((key) => {
          const like = near(key, fields);
          const advice = like === undefined ? `there are ${fields.join(', ')}` : `it is called ${like}`;
          return {
            ...read.at(path, key),
            text: `${fieldOf([...path, key])}: there is no such field; ${advice}`,
          };
        });
      }
      const last = path.at(-1);
      if (issue.code === 'invalid_key') {
        const takes = issue.issues[0]?.message ?? 'a name';
        return {
          ...read.at(path.slice(0, -1), String(last)),
          text: `${fieldOf(path)}: not a name here; it takes ${takes}`,
        };
      }
      return {
        ...read.at(path),
        text: `${fieldOf(path)}: ${found(valueAt(read.value, path), issue.code)}; it takes ${issue.message}`,
      };
    });
  return all
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .slice(0, 10)
    .map(({ line, column, text }) => `${file}:${line}:${column}: ${text}`);
}
