// What the guards of a network's taps have dropped, and why: the counters of their rules, read back from nft(8).
import type { Exec } from './exec.ts';
import { guardName } from './firewall.ts';
import { bridgeOf, type Network } from './model.ts';

export interface Drop {
  readonly tap: string;
  /** As the rule says it in its comment. */
  readonly reason: string;
  readonly packets: number;
  readonly bytes: number;
}

/** What nft writes of a rule, of which only what is used is believed to be there. */
interface Rule {
  readonly chain?: string;
  readonly comment?: string;
  readonly expr?: readonly { readonly counter?: { readonly packets?: number; readonly bytes?: number } }[];
}

/**
 * Every reason of every tap, also those that never came up, in the order the rules stand in; undefined where the rules may not be read, as by an
 * ordinary user, or are not there.
 */
export function readDrops(network: Pick<Network, 'name' | 'taps'>, exec: Exec): Drop[] | undefined {
  const { status, out } = exec('nft', ['-j', 'list', 'table', 'netdev', bridgeOf(network)]);
  return status === 0 ? parseDrops(network, out) : undefined;
}

/** The counters in what `nft -j` lists. @throws SyntaxError where it is no JSON. */
export function parseDrops({ taps }: Pick<Network, 'taps'>, text: string): Drop[] {
  const { nftables = [] } = JSON.parse(text) as { nftables?: readonly { readonly rule?: Rule }[] };
  const names = new Map(taps.map(({ name }) => [guardName(name), name]));
  const drops = new Map<string, Drop>();
  for (const { rule } of nftables) {
    const { chain = '', comment: reason, expr = [] } = rule ?? {};
    const tap = names.get(chain);
    const counter = expr.find((each) => each.counter)?.counter;
    if (tap === undefined || reason === undefined || !counter) continue;
    // Two rules may have one reason.
    const key = `${tap} ${reason}`;
    const { packets = 0, bytes = 0 } = drops.get(key) ?? {};
    drops.set(key, {
      ...{ tap, reason },
      ...{ packets: packets + (counter.packets ?? 0), bytes: bytes + (counter.bytes ?? 0) },
    });
  }
  return [...drops.values()];
}
