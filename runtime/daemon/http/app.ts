// The HTTP API: the operations of the table as routes, each with who asks, what they may, and what they sent, checked.
import { Hono } from 'hono';
import { operations, type Operation, type OperationId } from '../../api/operations.ts';
import { Client } from '../../client/socket.ts';
import { Budget } from '../tls/budget.ts';
import { about } from './about.ts';
import { permit, type Access } from './access.ts';
import { responseOf } from './answer.ts';
import { blocks } from './blocks.ts';
import type { Call, Handler, Handlers } from './call.ts';
import { meets } from './conditions.ts';
import { consoles } from './consoles.ts';
import { checked, jsonIn, parametersIn, queryIn, subjectOf } from './parse.ts';
import { policies } from './policies.ts';
import { HttpProblem, problemOf } from './problem.ts';
import { unikernels } from './unikernels.ts';

const HANDLERS: Handlers = { ...about, ...unikernels, ...consoles, ...blocks, ...policies };

/** Bytes of images and what comes with them that are held at a time. */
const IMAGES_MAX = 68 << 20;

export interface Surroundings {
  /** Who asks. @throws HttpProblem where they may not ask at all. */
  readonly access: (request: Request, connection: unknown) => Access;
  readonly log: (line: string) => void;
}

/** @returns What answers a request that came by `connection`. */
export function createApp({
  access,
  log,
}: Surroundings): (request: Request, connection?: unknown) => Promise<Response> {
  const app = new Hono<{ Bindings: { access: Access } }>();
  const room = new Budget(IMAGES_MAX);
  const methods = new Map<string, string[]>();

  for (const [id, operation] of Object.entries(operations) as [OperationId, Operation][]) {
    const route = operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
    methods.set(route, [...(methods.get(route) ?? []), operation.method.toUpperCase()]);
    app.on(operation.method.toUpperCase(), route, async (c) => {
      const parameters = parametersIn(operation, (name) => c.req.param(name));
      const query = queryIn(operation, new URL(c.req.url));
      const subject = subjectOf(parameters, query);
      permit(c.env.access, operation, subject);
      const call = {
        ...{ client: new Client(c.env.access.way), access: c.env.access, subject, parameters, query },
        ...{ request: c.req.raw, room, body: undefined as unknown },
      };
      if (operation.conditional) {
        const { conditional } = operation;
        await meets(c.req.raw, () => HANDLERS[conditional](call as unknown as Call<typeof conditional>));
      }
      call.body = await bodyIn(operation, c.req.raw);
      // That it is what this one takes is in the types of the table.
      const said = await (HANDLERS[id] as unknown as Handler<'getVersion'>)(
        call as unknown as Call<'getVersion'>,
      );
      return responseOf(operation, said, c.req.raw, c.env.access);
    });
  }
  for (const [route, allowed] of methods)
    app.all(route, (c) => {
      throw new HttpProblem(
        'method',
        `${c.req.method}: use ${allowed.join(' or ')}`,
        {},
        { Allow: allowed.join(', ') },
      );
    });
  app.notFound(() =>
    new HttpProblem('not-found', 'there is no such resource; see /v1/openapi.json').toResponse(),
  );
  app.onError((error) => {
    const problem = problemOf(error);
    if (!problem) log(`failed: ${error.stack ?? error.message}`);
    return (problem ?? new HttpProblem('internal', 'it could not be done; the log says why')).toResponse();
  });

  return async (request, connection) => {
    let response: Response;
    try {
      response = await app.fetch(request, { access: access(request, connection) });
    } catch (error) {
      response = (
        problemOf(error) ?? new HttpProblem('internal', 'it could not be done; the log says why')
      ).toResponse();
      if (!problemOf(error)) log(`failed: ${String((error as Error).stack)}`);
    }
    response.headers.set('Cache-Control', 'no-store');
    response.headers.set('X-Content-Type-Options', 'nosniff');
    return response;
  };
}

async function bodyIn({ body }: Operation, request: Request): Promise<unknown> {
  if (body?.kind !== 'json') return undefined;
  const sent = await jsonIn(request);
  if (sent === undefined && body.optional) return undefined;
  return checked(body.schema, sent, 'body');
}
