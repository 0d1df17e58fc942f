// What the API says of itself.
import { openapi } from '../../api/openapi.ts';
import { PROBLEMS, type ProblemKind } from '../../api/problems.ts';
import { VERSION } from '../../version.ts';
import type { Handlers } from './call.ts';
import { HttpProblem } from './problem.ts';

export const about = {
  getVersion: () => Promise.resolve({ version: VERSION, api: 'v1' as const }),
  async getHealth({ client }) {
    // The cheapest there is: about a device, whether there is one or not.
    await client.ask({ path: [], label: 'health' }, { kind: 'block', value: { kind: 'info' } });
    return { status: 'ok' as const };
  },
  getDescription: () => Promise.resolve(openapi(VERSION)),
  getProblem({ parameters: { kind } }) {
    if (!Object.hasOwn(PROBLEMS, kind)) throw new HttpProblem('not-found', 'there is no such problem');
    const [status, title, remedy] = PROBLEMS[kind as ProblemKind];
    return Promise.resolve(`${title} (${status}). ${remedy}\n`);
  },
} satisfies Partial<Handlers>;
