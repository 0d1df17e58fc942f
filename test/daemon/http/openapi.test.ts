// The description of the HTTP API: it is OpenAPI, and says what the server does.
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { openapi } from '../../../runtime/api/openapi.ts';
import { operations } from '../../../runtime/api/operations.ts';

test('it is valid OpenAPI 3.1, all that is referred to is there, and all that is there is referred to', async () => {
  const description = openapi('1.2.3');
  const validator = new Validator();
  expect(await validator.validate(description)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  const text = JSON.stringify(description);
  const referred = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name));
  const { schemas } = description['components'] as { schemas: Record<string, unknown> };
  expect([...referred].sort()).toEqual(Object.keys(schemas).sort());
});

test('it has each operation once, under its name', () => {
  const paths = openapi('1.2.3')['paths'] as Record<string, Record<string, { operationId: string }>>;
  const found = Object.values(paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(found.sort()).toEqual(Object.keys(operations).sort());
});
