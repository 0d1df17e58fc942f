// How long a unikernel takes from the shell's fork to its exit, against other programs started the same way.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { $ } from 'zx';
import { runtimeTree } from '../runtime.ts';
import { compare, type Comparison } from './compare.ts';

/** Starts of each program in one timed batch; a batch is timed as a whole, so the timer's own cost vanishes. */
const BATCH = 50;

/** Milliseconds per start of `command`, from one batch run by a shell. */
async function perStart(command: string): Promise<number> {
  const started = performance.now();
  await $({
    quiet: true,
  })`/bin/sh -c ${`i=0; while [ $i -lt ${BATCH} ]; do ${command} >/dev/null; i=$((i+1)); done`}`;
  return (performance.now() - started) / BATCH;
}

/** Start to exit of hello under spt; of solo5-spt too, where it is installed. */
export async function benchStart(rounds: number): Promise<Comparison[]> {
  const hello = join(runtimeTree, 'share/kittiwake/images/hello.spt');
  const ours = `${join(runtimeTree, 'bin/kittiwake-spt')} --mem=4 ${hello}`;
  const subject = { name: 'kittiwake-spt hello.spt', run: () => perStart(ours) };
  const peers = [{ name: '/bin/true', run: () => perStart('/bin/true') }];
  const solo5 = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'solo5-spt'))
    .find((file) => existsSync(file));
  if (solo5) {
    peers.push({ name: 'solo5-spt hello.spt', run: () => perStart(`${solo5} --mem=4 ${hello}`) });
  }
  const tender = await compare('start to exit', 'ms', rounds, subject, peers);

  const command = `${join(runtimeTree, 'bin/kittiwake')} run --mem=4 ${hello}`;
  const node = `${join(runtimeTree, 'lib/kittiwake/node')} -e 0`;
  const whole = await compare(
    'start to exit',
    'ms',
    rounds,
    { name: 'kittiwake run hello.spt', run: () => perStart(command) },
    [{ name: "node -e 0 (the command's own Node)", run: () => perStart(node) }],
  );
  return [...tender, ...whole];
}
