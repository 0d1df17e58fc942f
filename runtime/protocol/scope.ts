// Names in lists. Who asks about a path is answered with names that begin below it: of `foo:`, `foo:bar:hello` is `bar:hello`, and `foo:` itself is `:`.
import { isWithin, type Name } from './name.ts';
import type { Success } from './reply.ts';

/** `answer` with each name of a list as `change` has it. What only Kittiwake answers has whole names. */
function renamed(answer: Success, change: (name: Name) => Name): Success {
  const entry = <T extends { readonly name: Name }>(one: T): T => ({ ...one, name: change(one.name) });
  switch (answer.kind) {
    case 'policies':
      return { kind: answer.kind, value: answer.value.map(entry) };
    case 'blocks':
      return { kind: answer.kind, value: answer.value.map(entry) };
    case 'unikernels':
    case 'unikernelsV5':
    case 'unikernelsV4':
      return { kind: answer.kind, value: answer.value.map(entry) };
    case 'inactiveConsoles':
      return { kind: answer.kind, value: answer.value.map(change) };
    default:
      return answer;
  }
}

/** The path that lists about `scope` begin at. A policy is a path's, whatever label was asked with it. */
const from = (scope: Name, { kind }: Success): readonly string[] =>
  scope.label === undefined || kind === 'policies' ? scope.path : [];

/** `answer`, whose names are whole, as it is sent to who asked about `scope`. */
export function seenFrom(scope: Name, answer: Success): Success {
  const path = from(scope, answer);
  return renamed(answer, (name) =>
    isWithin(name, { path }) ? { ...name, path: name.path.slice(path.length) } : name,
  );
}

/** `answer` to who asked about `scope`, with whole names. */
export function inFull(scope: Name, answer: Success): Success {
  const path = from(scope, answer);
  return renamed(answer, (name) => ({ ...name, path: [...path, ...name.path] }));
}
