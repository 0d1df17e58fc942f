// One measurement of ours beside the same measurement of a peer, taken in turns, so that a noisy minute hits both.

/** Something measured once per call; smaller is better. */
export interface Contestant {
  readonly name: string;
  readonly run: () => Promise<number>;
}

export interface Comparison {
  /** What was measured. */
  readonly what: string;
  readonly unit: string;
  readonly ours: { readonly name: string; readonly median: number };
  readonly peer: { readonly name: string; readonly median: number };
  /** Median of the rounds' ratios, ours divided by the peer's: below 1 we need less. */
  readonly ratio: number;
  /** The smallest and the largest of the rounds' ratios. */
  readonly spread: readonly [number, number];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Measures `ours` and every peer once per round, after one round that only warms the caches. */
export async function compare(
  what: string,
  unit: string,
  rounds: number,
  ours: Contestant,
  peers: readonly Contestant[],
): Promise<Comparison[]> {
  const all = [ours, ...peers];
  const samples = new Map<Contestant, number[]>(all.map((contestant) => [contestant, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of all) {
      const value = await contestant.run();
      if (round > 0) samples.get(contestant)?.push(value);
    }
  }
  const own = samples.get(ours) ?? [];
  return peers.map((peer) => {
    const other = samples.get(peer) ?? [];
    const ratios = own.map((value, round) => value / (other[round] ?? Number.NaN));
    return {
      what,
      unit,
      ours: { name: ours.name, median: median(own) },
      peer: { name: peer.name, median: median(other) },
      ratio: median(ratios),
      spread: [Math.min(...ratios), Math.max(...ratios)],
    };
  });
}
