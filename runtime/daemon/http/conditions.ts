// Requests that depend on how things are (RFC 9110, section 13). What is compared is what was there a moment before the orchestrator is asked; only that
// something is not there at all is for the orchestrator to tell at the moment it makes it.
import { lists, representation, tagOf } from './answer.ts';
import { HttpProblem } from './problem.ts';

/** @param current - What there is. @throws HttpProblem (precondition) */
export async function meets(request: Request, current: () => Promise<unknown>): Promise<void> {
  const match = request.headers.get('if-match');
  const none = request.headers.get('if-none-match');
  if (match === null && none === null) return;
  if (none !== null && none.trim() !== '*')
    throw new HttpProblem(
      'malformed',
      'If-None-Match: only * makes sense here; leave it out, or use If-Match',
    );
  const tag = await current().then(
    (value) => tagOf(representation(value)),
    (error: unknown) => {
      if (error instanceof HttpProblem && error.kind === 'not-found') return undefined;
      throw error;
    },
  );
  if (none !== null && tag !== undefined)
    throw new HttpProblem('precondition', 'If-None-Match: it is there already');
  if (match !== null && (tag === undefined || !lists(match, tag)))
    throw new HttpProblem(
      'precondition',
      `If-Match: ${tag === undefined ? 'it is not there' : `it is ${tag} by now`}; look at it again`,
    );
}
