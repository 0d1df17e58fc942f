// Why something is not done, as clients of the HTTP API are told it (RFC 9457).
import { PROBLEMS, type ProblemKind } from '../../api/problems.ts';
import type { Problem } from '../../api/schemas.ts';
import { ClientError } from '../../client/socket.ts';
import { ProtocolError } from '../../protocol/errors.ts';

type More = Partial<Pick<Problem, 'policy' | 'errors'>>;

export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly kind: ProblemKind;
  readonly more: More;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    kind: ProblemKind,
    detail: string,
    more: More = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.kind = kind;
    this.more = more;
    this.headers = headers;
  }

  get status(): number {
    return PROBLEMS[this.kind][0];
  }

  toResponse(): Response {
    const [status, title] = PROBLEMS[this.kind];
    const body: Problem = {
      ...{ type: `/v1/problems/${this.kind}`, title, status, detail: this.message },
      ...this.more,
    };
    return new Response(`${JSON.stringify(body)}\n`, {
      status,
      headers: { 'Content-Type': 'application/problem+json', ...this.headers },
    });
  }
}

/**
 * What the orchestrator's refusals are. The wire has a line of text for each and nothing else, so they are told apart by how it begins or ends; one that
 * is none of these is `refused`, with its text all the same.
 */
const REFUSALS: readonly (readonly [ProblemKind, RegExp])[] = [
  ['policy', /^policy of (\S*:) /],
  ['not-found', /: not found$|no unikernel found$|^unknown policy$/],
  [
    'conflict',
    /already running$|already exists$|: is in use$| uses it$|: it does not run$|its data is on its way/,
  ],
];

export function refusal(text: string): HttpProblem {
  for (const [kind, pattern] of REFUSALS) {
    const [found, policy] = pattern.exec(text) ?? [];
    if (found !== undefined) return new HttpProblem(kind, text, policy === undefined ? {} : { policy });
  }
  return new HttpProblem('refused', text);
}

/** `error` as a problem; undefined where it is a fault of ours. */
export function problemOf(error: unknown): HttpProblem | undefined {
  if (error instanceof HttpProblem) return error;
  if (error instanceof ClientError)
    return error.failure === 'refused'
      ? refusal(error.message)
      : new HttpProblem('unavailable', error.message);
  if (error instanceof ProtocolError) return new HttpProblem('malformed', error.message);
  return undefined;
}
