// How often a code may be wrong: so often from one address, and so often altogether, or somebody would try them all.
import { isIPv6 } from 'node:net';
import { Allowance } from '../rate.ts';

/** Wrong codes: a second, and at once. */
type Rate = readonly [perSecond: number, atOnce: number];

export interface AttemptLimits {
  readonly each: Rate;
  /** In eight hours it is 9,600 and 40 more: of 1,280,000 codes less than one in a hundred. */
  readonly all: Rate;
}

export const ATTEMPTS: AttemptLimits = { each: [1 / 6, 10], all: [1 / 3, 40] };

/** Addresses that are remembered, those that were wrong last. */
const ADDRESSES_MAX = 1024;

export class Attempts {
  readonly #limits: AttemptLimits;
  readonly #all: Allowance;
  readonly #each = new Map<string, Allowance>();
  #wrong = 0;

  constructor(limits: AttemptLimits = ATTEMPTS) {
    this.#limits = limits;
    this.#all = new Allowance(...limits.all);
  }

  /** How many were wrong. */
  get wrong(): number {
    return this.#wrong;
  }

  /** Whether a code from `address` is looked at now, at `now` in ms. */
  mayTry(address: string, now: number): boolean {
    return this.#all.left(now) >= 1 && (this.#each.get(network(address))?.left(now) ?? 1) >= 1;
  }

  /** A code from there was wrong. */
  wasWrong(address: string, now: number): void {
    this.#wrong++;
    this.#all.take(1, now);
    const from = network(address);
    const allowance = this.#each.get(from) ?? new Allowance(...this.#limits.each);
    allowance.take(1, now);
    // The last in the order of the map; the first one goes.
    this.#each.delete(from);
    this.#each.set(from, allowance);
    const [oldest] = this.#each.keys();
    if (this.#each.size > ADDRESSES_MAX && oldest !== undefined) this.#each.delete(oldest);
  }
}

/** Of IPv6 who has one address has 2^64 of them. */
function network(address: string): string {
  if (!isIPv6(address) || address.startsWith('::')) return address;
  const [front = '', back = ''] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = front.split(':');
  const rest = back === '' ? [] : back.split(':');
  const all = address.includes('::')
    ? [...groups, ...Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0'), ...rest]
    : groups;
  return `${all.slice(0, 4).join(':')}::/64`;
}
