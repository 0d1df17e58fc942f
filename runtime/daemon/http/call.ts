// What an operation is given, and what it answers: typed by the table of operations.
import type { z } from 'zod';
import type { Operation, OperationId, Operations, ParametersOf } from '../../api/operations.ts';
import type { Client } from '../../client/socket.ts';
import type { Name } from '../../protocol/name.ts';
import type { Budget } from '../tls/budget.ts';
import type { Access } from './access.ts';

type Parsed<O extends Operation> = O['body'] extends { readonly schema: infer S extends z.ZodType }
  ? z.output<S> | (O['body'] extends { readonly optional: true } ? undefined : never)
  : undefined;
type Query<O extends Operation> = O['query'] extends infer S extends z.ZodObject ? z.output<S> : undefined;

export interface Call<K extends OperationId> {
  readonly client: Client;
  readonly access: Access;
  /** Of what the request speaks: that of its path, or its scope. */
  readonly subject: Name;
  readonly parameters: Readonly<Record<ParametersOf<Operations[K]['path']>, string>>;
  readonly query: Query<Operations[K]>;
  readonly body: Parsed<Operations[K]>;
  readonly request: Request;
  /** Bytes of images that may be held, of all requests. */
  readonly room: Budget;
}

/** JSON with a status of its own. */
export class Made<T> {
  readonly status: number;
  readonly value: T;

  constructor(status: number, value: T) {
    this.status = status;
    this.value = value;
  }
}

/** One of a stream of events. */
export interface Sent {
  /** To go on after, where that can be. */
  readonly id?: string;
  readonly data: unknown;
}

/** Events, until there are no more, or nobody wants them. */
export interface Events {
  readonly events: AsyncIterable<Sent>;
  readonly close: () => void;
}

/** Bytes, with headers of their own. */
export interface Bytes {
  readonly bytes: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

type Answered<O extends Operation> = O['answer'] extends {
  readonly kind: 'json';
  readonly schema: infer S extends z.ZodType;
}
  ? z.output<S> | Made<z.output<S>>
  : O['answer'] extends { readonly kind: 'text' }
    ? string
    : O['answer'] extends { readonly kind: 'bytes' }
      ? Bytes
      : Events;

export type Handler<K extends OperationId> = (call: Call<K>) => Promise<Answered<Operations[K]>>;
export type Handlers = { readonly [K in OperationId]: Handler<K> };
