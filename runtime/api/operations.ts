// All that can be asked: one entry an operation. The server's routes, its checks, the typed client and the published description are made of this.
import { z } from 'zod';
import * as s from './schemas.ts';

/** What a token allows. */
export const VERBS = [
  'read',
  'console',
  'image',
  'create',
  'restart',
  'stop',
  'delete',
  'block',
  'policy',
] as const;
export type Verb = (typeof VERBS)[number];

/** What of a request names something: by it is judged whether who asks may speak of it. */
export const PATH_PARAMETERS = {
  name: s.Name,
  path: s.Path,
  kind: z.string().max(40).describe('The last part of the `type` of a problem'),
} as const;

export type Body =
  | { readonly kind: 'json'; readonly schema: z.ZodType; readonly optional?: boolean }
  /** Bytes, however many. */
  | { readonly kind: 'bytes'; readonly description: string }
  /** `settings` in JSON with an image by its digest, or a form of `settings` and the image. */
  | { readonly kind: 'image'; readonly schema: z.ZodType };

export type Answer =
  | { readonly kind: 'json'; readonly schema: z.ZodType; readonly status?: readonly number[] }
  | { readonly kind: 'bytes'; readonly description: string }
  | { readonly kind: 'text'; readonly description: string }
  /** Server-sent events, each with data of this form. */
  | {
      readonly kind: 'events';
      readonly event: string;
      readonly schema: z.ZodType;
      readonly resumable: boolean;
    };

export interface Operation {
  readonly method: 'get' | 'put' | 'post' | 'delete';
  readonly path: `/v1/${string}`;
  readonly summary: string;
  readonly description?: string;
  /** What a token must allow; absent: anybody may ask who may ask at all. */
  readonly verb?: Verb;
  readonly query?: z.ZodObject;
  readonly body?: Body;
  readonly answer: Answer;
  /** It may depend on how what it is about is: If-Match, and If-None-Match of whatever is there. */
  readonly conditional?: boolean;
}

const page = {
  after: z.string().max(2048).optional().describe('The last name of the page before'),
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('So many at most'),
};
const scope = { scope: s.Scope.default(':') };
const scoped = z.strictObject({ ...scope, ...page });
const lines = z.coerce.number().int().min(0).max(1024);
const json = <S extends z.ZodType>(schema: S, status: readonly number[] = [200]) =>
  ({ kind: 'json', schema, status }) as const;

export const operations = {
  getVersion: { method: 'get', path: '/v1/version', summary: 'The version', answer: json(s.Version) },
  getHealth: {
    method: 'get',
    path: '/v1/health',
    summary: 'Whether kittiwaked answers',
    answer: json(s.Health),
  },
  getDescription: {
    method: 'get',
    path: '/v1/openapi.json',
    summary: 'This description',
    answer: json(z.record(z.string(), z.unknown())),
  },
  getProblem: {
    method: 'get',
    path: '/v1/problems/{kind}',
    summary: 'What a problem means',
    answer: { kind: 'text', description: 'What it means, and what to do' },
  },
  listUnikernels: {
    method: 'get',
    path: '/v1/unikernels',
    summary: 'The unikernels, those that ended among them',
    verb: 'read',
    query: scoped,
    answer: json(s.Unikernels),
  },
  getUnikernel: {
    method: 'get',
    path: '/v1/unikernels/{name}',
    summary: 'A unikernel',
    verb: 'read',
    answer: json(s.Unikernel),
  },
  getConsole: {
    method: 'get',
    path: '/v1/unikernels/{name}/console',
    summary: 'The last lines it printed',
    verb: 'console',
    query: z.strictObject({ lines: lines.default(100) }),
    answer: json(s.Console),
  },
  listInactiveConsoles: {
    method: 'get',
    path: '/v1/inactive-consoles',
    summary: 'Unikernels that do not run and whose last lines are kept',
    verb: 'console',
    query: scoped,
    answer: json(s.Names),
  },
  listBlocks: {
    method: 'get',
    path: '/v1/blocks',
    summary: 'The block devices',
    verb: 'read',
    query: scoped,
    answer: json(s.Blocks),
  },
  getBlock: {
    method: 'get',
    path: '/v1/blocks/{name}',
    summary: 'A block device',
    verb: 'read',
    answer: json(s.Block),
  },
  listPolicies: {
    method: 'get',
    path: '/v1/policies',
    summary: 'The policies; that of the root is what the host has',
    verb: 'read',
    query: z.strictObject({ path: s.Path.default(':'), ...page }),
    answer: json(s.Policies),
  },
  getPolicy: {
    method: 'get',
    path: '/v1/policies/{path}',
    summary: 'The policy of a path',
    verb: 'read',
    answer: json(s.Policy),
  },
} as const satisfies Record<string, Operation>;

export type Operations = typeof operations;
export type OperationId = keyof Operations;

/** The names in braces of a path. */
export type ParametersOf<P extends string> = P extends `${string}{${infer K}}${infer R}`
  ? K | ParametersOf<R>
  : never;

export const parametersOf = (path: string): (keyof typeof PATH_PARAMETERS)[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as keyof typeof PATH_PARAMETERS);
