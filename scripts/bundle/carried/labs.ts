// Runs labs of the bundle in its machines, and leaves the evidence where what this user keeps goes.
import type { Handbook } from '../../../labs/cli/handbook.ts';
import { runLabs } from '../../../labs/cli/main.ts';
import { askedFor, OPTIONS } from '../../../labs/cli/options.ts';
import { select } from '../../../labs/cli/select.ts';
import { checkRecording } from '../../../labs/runner/lab.ts';
import { readLabs } from '../../../labs/runner/labs.ts';
import { carried, contents, home, stateFolder } from './home.ts';
import { carriedSnapshot, say } from './machine.ts';

const { from, only, debug, teardown, repeat, control, sample, untried, seed, jobs, list, json } = OPTIONS;

/** Those of `npm run labs`, but that nothing is recorded in a bundle, nor does it change. */
export const LAB_OPTIONS = {
  ...{ from, only, debug },
  ...{ teardown, repeat, control, sample, untried, seed, jobs, list, json },
} as const;

const handbook: Handbook = {
  root: home,
  made: contents,
  evidence: stateFolder,
  snapshot: () => carriedSnapshot(say),
  images: () => Promise.resolve(contents.images),
  record: () => Promise.reject(new Error('nothing is recorded in a bundle')),
  hints: ({ id }) => [
    `to see it again:  ./kittiwake-handbook labs ${id}`,
    `to look around:   ./kittiwake-handbook labs --debug ${id}`,
  ],
};

type Values = Omit<Parameters<typeof askedFor>[0], 'record' | 'watch' | 'publish' | 'help'>;

/** Runs the labs called `names`, all when there is none, as `values` ask for; whether all went well. */
export async function labs(names: readonly string[], values: Values): Promise<boolean> {
  const asked = askedFor({ ...values, record: false, watch: false, help: false });
  const chosen = select(await readLabs(carried('labs')), names);
  for (const { lab, recording } of chosen) checkRecording(lab, recording);
  const well = await runLabs(handbook, chosen, asked);
  if (!asked.list) console.error(`what they printed: ${stateFolder}`);
  return well;
}
