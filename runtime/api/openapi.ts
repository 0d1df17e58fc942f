// The description of the API, OpenAPI 3.1, made of the operations and schemas that the server itself works by.
import { z } from 'zod';
import {
  operations,
  parametersOf,
  PATH_PARAMETERS,
  type Answer,
  type Body,
  type Operation,
} from './operations.ts';
import { ANSWERED, ASKED, Problem } from './schemas.ts';
import { VERBS } from './verbs.ts';

type Json = Record<string, unknown>;

const uri = (id: string): string => `#/components/schemas/${id}`;

/** Without what says of a schema by itself what it is written in, and where it lies. */
function bare(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
}

function components(): Json {
  const asked = z.toJSONSchema(ASKED, { uri, io: 'input' }).schemas;
  const answered = z.toJSONSchema(ANSWERED, { uri, io: 'output' }).schemas;
  return Object.fromEntries(
    Object.entries({ ...asked, ...answered })
      .map(([id, schema]) => [id, bare(schema as Json)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const id = (io === 'input' ? ASKED : ANSWERED).get(schema)?.id;
  return id === undefined ? bare(z.toJSONSchema(schema, { io })) : { $ref: uri(id) };
}

const BYTES = 'application/octet-stream';

function parameter(name: string, where: 'path' | 'query' | 'header', schema: Json): Json {
  const { description, ...rest } = schema;
  return {
    name,
    in: where,
    ...(description === undefined ? {} : { description }),
    ...(where === 'path' ? { required: true } : {}),
    schema: rest,
  };
}

function parameters({ path, query, answer, conditional, method }: Operation): Json[] {
  const text = { type: 'string' };
  return [
    ...parametersOf(path).map((name) => parameter(name, 'path', schemaOf(PATH_PARAMETERS[name], 'input'))),
    ...Object.entries(query?.shape ?? {}).map(([name, schema]) =>
      parameter(name, 'query', schemaOf(schema as z.ZodType, 'input')),
    ),
    ...(conditional
      ? [
          parameter('If-Match', 'header', {
            ...text,
            description: 'The `ETag` of what it is expected to be',
          }),
          ...(method === 'put'
            ? [
                parameter('If-None-Match', 'header', {
                  const: '*',
                  description: 'It is expected not to be there',
                }),
              ]
            : []),
        ]
      : []),
    ...(answer.kind === 'events' && answer.resumable
      ? [parameter('Last-Event-ID', 'header', { ...text, description: 'Go on after this one' })]
      : []),
  ];
}

function requestBody(body: Body): Json {
  const binary = { type: 'string', contentMediaType: BYTES };
  switch (body.kind) {
    case 'json':
      return {
        required: body.optional !== true,
        content: { 'application/json': { schema: schemaOf(body.schema, 'input') } },
      };
    case 'bytes':
      return { required: true, description: body.description, content: { [BYTES]: { schema: {} } } };
    case 'image': {
      const settings = schemaOf(body.schema, 'input');
      return {
        required: true,
        content: {
          'multipart/form-data': {
            schema: {
              type: 'object',
              properties: { settings, image: binary },
              required: ['settings', 'image'],
            },
            encoding: { settings: { contentType: 'application/json' }, image: { contentType: BYTES } },
          },
          'application/json': { schema: settings },
        },
      };
    }
  }
}

const STATUS: Readonly<Record<number, string>> = { 200: 'Done', 201: 'Made' };

function answers(answer: Answer): Json {
  switch (answer.kind) {
    case 'json': {
      const content = { 'application/json': { schema: schemaOf(answer.schema, 'output') } };
      return Object.fromEntries(
        (answer.status ?? [200]).map((status) => [
          status,
          { description: STATUS[status] ?? 'Done', content },
        ]),
      );
    }
    case 'bytes':
      return { 200: { description: answer.description, content: { [BYTES]: { schema: {} } } } };
    case 'text':
      return {
        200: { description: answer.description, content: { 'text/plain': { schema: { type: 'string' } } } },
      };
    case 'events':
      return {
        200: {
          description: `Server-sent events named \`${answer.event}\`; the data of each is JSON of this form`,
          content: { 'text/event-stream': { schema: schemaOf(answer.schema, 'output') } },
        },
      };
  }
}

function operationOf(id: string, operation: Operation): Json {
  const { summary, description, verb, body } = operation;
  const said = [description, verb && `A token needs the verb \`${verb}\`.`].filter(Boolean).join('\n\n');
  const asked = parameters(operation);
  return {
    operationId: id,
    summary,
    ...(said === '' ? {} : { description: said }),
    ...(asked.length > 0 ? { parameters: asked } : {}),
    ...(body ? { requestBody: requestBody(body) } : {}),
    responses: {
      ...answers(operation.answer),
      default: {
        description: 'A problem',
        content: { 'application/problem+json': { schema: schemaOf(Problem, 'output') } },
      },
    },
  };
}

/** @param version - Of the runtime. */
export function openapi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [id, operation] of Object.entries(operations))
    (paths[operation.path] ??= {})[operation.method] = operationOf(id, operation);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Kittiwake',
      version,
      description: 'Unikernels of a host: what `kittiwake` asks kittiwaked for, over HTTP.',
      license: { name: 'ISC', identifier: 'ISC' },
    },
    servers: [{ url: '/' }],
    // On the Unix socket there is neither: whoever may open it may ask.
    security: [{}, { token: [] }, { certificate: [] }],
    paths,
    components: {
      schemas: components(),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: `From \`kittiwake token create\`: for a path, some of the verbs ${VERBS.join(', ')}, and a time.`,
        },
        certificate: {
          type: 'mutualTLS',
          description: 'From `kittiwake ca delegate`: all at and below its path, within its policies.',
        },
      },
    },
  };
}
