// Who asks, and what they may ask for.
import type { Operation } from '../../api/operations.ts';
import type { Verb } from '../../api/verbs.ts';
import type { Way } from '../../client/socket.ts';
import { formatName, isWithin, type Name } from '../../protocol/name.ts';
import { HttpProblem } from './problem.ts';

export interface Access {
  /** For counting, and for the log. */
  readonly who: string;
  /** All they ask for is at or below this. */
  readonly scope: Name;
  /** Absent: all. */
  readonly verbs?: ReadonlySet<Verb>;
  /** How the orchestrator is asked for them. */
  readonly way: Way;
  /** Why they may go on no longer; asked again while they listen. */
  readonly ended: () => string | undefined;
}

/** All, for whoever could ask the orchestrator itself. */
export const everything = (who: string, way: Way): Access => ({
  ...{ who, scope: { path: [] }, way, ended: () => undefined },
});

/**
 * Below their own path they make something only where there is a policy for it: where `kittiwaked --policies own` has it so, that of the path alone limits.
 * @throws HttpProblem (policy)
 */
export async function placed(
  { scope, who }: Access,
  subject: Name,
  hasPolicy: () => Promise<boolean>,
): Promise<void> {
  if (scope.path.length === 0 || subject.path.length <= scope.path.length || (await hasPolicy())) return;
  const policy = formatName({ path: subject.path });
  throw new HttpProblem('policy', `${who}: there is no policy of ${policy}, which is below; set one first`, {
    policy,
  });
}

/**
 * @param subject - What is asked about: a name, or a path and all below it.
 * @throws HttpProblem (forbidden)
 */
export function permit({ scope, verbs, who }: Access, { verb, method }: Operation, subject: Name): void {
  if (verb === undefined) return;
  if (verbs && !verbs.has(verb)) throw new HttpProblem('forbidden', `${who}: it does not allow ${verb}`);
  const own = formatName(scope);
  if (!isWithin(subject, scope))
    throw new HttpProblem('forbidden', `${who}: it is for ${own}, and not for ${formatName(subject)}`);
  // Nobody sets the limits that are theirs.
  if (verb === 'policy' && method !== 'get' && own !== ':' && formatName(subject) === own)
    throw new HttpProblem('forbidden', `${who}: the policy of ${own} is for those above it to set`, {
      policy: own,
    });
}
