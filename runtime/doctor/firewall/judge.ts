// What the host's firewall does with a packet that is only imagined: it goes through the rules as the kernel would, and says which one ends its way.
import type { Expression, Rule, RuleChain, Ruleset } from '../../network/ruleset.ts';
import { asObject, lookUp, matches, type Answer, type Packet, type Sets } from './match.ts';

/** Who ended the packet's way. */
export interface Culprit {
  readonly chain: RuleChain;
  /** Absent where the chain's policy did. */
  readonly rule?: Rule;
}

/** `unclear`: it depends on matches that cannot be judged, such as those only iptables reads. */
export type Outcome =
  { readonly end: 'passes' | 'unclear' } | { readonly end: 'dropped'; readonly by: Culprit };

type Verdict = 'accept' | 'drop' | 'return' | 'continue' | 'unclear';
interface Step {
  readonly verdict: Verdict;
  readonly rule?: Rule;
}

/** Deepest that chains jump; the kernel allows 16 (NFT_JUMP_STACK_SIZE). */
const DEPTH_MAX = 16;
const GOES_ON: Step = { verdict: 'continue' };

/** Base chains where packets of `family` enter at `hook`, in the kernel's order. */
export function baseChains({ chains }: Ruleset, hook: string, type: string, family: 4 | 6): RuleChain[] {
  const families = ['inet', family === 4 ? 'ip' : 'ip6'];
  return chains
    .filter((chain) => chain.hook === hook && chain.type === type && families.includes(chain.family))
    .sort((a, b) => a.priority - b.priority);
}

/** What becomes of `packet` where the host forwards. A packet has to pass every base chain. */
export function judgeForward(ruleset: Ruleset, packet: Packet): Outcome {
  let unclear = false;
  for (const chain of baseChains(ruleset, 'forward', 'filter', packet.family)) {
    const { verdict, rule } = walk(ruleset, chain, packet, 0);
    if (verdict === 'drop') return { end: 'dropped', by: { chain, ...(rule && { rule }) } };
    if (verdict === 'unclear') unclear = true;
    else if (verdict !== 'accept' && chain.policy === 'drop') return { end: 'dropped', by: { chain } };
  }
  return { end: unclear ? 'unclear' : 'passes' };
}

/** Whether `packet` leaves with an address of the host's. */
export function isTranslated(ruleset: Ruleset, packet: Packet): Answer {
  let unclear = false;
  for (const chain of baseChains(ruleset, 'postrouting', 'nat', packet.family)) {
    const { verdict } = walk(ruleset, chain, packet, 0, isTranslation);
    if (verdict === 'accept') return true;
    if (verdict === 'unclear') unclear = true;
  }
  return unclear ? undefined : false;
}

/** Statements that give a packet another source address; iptables' own are listed as `xt`. */
function isTranslation(expression: Expression): boolean {
  const { type, name } = asObject(expression['xt']);
  return (
    'masquerade' in expression ||
    'snat' in expression ||
    (type === 'target' && ['MASQUERADE', 'SNAT', 'NETMAP'].includes(String(name)))
  );
}

/**
 * Goes through a chain. With `wanted`, as for translation, a rule that has such a statement counts as accepting, and whatever else ends the way as
 * dropping: the packet goes on as it is.
 */
function walk(
  ruleset: Ruleset,
  chain: RuleChain,
  packet: Packet,
  depth: number,
  wanted?: (expression: Expression) => boolean,
): Step {
  if (depth > DEPTH_MAX) return { verdict: 'unclear' };
  const sets: Sets = (name) => ruleset.sets.get(`${chain.family} ${chain.table} ${name}`);
  const enter = (name: unknown): Step => {
    const next = ruleset.chains.find(
      (each) => each.family === chain.family && each.table === chain.table && each.name === name,
    );
    return next ? walk(ruleset, next, packet, depth + 1, wanted) : { verdict: 'unclear' };
  };
  let unclear = false;
  for (const rule of chain.rules) {
    const { fits, step } = apply(rule, packet, sets, enter, wanted);
    if (fits === false || step.verdict === 'continue') continue;
    if (fits === undefined || step.verdict === 'unclear') {
      unclear = true;
      continue;
    }
    // An earlier rule that could not be judged may have ended the way otherwise.
    if (step.verdict === 'return') break;
    return unclear ? { verdict: 'unclear' } : step;
  }
  return unclear ? { verdict: 'unclear' } : GOES_ON;
}

function apply(
  rule: Rule,
  packet: Packet,
  sets: Sets,
  enter: (name: unknown) => Step,
  wanted?: (expression: Expression) => boolean,
): { readonly fits: Answer; readonly step: Step } {
  let fits: Answer = true;
  for (const expression of rule.expr) {
    let verdict: Expression | undefined = expression;
    let found: Answer = true;
    if ('match' in expression) {
      found = matches(asObject(expression['match']), packet, sets);
      verdict = undefined;
    } else if ('vmap' in expression) {
      const looked = lookUp(asObject(expression['vmap']), packet, sets);
      [found, verdict] = [looked.fits, looked.verdict];
    } else if (wanted?.(expression)) return { fits, step: { verdict: 'accept', rule } };
    else if ('queue' in expression || asObject(expression['xt'])['type'] === 'target')
      return { fits, step: { verdict: 'unclear' } };
    else if ('xt' in expression) [found, verdict] = [undefined, undefined];
    if (found === false) return { fits: false, step: GOES_ON };
    if (found === undefined) fits = undefined;
    const step = verdict && verdictOf(verdict, rule, enter);
    if (step?.verdict === 'accept' && step.rule === rule && wanted)
      return { fits, step: { verdict: 'drop', rule } };
    if (step) return { fits, step };
  }
  // It counts, marks or logs.
  return { fits, step: GOES_ON };
}

function verdictOf(expression: Expression, rule: Rule, enter: (name: unknown) => Step): Step | undefined {
  if ('accept' in expression) return { verdict: 'accept', rule };
  if ('drop' in expression || 'reject' in expression) return { verdict: 'drop', rule };
  if ('return' in expression) return { verdict: 'return' };
  if ('jump' in expression) {
    const step = enter(asObject(expression['jump'])['target']);
    return step.verdict === 'return' ? GOES_ON : step;
  }
  if ('goto' in expression) {
    const step = enter(asObject(expression['goto'])['target']);
    return step.verdict === 'continue' ? { verdict: 'return' } : step;
  }
  return undefined;
}
