// All that can be asked: one entry an operation. The server's routes, its checks, the typed client and the published description are made of this.
import { z } from 'zod';
import * as s from './schemas.ts';
import type { Verb } from './verbs.ts';

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
  /** What If-Match is compared with, and If-None-Match: the answer of this operation to the same. */
  readonly conditional?: 'getUnikernel' | 'getBlock' | 'getPolicy';
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
  putUnikernel: {
    method: 'put',
    path: '/v1/unikernels/{name}',
    summary: 'Make a unikernel, or put another in its place',
    description: 'With `If-None-Match: *` it is made, and never replaced.',
    verb: 'create',
    body: { kind: 'image', schema: s.Settings },
    answer: json(s.Done, [200, 201]),
    conditional: 'getUnikernel',
  },
  restartUnikernel: {
    method: 'post',
    path: '/v1/unikernels/{name}/restart',
    summary: 'End it, and start it again, with other settings where some are sent',
    verb: 'restart',
    body: { kind: 'json', schema: s.Changes, optional: true },
    answer: json(s.Done),
    conditional: 'getUnikernel',
  },
  stopUnikernel: {
    method: 'post',
    path: '/v1/unikernels/{name}/stop',
    summary: 'End it, and keep it, to be started again by a restart',
    verb: 'stop',
    answer: json(s.Done),
    conditional: 'getUnikernel',
  },
  deleteUnikernel: {
    method: 'delete',
    path: '/v1/unikernels/{name}',
    summary: 'End it, and forget it',
    verb: 'delete',
    answer: json(s.Done),
    conditional: 'getUnikernel',
  },
  getImage: {
    method: 'get',
    path: '/v1/unikernels/{name}/image',
    summary: 'Its image',
    verb: 'image',
    answer: { kind: 'bytes', description: 'The image, with its SHA-256 as `ETag`' },
  },
  getConsole: {
    method: 'get',
    path: '/v1/unikernels/{name}/console',
    summary: 'The last lines it printed',
    verb: 'console',
    query: z.strictObject({ lines: lines.default(100) }),
    answer: json(s.Console),
  },
  followConsole: {
    method: 'get',
    path: '/v1/unikernels/{name}/console/events',
    summary: 'The last lines it printed, and those it will',
    verb: 'console',
    query: z.strictObject({ lines: lines.default(0) }),
    answer: { kind: 'events', event: 'line', schema: s.ConsoleLine, resumable: true },
  },
  followEvents: {
    method: 'get',
    path: '/v1/events',
    summary: 'What happens to unikernels from now on',
    verb: 'read',
    query: z.strictObject(scope),
    answer: { kind: 'events', event: 'event', schema: s.Event, resumable: false },
  },
  getStatistics: {
    method: 'get',
    path: '/v1/unikernels/{name}/statistics',
    summary: 'What it uses',
    verb: 'read',
    answer: json(s.Statistics),
  },
  followStatistics: {
    method: 'get',
    path: '/v1/statistics',
    summary: 'What unikernels use, now and from time to time',
    verb: 'read',
    query: z.strictObject(scope),
    answer: { kind: 'events', event: 'statistics', schema: s.Statistics, resumable: false },
  },
  getMetrics: {
    method: 'get',
    path: '/v1/metrics',
    summary: 'What unikernels use, for Prometheus',
    verb: 'read',
    query: z.strictObject(scope),
    answer: { kind: 'text', description: 'The text format of Prometheus, version 0.0.4' },
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
  putBlock: {
    method: 'put',
    path: '/v1/blocks/{name}',
    summary: 'Make a block device of nothing but zeros',
    description: 'Where there is one of that size it stays as it is.',
    verb: 'block',
    body: { kind: 'json', schema: s.BlockSettings },
    answer: json(s.Done, [200, 201]),
    conditional: 'getBlock',
  },
  deleteBlock: {
    method: 'delete',
    path: '/v1/blocks/{name}',
    summary: 'Remove a block device, and what is on it',
    verb: 'block',
    answer: json(s.Done),
    conditional: 'getBlock',
  },
  putBlockData: {
    method: 'put',
    path: '/v1/blocks/{name}/data',
    summary: 'Put data at its beginning, and zeros after it',
    description: 'What was there before stays until all of it has come.',
    verb: 'block',
    body: { kind: 'bytes', description: 'As much as the device holds, or less' },
    answer: json(s.Done),
    conditional: 'getBlock',
  },
  getBlockData: {
    method: 'get',
    path: '/v1/blocks/{name}/data',
    summary: 'All that is on it',
    verb: 'block',
    answer: { kind: 'bytes', description: 'As many bytes as it has' },
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
  putPolicy: {
    method: 'put',
    path: '/v1/policies/{path}',
    summary: 'Limit what may run at and below a path',
    verb: 'policy',
    body: { kind: 'json', schema: s.PolicySettings },
    answer: json(s.Done, [200, 201]),
    conditional: 'getPolicy',
  },
  deletePolicy: {
    method: 'delete',
    path: '/v1/policies/{path}',
    summary: 'Remove the policy of a path: what runs there runs on, within those above',
    verb: 'policy',
    answer: json(s.Done),
    conditional: 'getPolicy',
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
