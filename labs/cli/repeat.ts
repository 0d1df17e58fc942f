// Labs run again and again, and how often each part passed: the ledger, which goes on with what earlier runs have counted.
import { tally } from '../runner/ledger.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import type { Ledger, LabResult } from '../runner/results.ts';
import { isGood } from '../runner/run.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import { begin, earlier, leave } from './evidence.ts';
import type { Handbook } from './handbook.ts';
import type { Asked } from './options.ts';
import { host, inTurn, runAloud, shuffled, takes } from './queue.ts';

/** Runs each lab `repeats` times, all in an order by chance, and says whether all went well. What was counted is kept after each lab. */
export async function runAgain(
  handbook: Handbook,
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  asked: Asked,
  repeats: number,
): Promise<boolean> {
  const { seed } = asked;
  const circumstances = begin(handbook, snapshot);
  const before = await countedBefore(handbook);
  const all = (await handbook.source?.read()) ?? labs;
  const results: LabResult[] = [];
  const keep = async (how: Pick<Asked, 'publish' | 'json'>): Promise<Ledger['labs']> => {
    const counted = tally(all, before, results);
    await leave(handbook, 'flakes', { ...(await circumstances()), seed, labs: counted }, how);
    return counted;
  };
  const turns = labs.flatMap((lab) => Array.from({ length: repeats }, (_, turn) => ({ lab, turn })));
  const order = shuffled(turns, seed, ({ lab, turn }) => `${lab.lab.id} ${turn}`);
  const runs = await inTurn(
    order,
    host(asked.jobs),
    async ({ lab }) => {
      const run = await runAloud(handbook, lab, snapshot, asked);
      results.push(run.result);
      await keep({ publish: false, json: false });
      return run;
    },
    ({ lab }) => takes(lab),
  );
  const counted = await keep(asked);
  const flaky = counted.flatMap(({ lab, parts }) =>
    parts.filter((part) => part.passed < part.runs).map((part) => ({ lab, ...part })),
  );
  for (const { lab, part, runs: ran, passed } of flaky) console.error(`${lab} ${part}: ${passed} of ${ran}`);
  const least = Math.min(...counted.flatMap(({ parts }) => parts.map((part) => part.runs)));
  console.error(
    `${runs.length} runs of ${labs.length} labs; every part of the handbook has run at least ${least} times as it is, and ${flaky.length} did not pass each time; --seed ${seed}`,
  );
  return runs.every(isGood);
}

/** The later of what was counted here and what is published. */
export async function countedBefore(handbook: Handbook): Promise<Ledger['labs']> {
  const ledgers = await earlier(handbook, 'flakes');
  return ledgers.toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))[0]?.labs ?? [];
}
