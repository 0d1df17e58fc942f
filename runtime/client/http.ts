// A typed client of the HTTP API, for browsers and for Node: what can be asked, with what, and what comes back, is all in the table of operations, and
// what comes back is checked by it.
import type { z } from 'zod';
import {
  operations,
  parametersOf,
  type Operation,
  type OperationId,
  type Operations,
  type ParametersOf,
} from '../api/operations.ts';
import { Problem } from '../api/schemas.ts';
import { serverSentEvents } from './sse.ts';

export interface Where {
  /** Such as `https://host:1026`. */
  readonly base: string;
  /** Of `kittiwake token create`. */
  readonly token?: string;
  /** In place of the platform's own, such as one that goes to a Unix socket. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** What the server says no with. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

type Bytes = Blob | Uint8Array<ArrayBuffer>;
type BodyOf<O extends Operation> = O['body'] extends {
  readonly kind: 'image';
  readonly schema: infer S extends z.ZodType;
}
  ? { readonly body: { readonly settings: z.input<S>; readonly image?: Bytes } }
  : O['body'] extends { readonly kind: 'json'; readonly schema: infer S extends z.ZodType }
    ? O['body'] extends { readonly optional: true }
      ? { readonly body?: z.input<S> }
      : { readonly body: z.input<S> }
    : O['body'] extends { readonly kind: 'bytes' }
      ? { readonly body: Bytes }
      : object;
type QueryOf<O extends Operation> = O['query'] extends infer S extends z.ZodObject
  ? { readonly query?: z.input<S> }
  : object;

/** What an operation is asked with: what its path names, its query, its body, and how things are to be. */
export type Asked<K extends OperationId> = Readonly<Record<ParametersOf<Operations[K]['path']>, string>> &
  QueryOf<Operations[K]> &
  BodyOf<Operations[K]> & {
    readonly ifMatch?: string;
    readonly ifNoneMatch?: '*';
    readonly signal?: AbortSignal;
  };

type KindOf<K extends OperationId> = Operations[K]['answer']['kind'];
/** Operations whose answers are streams of events. */
export type Followed = { [K in OperationId]: KindOf<K> extends 'events' ? K : never }[OperationId];
export type Called = Exclude<OperationId, Followed>;

type DataOf<K extends OperationId> = Operations[K]['answer'] extends {
  readonly schema: infer S extends z.ZodType;
}
  ? z.output<S>
  : never;
export type Answer<K extends Called> =
  KindOf<K> extends 'json'
    ? DataOf<K>
    : KindOf<K> extends 'text'
      ? string
      : ReadableStream<Uint8Array<ArrayBuffer>>;

/** One of a stream of events. */
export interface Said<T> {
  /** To go on after, where that can be. */
  readonly id?: string;
  readonly data: T;
}

/** What any of them may be asked with. */
interface Loose {
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  readonly signal?: AbortSignal;
  readonly lastEventId?: string;
}

export class HttpClient {
  readonly #where: Where;

  constructor(where: Where) {
    this.#where = where;
  }

  /** Asks. @throws HttpError where the answer is no. */
  async call<K extends Called>(id: K, asked: Asked<K>): Promise<Answer<K>> {
    const response = await this.#asked(id, asked);
    const { answer }: Operation = operations[id];
    const said: unknown =
      answer.kind === 'json'
        ? answer.schema.parse(await response.json())
        : answer.kind === 'text'
          ? await response.text()
          : response.body;
    return said as Answer<K>;
  }

  /** Listens, until `signal`, or until the server ends it. @throws HttpError where the answer is no. */
  async *follow<K extends Followed>(
    id: K,
    asked: Asked<K> & { readonly lastEventId?: string },
  ): AsyncGenerator<Said<DataOf<K>>, void> {
    const { body } = await this.#asked(id, asked);
    if (!body) return;
    const { schema }: { readonly schema: z.ZodType } = operations[id].answer;
    for await (const { id: at, data } of serverSentEvents(body)) {
      const value = schema.parse(JSON.parse(data)) as DataOf<K>;
      yield at === undefined ? { data: value } : { id: at, data: value };
    }
  }

  async #asked(id: OperationId, asked: Loose): Promise<Response> {
    const { fetch = (request: Request) => globalThis.fetch(request) } = this.#where;
    const response = await fetch(this.#request(operations[id], asked));
    if (response.ok) return response;
    const found = Problem.safeParse(await response.json().catch(() => undefined));
    throw new HttpError(
      found.data ?? {
        ...{ type: 'about:blank', title: response.statusText, status: response.status },
        detail: `the server answered with ${response.status}, and did not say why`,
      },
    );
  }

  #request({ method, path, body: kind }: Operation, asked: Loose): Request {
    const { query = {}, body, ifMatch, ifNoneMatch, lastEventId, signal } = asked;
    const named = asked as Readonly<Record<string, string>>;
    const filled = parametersOf(path).reduce<string>(
      (text, name) => text.replace(`{${name}}`, encodeURIComponent(named[name] ?? '')),
      path,
    );
    const url = new URL(filled, this.#where.base);
    for (const [name, value] of Object.entries(
      query as Readonly<Record<string, string | number | undefined>>,
    ))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const headers = new Headers();
    const { token } = this.#where;
    for (const [name, value] of [
      ['Authorization', token === undefined ? undefined : `Bearer ${token}`],
      ['If-Match', ifMatch],
      ['If-None-Match', ifNoneMatch],
      ['Last-Event-ID', lastEventId],
    ] as const)
      if (value !== undefined) headers.set(name, value);
    const sent = body === undefined ? undefined : bodyOf(kind?.kind ?? 'json', body, headers);
    return new Request(url, {
      ...{ method: method.toUpperCase(), headers },
      ...(sent === undefined ? {} : { body: sent }),
      ...(signal ? { signal } : {}),
    });
  }
}

function bodyOf(kind: 'json' | 'bytes' | 'image', body: unknown, headers: Headers): BodyInit {
  const json = (value: unknown): string => {
    headers.set('Content-Type', 'application/json');
    return JSON.stringify(value);
  };
  if (kind === 'json') return json(body);
  if (kind === 'bytes') {
    headers.set('Content-Type', 'application/octet-stream');
    return body as Bytes;
  }
  const { settings, image } = body as { readonly settings: unknown; readonly image?: Bytes };
  if (image === undefined) return json(settings);
  const form = new FormData();
  form.set('settings', new Blob([JSON.stringify(settings)], { type: 'application/json' }));
  form.set('image', image instanceof Blob ? image : new Blob([image]), 'image');
  return form;
}
