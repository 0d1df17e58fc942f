// The host's firewall as nft(8) lists it in JSON: chains with their rules, named sets, and a digest of each table of ours. Only what is used is
// believed to be there.
import { digest } from './sha256.ts';

/** One part of a rule: a match, a statement or a verdict, by its name. */
export type Expression = Readonly<Record<string, unknown>>;

export interface Rule {
  readonly handle: number;
  readonly expr: readonly Expression[];
}

export interface RuleChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Where packets enter it; absent in a chain that others jump to. */
  readonly hook?: string;
  readonly type?: string;
  readonly priority: number;
  readonly policy?: string;
  readonly rules: readonly Rule[];
}

export interface Ruleset {
  readonly chains: readonly RuleChain[];
  /** Elements of named sets and maps, by `inet filter name`. */
  readonly sets: ReadonlyMap<string, readonly unknown[]>;
  /** What is listed of each table called kw-…, as a digest, by `inet kw-web`. */
  readonly digests: ReadonlyMap<string, string>;
}

interface Listed {
  readonly family?: string;
  readonly table?: string;
  readonly name?: string;
  readonly chain?: string;
  readonly hook?: string;
  readonly type?: string;
  readonly prio?: number;
  readonly policy?: string;
  readonly handle?: number;
  readonly expr?: readonly Expression[];
  readonly elem?: readonly unknown[];
}

/** The ruleset as `nft -j list ruleset` writes it. @throws Error where it is no JSON. */
export function parseRuleset(text: string): Ruleset {
  const { nftables = [] } = JSON.parse(text) as { nftables?: readonly Readonly<Record<string, Listed>>[] };
  const ours = new Map<string, string[]>();
  const chains = new Map<string, RuleChain & { readonly rules: Rule[] }>();
  const sets = new Map<string, readonly unknown[]>();
  for (const [type, listed] of nftables.flatMap((entry) => Object.entries(entry))) {
    const { family = '', table = '', name = '' } = listed;
    const whole = `${family} ${type === 'table' ? name : table}`;
    if (/ kw-/.test(whole)) {
      const parts = ours.get(whole) ?? [];
      ours.set(whole, parts);
      parts.push(JSON.stringify([type, steady(listed)]));
    }
    if (type === 'chain') {
      const { hook, type: kind, policy, prio = 0 } = listed;
      chains.set(`${whole} ${name}`, {
        ...{ family, table, name, priority: prio, rules: [] },
        ...(hook !== undefined && { hook }),
        ...(kind !== undefined && { type: kind }),
        ...(policy !== undefined && { policy }),
      });
    } else if (type === 'rule')
      chains
        .get(`${whole} ${listed.chain}`)
        ?.rules.push({ handle: listed.handle ?? 0, expr: listed.expr ?? [] });
    else if (type === 'set' || type === 'map') sets.set(`${whole} ${name}`, listed.elem ?? []);
  }
  const digests = new Map([...ours].map(([table, parts]) => [table, digest(parts.join(''))]));
  return { chains: [...chains.values()], sets, digests };
}

/** Without what changes though nobody changes a rule: handles count up with every change elsewhere, counters with every packet. */
function steady(listed: Listed): Listed {
  const expr = listed.expr?.map((each) => ('counter' in each ? { counter: null } : each));
  return { ...listed, handle: 0, ...(expr && { expr }) };
}
