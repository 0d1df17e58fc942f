// npm run vm: the lab VM by hand: a terminal in one, building it ahead of time, what is in the cache.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { $ } from 'zx';
import { chooseAccelerator, defaultProbes, type Accelerator } from '../labs/vm/accelerator.ts';
import { cacheFolder } from '../labs/vm/cache.ts';
import { startMachine } from '../labs/vm/machine.ts';
import { snapshot, type Snapshot } from '../labs/vm/snapshot.ts';
import { attachTerminal } from '../labs/vm/terminal.ts';
import { buildRuntime, runtimeTree } from './runtime.ts';
import { exclusively } from './setup/exclusive.ts';
import { ensurePackages, lacking } from './setup/packages.ts';
import { root } from './setup/root.ts';
import { step } from './setup/step.ts';

const HELP = `The lab VM: a Debian 12 machine with KVM and the Kittiwake runtime, fresh each time.

Usage: npm run vm -- COMMAND

Commands:
  shell    a terminal in a fresh machine; leave it with 'exit', and it is gone
  build    build what a machine starts from, if it is not in the cache
  status   how its processor runs here, and what is in the cache (--json for machines)
  clean    remove everything of it from the cache

Examples:
  npm run vm -- shell
  npm run vm -- status --json
`;

/** The snapshot for the runtime as it is now, built where it is missing; of the processor `wanted`, else of the best there is here. */
export async function labSnapshot(wanted?: Accelerator): Promise<Snapshot> {
  await ensurePackages('runtime', 'labs');
  await buildRuntime();
  return snapshotOfRuntime((line) => console.error(line), wanted);
}

/**
 * The same beside something else that goes on: the runtime is built already, and nothing is installed; `progress` hears of what takes long.
 * @throws Error with the remedy where a package is missing.
 */
export async function labSnapshotBeside(progress: (line: string) => void): Promise<Snapshot> {
  const why = lacking('labs');
  if (why !== undefined) throw new Error(`the lab VM: ${why}`);
  return snapshotOfRuntime(progress);
}

async function snapshotOfRuntime(progress: (line: string) => void, wanted?: Accelerator): Promise<Snapshot> {
  const accelerator =
    wanted ?? (await chooseAccelerator(defaultProbes(join(runtimeTree, 'bin', 'kittiwake-hvt'))));
  // Whoever comes second would boot it a second time beside the first.
  return exclusively(join(root, 'build', 'lab-vm.lock'), () =>
    step('lab VM ready', () => snapshot(runtimeTree, accelerator, progress)),
  );
}

const vms = join(cacheFolder(), 'vm');

async function status(json: boolean): Promise<void> {
  await buildRuntime();
  const { name, reason } = await chooseAccelerator(defaultProbes(join(runtimeTree, 'bin', 'kittiwake-hvt')));
  const names = (await readdir(vms).catch(() => [])).sort();
  const layers = await Promise.all(
    names.map(async (layer) => {
      const { stdout } = await $({ quiet: true })`du --summarize --block-size=1 ${join(vms, layer)}`;
      return { layer, bytes: Number(stdout.split('\t')[0]) };
    }),
  );
  if (json) {
    console.log(JSON.stringify({ accelerator: name, reason, cache: vms, layers }));
    return;
  }
  console.log(`processor  ${name}: ${reason}`);
  console.log(`cache      ${vms}`);
  for (const { layer, bytes } of layers) console.log(`           ${layer}  ${(bytes / 1e6).toFixed(0)} MB`);
}

async function clean(): Promise<void> {
  const { length } = await readdir(vms).catch(() => []);
  await rm(vms, { recursive: true, force: true });
  console.error(`${length} layers removed from ${vms}`);
}

async function shell(): Promise<void> {
  const machine = await startMachine(await labSnapshot());
  try {
    await attachTerminal(machine);
  } finally {
    await machine.stop();
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { help: { type: 'boolean' }, json: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const [command = '', extra] = positionals;
  if (extra !== undefined)
    throw new Error(`'vm ${command}' takes no argument '${extra}'; see npm run vm -- --help`);
  if (values.help || command === '') console.log(HELP.trimEnd());
  else if (command === 'shell') await shell();
  else if (command === 'build') await labSnapshot();
  else if (command === 'status') await status(values.json);
  else if (command === 'clean') await clean();
  else throw new Error(`no command '${command}'; there are shell, build, status and clean`);
}

if (import.meta.main) await main();
