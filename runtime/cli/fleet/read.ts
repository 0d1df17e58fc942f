// Reads a fleet file. What is wrong with it is told all at once, each with where it stands.
import { readFile } from 'node:fs/promises';
import { CommandError, EXIT } from '../errors.ts';
import type { Context } from '../command.ts';
import { printable } from '../printable.ts';
import { complaints } from './complaint.ts';
import { readYaml, YamlError, type Read } from './document.ts';
import { fleet, jsonSchema, type Written } from './schema.ts';
import { wantedOf, type Around, type Wanted } from './wanted.ts';

/** @throws the lines of what is wrong. */
export function parseFleet(
  file: string,
  text: string,
): { written: Written; read: Read } | { wrong: string[] } {
  let read: Read;
  try {
    read = readYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return {
      wrong: error.problems.map(({ line, column, text: cause }) => `${file}:${line}:${column}: ${cause}`),
    };
  }
  const checked = fleet.safeParse(read.value);
  if (checked.success) return { written: checked.data, read };
  return { wrong: complaints(file, read, checked.error.issues, fieldsAt) };
}

let published: object | undefined;

/** The names of the fields at `path`, from the schema as it is published. */
function fieldsAt(path: readonly PropertyKey[]): string[] {
  interface Part {
    readonly properties?: Readonly<Record<string, Part>>;
    readonly additionalProperties?: Part | boolean;
    readonly items?: Part;
    readonly anyOf?: readonly Part[];
  }
  let parts: readonly Part[] = [(published ??= jsonSchema())];
  for (const key of path)
    parts = parts
      .flatMap((part) => [part, ...(part.anyOf ?? [])])
      .flatMap(({ properties, additionalProperties, items }) => [
        ...(properties?.[String(key)] ? [properties[String(key)] as Part] : []),
        ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
        ...(typeof key === 'number' && items ? [items] : []),
      ]);
  const all = parts.flatMap((part) => [part, ...(part.anyOf ?? [])]);
  return [...new Set(all.flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

/** What `file` asks for. @throws CommandError, after all but the last complaint have been noted. */
export async function readFleet(
  file: string,
  { install, note }: Pick<Context, 'install' | 'note'>,
  whole: Around['whole'],
): Promise<Wanted> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const cause =
      code === 'ENOENT'
        ? "there is no such file; 'kittiwake export' writes one of what runs"
        : code === 'EACCES'
          ? 'permission denied; make it readable'
          : `${message}; name a file`;
    throw new CommandError(EXIT.noImage, `${printable(file)}: ${cause}`);
  }
  const parsed = parseFleet(printable(file), text);
  const { wanted, wrong } =
    'wrong' in parsed
      ? { ...parsed, wanted: undefined }
      : await wantedOf(parsed.written, { file, read: parsed.read, install, whole });
  if (wanted && wrong.length === 0) return wanted;
  for (const line of wrong.slice(0, -1)) note(printable(line, 500));
  throw new CommandError(EXIT.image, printable(wrong.at(-1) ?? '', 500));
}
