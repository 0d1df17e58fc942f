// A request, checked by the schemas of its operation.
import { z } from 'zod';
import { PATH_PARAMETERS, parametersOf, type Operation } from '../../api/operations.ts';
import { parseName, parsePath, ROOT, type Name } from '../../protocol/name.ts';
import { HttpProblem } from './problem.ts';

/** Bytes of the largest JSON. */
export const JSON_MAX = 1 << 20;

/** @throws HttpProblem (malformed) with what is wrong, each by where it stands. */
export function checked<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const errors = found.error.issues.slice(0, 16).map(({ path, message }) => ({
    at: [what, ...path.map(String)].join('.'),
    message,
  }));
  const [first] = errors;
  throw new HttpProblem('malformed', `${first?.at ?? what}: ${first?.message ?? 'it makes no sense'}`, {
    errors,
  });
}

export function parametersIn(
  operation: Operation,
  parameterOf: (name: string) => string | undefined,
): Record<string, string> {
  return Object.fromEntries(
    parametersOf(operation.path).map((name) => [
      name,
      checked(PATH_PARAMETERS[name] as z.ZodType<string>, parameterOf(name), name),
    ]),
  );
}

/** @throws HttpProblem (malformed) where one is given twice, too. */
export function queryIn({ query }: Operation, url: URL): unknown {
  const given: Record<string, string> = {};
  for (const [key, value] of url.searchParams) {
    if (Object.hasOwn(given, key))
      throw new HttpProblem('malformed', `query.${key}: given twice; leave one out`);
    Object.defineProperty(given, key, { value, enumerable: true });
  }
  return checked(query ?? z.strictObject({}), given, 'query');
}

/** What the request speaks of. @throws ProtocolError (name) */
export function subjectOf(parameters: Readonly<Record<string, string>>, query: unknown): Name {
  const { scope, path = parameters['path'] } = (query ?? {}) as {
    readonly scope?: string;
    readonly path?: string;
  };
  const { name } = parameters;
  if (name !== undefined) return parseName(name);
  if (path !== undefined) return { path: parsePath(path) };
  return scope === undefined ? ROOT : parseName(scope);
}

/** The media type of what is sent, without its parameters. */
export const typeOf = (request: Request): string =>
  (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** At most `max` bytes of the request's body. @throws HttpProblem (too-large) */
export async function* piecesOf(
  request: Request,
  max: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const tooLarge = (): HttpProblem => new HttpProblem('too-large', `body: it has more than ${max} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > max) throw tooLarge();
  let held = 0;
  for await (const piece of request.body ?? []) {
    held += piece.length;
    if (held > max) throw tooLarge();
    yield piece;
  }
}

/** The JSON of a request; undefined where there is none. @throws HttpProblem */
export async function jsonIn(request: Request): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  for await (const piece of piecesOf(request, JSON_MAX)) pieces.push(piece);
  if (pieces.length === 0) return undefined;
  if (typeOf(request) !== 'application/json')
    throw new HttpProblem('unsupported-media', 'body: send it as application/json');
  return parsedJson(Buffer.concat(pieces), 'body');
}

/** @throws HttpProblem (malformed) */
export function parsedJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new HttpProblem('malformed', `${what}: it is not JSON in UTF-8`);
  }
}
