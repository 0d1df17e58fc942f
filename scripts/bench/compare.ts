// One measurement of ours beside the same measurement of a peer, taken in turns, so that a noisy minute hits both.

/** Something measured once per call. */
export interface Contestant {
  readonly name: string;
  readonly run: () => Promise<number>;
}

export interface Comparison {
  /** What was measured. */
  readonly what: string;
  readonly unit: string;
  readonly runs: number;
  readonly ours: { readonly name: string; readonly median: number };
  /** None where there is nobody to compare with. */
  readonly beside?: {
    readonly name: string;
    readonly median: number;
    /** Median of the rounds' ratios, ours divided by the peer's. */
    readonly ratio: number;
    /** The smallest and the largest of the rounds' ratios. */
    readonly spread: readonly [number, number];
  };
}

/** The middle of `values`, the mean of the two middle ones for an even number; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Runs every contestant once per round, after one round that only warms the caches; what each run found, by contestant. */
export async function inTurns<T>(
  rounds: number,
  contestants: readonly { readonly name: string; readonly run: (round: number) => Promise<T> }[],
): Promise<T[][]> {
  const samples = contestants.map((): T[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contestant] of contestants.entries()) {
      const value = await contestant.run(round);
      if (round > 0) samples[index]?.push(value);
    }
  }
  return samples;
}

/**
 * Weighs the first contestant's samples against each other's, a comparison for each; ours alone where there is no other.
 * `names` and `samples` are in the same order.
 */
export function weigh(
  what: string,
  unit: string,
  names: readonly string[],
  samples: readonly (readonly number[])[],
): Comparison[] {
  const [own = [], ...others] = samples;
  const figure = { what, unit, runs: own.length, ours: { name: names[0] ?? '', median: median(own) } };
  if (others.length === 0) return [figure];
  return others.map((other, index) => {
    const ratios = own.map((value, round) => value / (other[round] ?? Number.NaN));
    const spread = [Math.min(...ratios), Math.max(...ratios)] as const;
    const name = names[index + 1] ?? '';
    return { ...figure, beside: { name, median: median(other), ratio: median(ratios), spread } };
  });
}

/** Measures `ours` and every peer in turns. */
export async function compare(
  what: string,
  unit: string,
  rounds: number,
  ours: Contestant,
  peers: readonly Contestant[],
): Promise<Comparison[]> {
  const all = [ours, ...peers];
  const names = all.map(({ name }) => name);
  return weigh(what, unit, names, await inTurns(rounds, all));
}
