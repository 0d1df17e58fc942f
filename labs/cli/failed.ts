// What is kept of a lab that failed, and a seat at its machine for whoever looks for the cause.
import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Lab } from '../runner/lab.ts';
import { writeWhole } from '../runner/text.ts';
import type { LabRun } from '../runner/run.ts';
import type { Machine } from '../vm/machine.ts';
import { attachTerminal } from '../vm/terminal.ts';
import type { Handbook } from './handbook.ts';

function folderOf({ evidence }: Handbook, { id }: Lab): string {
  return join(evidence, 'failed', id);
}

/** Keeps console, journal and transcript of a run that failed. Returns a line that says where. */
export async function keepFailure(handbook: Handbook, { lab, failure, result }: LabRun): Promise<string[]> {
  if (!failure) return [];
  const folder = folderOf(handbook, lab);
  await mkdir(folder, { recursive: true });
  const transcript = result.parts
    .filter(({ outcome }) => outcome !== 'not-run')
    .map(({ part, exit, transcript }) => `#: part ${part} exit=${exit ?? 'none'}\n${transcript}\n`);
  const files = { transcript: transcript.join(''), ...failure.logs };
  for (const [name, text] of Object.entries(files)) await writeWhole(join(folder, `${name}.txt`), text);
  return [
    `all of it is kept in ${relative(handbook.root, folder)}: ${Object.keys(files).join('.txt, ')}.txt`,
  ];
}

/** Removes what was kept of an earlier run, now that the lab does not fail. */
export async function forgetFailure(handbook: Handbook, lab: Lab): Promise<void> {
  await rm(folderOf(handbook, lab), { recursive: true, force: true });
}

/** Joins this process's terminal to `machine`, as operator, where the lab's shell is. */
export async function sitDown(machine: Machine): Promise<void> {
  let directory = '';
  if (machine.operator.idle)
    await machine.operator.run('pwd', { timeoutMs: 10_000, onOutput: (text) => (directory += text) });
  console.error(
    `You are operator in the machine it failed in${directory === '' ? '' : `; the lab was in ${directory.trim()}`}. It is gone when you type 'exit'.\n`,
  );
  await attachTerminal(machine);
}
