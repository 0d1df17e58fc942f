// A reader's machine: the lab VM, its lab's shell, and a terminal beside it.
import type { Socket } from 'node:net';
import { RunningLab } from '../runner/parts.ts';
import { labShells, startMachines, type Machines } from '../runner/machines.ts';
import { budgetFactor } from '../runner/run.ts';
import { keepStanding, stateBefore, type Standing } from '../runner/states.ts';
import { VmError } from '../vm/errors.ts';
import type { Machine } from '../vm/machine.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import type { Purpose, ReaderMachine, StartMachine } from './machine.ts';

const HOUSEKEEPING_LIMIT_MS = 60_000;
/** Of what was typed and is not taken yet, in bytes; nobody types more, and a paste is cut. */
const TYPED_MAX = 64 * 1024;

/**
 * A shell of operator's at hvc0 that begins again when it is left: unlike that of `npm run vm -- shell`, this machine does not end with it,
 * and neither where a part restarts it.
 */
const TERMINAL_UNIT = `[Unit]
Description=Terminal of a page
[Service]
User=operator
WorkingDirectory=~
Environment=TERM=xterm-256color LANG=C.UTF-8
ExecStart=/bin/bash --login
Restart=always
RestartSec=0
StandardInput=tty
StandardOutput=tty
TTYPath=/dev/hvc0
TTYReset=yes
TTYVHangup=yes
`;
/** Longest that a prompt is waited for; the machine is ready without it, too. */
const PROMPT_LIMIT_MS = 10_000;
const UNIT_FILE = '/run/systemd/system/reader-terminal.service';

/** Interrupts what the lab's shells have started in the last $1 seconds, by signal $2. They themselves go on, and jobs of earlier parts. */
const INTERRUPT = `ps -eo pid=,etimes=,unit=,args= | awk -v recent="$1" '
  $2 <= recent && $3 ~ /^lab-agent@(operator|superuser)[.]service$/ {
    pid = $1
    $1 = $2 = $3 = ""
    if ($0 !~ /^ *(bash -s|cat|.*\\/usr\\/lib\\/lab\\/agent)$/) print pid
  }' | xargs --no-run-if-empty kill -s "$2"`;

/** How machines run that share a host with many others. */
export interface Crowd {
  /** How many times longer parts may take than alone. */
  readonly factor: number;
  /** Sees each machine as it starts. */
  readonly onMachine: (machine: Machine) => void;
}

/** Starts machines from what `snapshot` gives, which may take its time the first time, and says so. */
export function vmMachines(
  snapshot: (progress: (line: string) => void) => Promise<Snapshot>,
  crowd?: Crowd,
): StartMachine {
  return async (purpose, stop) => {
    const base = await snapshot(purpose.onProgress);
    stop.throwIfAborted();
    const { lab, recording, before } = purpose;
    const from = before === undefined ? undefined : await stateBefore(lab, recording, before, base);
    const machines = await startMachines(lab, base, from?.snapshot);
    try {
      for (const machine of machines.values()) crowd?.onMachine(machine);
      const reader = await enter(machines, purpose, from, crowd?.factor ?? 1);
      stop.throwIfAborted();
      return reader;
    } catch (error) {
      await stopAll(machines);
      throw error;
    }
  };
}

async function stopAll(machines: Machines): Promise<void> {
  await Promise.all([...machines.values()].map((machine) => machine.stop()));
}

/** The terminal is at the first of the machines. */
async function enter(
  machines: Machines,
  { lab, recording, onOutput, onScreen, ...purpose }: Purpose,
  from: Standing | undefined,
  factor: number,
): Promise<ReaderMachine> {
  const machine = machines.get(lab.machines[0] ?? '');
  if (!machine) throw new VmError(`${lab.file}: no machine for it`);
  const inTurn = oneByOne();
  const root = (commands: string): Promise<void> =>
    inTurn(async () => {
      await machine.root.run(commands, { timeoutMs: HOUSEKEEPING_LIMIT_MS, onOutput: () => undefined });
    });
  let { size } = purpose;
  const resize = (): Promise<void> => root(`stty -F /dev/hvc0 rows ${size.rows} cols ${size.cols}`);
  const terminal = await machine.qemu.line('terminal');
  terminal.on('data', onScreen);
  terminal.on('error', () => undefined);
  const sitDown = async (): Promise<void> => {
    const prompt = drawn(terminal, '$ ');
    await root(`printf %s '${TERMINAL_UNIT}' > ${UNIT_FILE}; systemctl start reader-terminal.service`);
    await resize();
    await prompt;
  };

  const shells = labShells(machines);
  const running = new RunningLab(
    lab,
    recording,
    {
      ...shells,
      housekeeping: (part, script) => inTurn(() => shells.housekeeping(part, script)),
      async restarted(part) {
        const next = await shells.restarted(part);
        // The runner waits until the new shell answers; nobody waits for the terminal.
        sitDown().catch(() => undefined);
        return next;
      },
    },
    { record: false, factor: budgetFactor(machine.snapshot) * factor, onOutput },
    from?.met,
  );

  return {
    done: from?.done ?? 0,
    async sitDown(before) {
      if (before !== undefined)
        await inTurn(() => keepStanding(machine, lab, recording, before, running.met));
      await sitDown();
    },
    run: (part, stop) => running.run(part, stop),
    interrupt: (seconds, hard) => root(`(set -- ${seconds + 1} ${hard ? 'KILL' : 'INT'}; ${INTERRUPT})`),
    type(bytes) {
      if (terminal.writableLength <= TYPED_MAX) terminal.write(bytes);
    },
    resize(to) {
      size = to;
      resize().catch(() => undefined);
    },
    hold(held) {
      if (held) terminal.pause();
      else terminal.resume();
    },
    ended: machine.qemu.ended(),
    async stop() {
      terminal.destroy();
      await stopAll(machines);
    },
  };
}

/** Resolves when `text` was drawn, or when nobody waits for it any more. */
function drawn(terminal: Socket, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const look = (bytes: Buffer): void => {
    if (bytes.includes(text)) resolve(undefined);
  };
  terminal.on('data', look).once('close', resolve);
  const timer = setTimeout(resolve, PROMPT_LIMIT_MS);
  return promise.finally(() => {
    clearTimeout(timer);
    terminal.off('data', look).off('close', resolve);
  });
}

/** Does work as root's shell can: one after the other. */
function oneByOne(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}
