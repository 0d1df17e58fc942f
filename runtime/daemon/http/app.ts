// The HTTP API: the operations of the table as routes, each with who asks, what they may, and what they sent, checked.
import { Hono } from 'hono';
import { operations, type Operation, type OperationId } from '../../api/operations.ts';
import { Client } from '../../client/socket.ts';
import { Budget } from '../tls/budget.ts';
import { about } from './about.ts';
import { permit, placed, type Access } from './access.ts';
import { responseOf } from './answer.ts';
import { blocks } from './blocks.ts';
import type { Call, Handler, Handlers } from './call.ts';
import { meets } from './conditions.ts';
import { consoles } from './consoles.ts';
import { checked, jsonIn, parametersIn, queryIn, subjectOf } from './parse.ts';
import { hasPolicy, policies } from './policies.ts';
import { HttpProblem, problemOf } from './problem.ts';
import { statistics } from './statistics.ts';
import { TURN_LIMITS, Turns, type TurnLimits } from './turns.ts';
import { unikernels } from './unikernels.ts';

const HANDLERS: Handlers = { ...about, ...unikernels, ...consoles, ...blocks, ...policies, ...statistics };

/** Bytes of images and what comes with them that are held at a time. */
const IMAGES_MAX = 68 << 20;

/** What takes more of the host than before. */
const MAKES: ReadonlySet<OperationId> = new Set(['putUnikernel', 'restartUnikernel', 'putBlock']);

export interface Surroundings {
  /** Who asks. @throws HttpProblem where they may not ask at all. */
  readonly access: (request: Request, connection: unknown) => Access;
  readonly log: (line: string) => void;
  readonly limits?: Partial<TurnLimits>;
}

/** @returns What answers a request that came by `connection`. */
export function createApp({
  access,
  log,
  limits = {},
}: Surroundings): (request: Request, connection?: unknown) => Promise<Response> {
  const app = new Hono<{ Bindings: { access: Access } }>();
  const room = new Budget(IMAGES_MAX);
  const turns = new Turns({ ...TURN_LIMITS, ...limits });
  const methods = new Map<string, string[]>();

  for (const [id, operation] of Object.entries(operations) as [OperationId, Operation][]) {
    const route = operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
    methods.set(route, [...(methods.get(route) ?? []), operation.method.toUpperCase()]);
    app.on(operation.method.toUpperCase(), route, async (c) =>
      turns.take(operation, c.env.access, () =>
        perform(id, operation, c.req.raw, c.env.access, room, (name) => c.req.param(name)),
      ),
    );
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
  const failed = (error: unknown): Response => {
    const problem = problemOf(error);
    if (!problem) log(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return (problem ?? new HttpProblem('internal', 'it could not be done; the log says why')).toResponse();
  };
  app.onError(failed);

  const answered = async (request: Request, connection: unknown): Promise<Response> => {
    try {
      return await app.fetch(request, { access: access(request, connection) });
    } catch (error) {
      return failed(error);
    }
  };
  return async (request, connection) => {
    const head = request.method === 'HEAD';
    const asked = head ? new Request(request.url, { headers: request.headers }) : request;
    const response = await answered(asked, connection);
    response.headers.set('Cache-Control', 'no-store');
    response.headers.set('X-Content-Type-Options', 'nosniff');
    if (!head) return response;
    // A stream that nobody reads is to end.
    await response.body?.cancel();
    return new Response(null, response);
  };
}

/** Does the operation `id`: checks what was sent, and whether it may be asked, before the orchestrator is. */
async function perform(
  id: OperationId,
  operation: Operation,
  request: Request,
  access: Access,
  room: Budget,
  parameterOf: (name: string) => string | undefined,
): Promise<Response> {
  const parameters = parametersIn(operation, parameterOf);
  const query = queryIn(operation, new URL(request.url));
  const subject = subjectOf(parameters, query);
  permit(access, operation, subject);
  const client = new Client(access.way);
  const call = { client, access, subject, parameters, query, request, room, body: undefined as unknown };
  if (MAKES.has(id)) await placed(access, subject, () => hasPolicy(client, subject));
  if (operation.conditional) {
    const { conditional } = operation;
    await meets(request, () => HANDLERS[conditional](call as unknown as Call<typeof conditional>));
  }
  call.body = await bodyIn(operation, request);
  // That it is what this one takes is in the types of the table.
  const said = await (HANDLERS[id] as unknown as Handler<'getVersion'>)(
    call as unknown as Call<'getVersion'>,
  );
  return responseOf(operation, said, request, access);
}

async function bodyIn({ body }: Operation, request: Request): Promise<unknown> {
  if (body?.kind !== 'json') return undefined;
  const sent = await jsonIn(request);
  if (sent === undefined && body.optional) return undefined;
  return checked(body.schema, sent, 'body');
}
