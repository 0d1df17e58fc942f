// kittiwaked: puts the parts together, and takes them apart again at its end.
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { VERSION } from '../version.ts';
import { formatName, type Name } from '../protocol/name.ts';
import { handedOn } from './activation.ts';
import { Blocks } from './blocks.ts';
import { Consoles } from './consoles.ts';
import { Cgroups } from './cgroups.ts';
import { Disk } from './disk.ts';
import { Service } from './handler.ts';
import { cpusOnline, hostPolicy } from './host.ts';
import { HostLauncher } from './launcher.ts';
import { HELP, parseOptions, type Options } from './options.ts';
import { Orchestrator } from './orchestrator.ts';
import { log, runProgram } from './program.ts';
import { listen, type Listening } from './server.ts';
import { lookAt } from './statistics.ts';
import { systemIp } from './taps.ts';

/** Sockets by the names Albatross's clients know them by; each answers everything. */
const SOCKETS = ['vmmd', 'console', 'stat'] as const;

async function serve({ sockets, state, run, reach, statsMs, cgroup }: Options): Promise<() => Promise<void>> {
  const given = handedOn(process.env, process.pid);
  for (const folder of [run, sockets]) mkdirSync(folder, { recursive: true, mode: 0o755 });
  mkdirSync(state, { recursive: true, mode: 0o700 });
  await alone(state); // Before anything in it is read: what is damaged is set aside.
  const { disk, remembered } = await Disk.open(state);
  for (const damaged of remembered.damaged) log(`damaged: ${damaged}`);
  const prefix = process.env['KITTIWAKE_PREFIX'] ?? resolve(import.meta.dirname, '..', '..');
  const { blocks, found } = await Blocks.open(join(state, 'blocks'), log);
  const cgroups = groupsIn(cgroup);
  const launcher = new HostLauncher({
    ...{ cgroups, log },
    runs: run,
    tender: (abi) => join(prefix, 'bin', `kittiwake-${abi}`),
    image: (digest) => disk.image(digest),
    block: (name) => blocks.path(name),
    ip: systemIp,
    cpus: await cpusOnline(),
  });
  const places = { proc: '/proc', sys: '/sys', runs: run, cgroups };
  const ready = Promise.withResolvers<Orchestrator>();
  const service = new Service(ready.promise, { look: () => lookAt(places), failed: log }, statsMs);
  const event = (subject: Name, text: string): void => {
    log(`${formatName(subject)} ${text}`);
    service.event(subject, text);
  };
  const orchestrator = new Orchestrator({
    consoles: new Consoles(join(state, 'consoles'), event),
    ...{ disk, remembered, launcher, blocks, found, reach, cgroups, event, lines: service.lines },
    host: () => hostPolicy(state, systemIp),
  });
  const listening: Listening[] = [];
  // Whoever asks already waits until what runs is known.
  for (const name of SOCKETS)
    listening.push(await listen(join(sockets, `${name}.sock`), service.handler, log, given.get(name)));
  await orchestrator.start();
  ready.resolve(orchestrator);
  log(`kittiwaked ${VERSION}: ${orchestrator.running} unikernels run`);
  return async () => {
    await Promise.all(listening.map(({ close }) => close()));
    const running = await orchestrator.leave();
    log(`ends; ${running} unikernels run on`);
  };
}

/** Control groups in `folder`, where it can be used; once said that it cannot, unikernels run without. */
function groupsIn(folder: string | undefined): Cgroups | undefined {
  try {
    return folder === undefined ? undefined : Cgroups.open(folder);
  } catch (error) {
    log(`${(error as Error).message} Unikernels run without control groups.`);
    return undefined;
  }
}

/** Sees to it that nobody else looks after what is in `folder`, for as long as this process lives. */
async function alone(folder: string): Promise<void> {
  const { dev, ino } = await stat(folder);
  const lock = createServer().listen(`\0kittiwaked ${dev} ${ino}`);
  lock.unref();
  try {
    await once(lock, 'listening');
  } catch {
    throw new Error(`${folder}: another kittiwaked looks after it; end that first`);
  }
}

if (import.meta.main) void runProgram({ name: 'kittiwaked', help: HELP, parse: parseOptions, serve });
