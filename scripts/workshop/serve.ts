// A workshop, from a handbook and its labs: proves that machines run, says how many there can be, and serves until a signal.
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { inMemory } from '../../labs/cli/queue.ts';
import { readLabs } from '../../labs/runner/labs.ts';
import { budgetFactor } from '../../labs/runner/run.ts';
import { hostsOf, newSecret } from '../../labs/server/gate.ts';
import { vmMachines } from '../../labs/server/vm.ts';
import { JOIN_PAGE, PRESENTER_PAGE } from '../../labs/server/workshop/protocol.ts';
import { Workshop } from '../../labs/server/workshop/workshop.ts';
import { startMachine } from '../../labs/vm/machine.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { freePort } from '../setup/free-port.ts';
import { step } from '../setup/step.ts';
import { serveFront } from '../site/front.ts';
import { endWith, serveHandbook, type HandbookFiles } from '../site/handbook.ts';
import type { LabsOptions } from '../site/labs.ts';
import { HOST, NAMES } from '../site/server.ts';
import { SEATS_MAX, ownAddresses, type Asked } from './options.ts';
import { memoryOf, processOf, stepBack } from './process.ts';

/** Attendees for each processor, most of whom read while their machines rest. */
const SEATS_PER_CORE = 8;

/** Serves it, and prints what presenter and attendees need. @throws Error with the remedy. */
export async function serveWorkshop(files: HandbookFiles, labs: LabsOptions, asked: Asked): Promise<void> {
  const snapshot = await labs.snapshot((line) => console.error(line));
  const room = inMemory();
  if (room < 1)
    throw new Error('there is no memory for a lab machine, which may take 1.3 GiB; end something else');
  const memory = await step('a lab machine starts', () => prove(snapshot));
  const cores = availableParallelism();
  const seats = asked.seats ?? Math.min(SEATS_MAX, room, cores * SEATS_PER_CORE);
  const machines = Math.min(seats, room);
  const crowd = { factor: Math.max(1, machines / cores), onMachine: letOthersGoFirst };

  await rm(labs.readers, { recursive: true, force: true });
  const secret = newSecret();
  const attendees = [...asked.names, ...NAMES];
  const { url: handbook, by } = await serveHandbook(files, await freePort(), asked.plain);
  const read = await readLabs(labs.folder);
  const { url, close } = await serveFront({
    handbook,
    hosts: asked.listen === HOST ? [HOST] : [asked.listen, HOST],
    ...{ port: asked.port, names: attendees },
    beside: (port) =>
      new Workshop({
        ...{ labs: read, seats, machines, readers: labs.readers, secret, code: asked.code },
        start: vmMachines(() => Promise.resolve(snapshot), crowd),
        bounds: {
          // What runs may still grow to its whole size, so machines are counted as that large.
          hasRoom: (running) => running < machines && (running === 0 || inMemory() >= 1),
          startsAtOnce: cores,
        },
        hosts: hostsOf(attendees, port),
        presenterHosts: hostsOf(NAMES, port),
        address: `http://${asked.names.at(-1)}:${port}${JOIN_PAGE}`,
        slowFactor: budgetFactor(snapshot),
      }),
  });
  endWith(close, () => console.error('the workshop ends; once more Ctrl-C does not wait for its machines'));
  const { port } = new URL(url);
  console.log(
    told({
      ...{ asked, seats, machines, memory, by },
      join: `http://${asked.names.at(-1)}:${port}${JOIN_PAGE}`,
      presenter: `http://${HOST}:${port}${PRESENTER_PAGE}#presenter=${secret}`,
    }),
  );
}

/** Starts a machine, sees that it answers, and ends it. Returns the memory it took, in bytes. */
async function prove(snapshot: Snapshot): Promise<number> {
  const machine = await startMachine(snapshot);
  try {
    const { exit } = await machine.operator.run('true', { timeoutMs: 30_000, onOutput: () => undefined });
    if (exit !== 0) throw new Error('its shell does not answer; try again, or see npm run vm -- shell');
    return (await memoryOf(await processOf(machine))).shared;
  } finally {
    await machine.stop();
  }
}

function letOthersGoFirst(machine: Parameters<typeof stepBack>[0]): void {
  // One that has ended already shares nothing.
  stepBack(machine).catch(() => undefined);
}

interface Told {
  readonly asked: Asked;
  readonly seats: number;
  readonly machines: number;
  readonly memory: number;
  readonly by: string;
  readonly join: string;
  readonly presenter: string;
}

function told({ asked, seats, machines, memory, by, join, presenter }: Told): string {
  const code = asked.code.toUpperCase().replaceAll(/(?<=.)(?=.)/g, ' ');
  const line = '━'.repeat(code.length + 6);
  const few = `; there is memory for ${machines} machines, so others wait in line`;
  const lines = [
    '',
    `The workshop is open, served by ${by}.`,
    '',
    `  Attendees open  ${join}`,
    '  and type the code',
    '',
    `    ┏${line}┓`,
    `    ┃   ${code}   ┃`,
    `    ┗${line}┛`,
    '',
    `  The presenter opens, on this machine,`,
    `  ${presenter}`,
    '',
    `${seats} ${seats === 1 ? 'seat' : 'seats'}${machines < seats ? few : ', a machine each'}. A machine takes ${Math.round(memory / 1e6)} MB when it starts, and 1.3 GiB at most.`,
  ];
  if (asked.listen === HOST) {
    const own = ownAddresses();
    lines.push(
      own.length > 0
        ? `Only this machine reaches it. For others: --listen ADDRESS, here ${own.join(' or ')}.`
        : 'Only this machine reaches it, and it has no address by which others could.',
    );
  } else lines.push('What goes through the network is not encrypted: use one you trust.');
  lines.push('Stop it with Ctrl-C.');
  return lines.join('\n');
}
