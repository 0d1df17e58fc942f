// A lab server for tests, whose machines are shells on this machine, with a terminal that sends back what is typed.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { parseLab, type Recording } from '../../labs/runner/lab.ts';
import type { LabWithRecording } from '../../labs/runner/labs.ts';
import { RunningLab } from '../../labs/runner/parts.ts';
import { hostsOf, withSecret } from '../../labs/server/gate.ts';
import type { Purpose, ReaderMachine, StartMachine } from '../../labs/server/machine.ts';
import { LabServer, type LabServerOptions } from '../../labs/server/server.ts';
import { NAMES } from '../../scripts/site/server.ts';
import { serveFront, type Beside } from '../../scripts/site/front.ts';
import { endAgents, shell, shells } from '../vm/agent.ts';

export const TOKEN = 'AAAAAAAAAAAAAAAAAAAAAA';

const lab = (id: string, script: string, recorded: Record<string, string>): LabWithRecording => {
  const recording: Recording = new Map(
    Object.entries(recorded).map(([part, output]) => [part, { exit: 0, output }]),
  );
  return { lab: parseLab(id, script), recording };
};

export const LABS: readonly LabWithRecording[] = [
  lab(
    'fake/greeting',
    '#: lab G\n#: part first\nword=hello\necho "$word"\n#: part second\necho "$word ${n:-again}"\n#: part third\necho last',
    { first: 'hello', second: 'hello again', third: 'last' },
  ),
  lab('fake/long', '#: lab L\n#: part sleep\nsleep 60\n#: part much\nyes | head -c 1000000', {
    sleep: '',
    much: '…',
  }),
  lab('fake/late', '#: lab S\n#: part quick\ntrue\n#: part sleep\nsleep 60', { quick: '', sleep: '' }),
];

/** A machine that is being started, or runs. */
export interface Fake {
  readonly purpose: Purpose;
  readonly typed: string[];
  readonly sizes: string[];
  /** The parts before which it was kept. */
  readonly kept: string[];
  held: boolean;
  stopped: boolean;
  /** What its end waits for. */
  lingers?: Promise<unknown>;
  /** As if it had been switched off. */
  readonly end: () => void;
}

export interface Served {
  readonly port: number;
  readonly machines: readonly Fake[];
  readonly server: LabServer;
  readonly readers: string;
}

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  endAgents();
});

function fakeMachines(machines: Fake[]): StartMachine {
  return async (purpose, stop) => {
    const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
    const bash = shell();
    const running = new RunningLab(
      purpose.lab,
      purpose.recording,
      { ...shells(), of: () => bash },
      { record: false, factor: 1, onOutput: purpose.onOutput },
    );
    const fake: Fake = {
      ...{ purpose, typed: [], sizes: [], kept: [], held: false, stopped: false },
      end: () => end(undefined),
    };
    machines.push(fake);
    let pid = '';
    await bash.run('echo $$', { timeoutMs: 10_000, onOutput: (text) => (pid += text.trim()) });
    // Nobody waits for it any more.
    fake.stopped = stop.aborted;
    stop.throwIfAborted();
    const machine: ReaderMachine = {
      done: 0,
      sitDown: (before) => {
        if (before !== undefined) fake.kept.push(before);
        return Promise.resolve();
      },
      run: (part, stop) => running.run(part, stop),
      async interrupt() {
        await shell().run(`pkill -INT -P ${pid}`, { timeoutMs: 10_000, onOutput: () => undefined });
      },
      type: (bytes) => {
        fake.typed.push(Buffer.from(bytes).toString());
        purpose.onScreen(bytes);
      },
      resize: ({ cols, rows }) => void fake.sizes.push(`${cols}x${rows}`),
      hold: (held) => void (fake.held = held),
      ended,
      async stop() {
        fake.stopped = true;
        await fake.lingers;
        await shell().run(`pkill -KILL -P ${pid}; kill -KILL ${pid}`, {
          timeoutMs: 10_000,
          onOutput: () => undefined,
        });
      },
    };
    return machine;
  };
}

/** What a lab server of a test is made with. */
export interface Kit {
  readonly start: StartMachine;
  readonly readers: string;
  readonly hosts: ReadonlySet<string>;
  readonly port: number;
}

/** Serves what `make` makes beside a handbook of one page. */
export async function serveBeside<B extends Beside>(
  make: (kit: Kit) => B,
): Promise<Omit<Served, 'server'> & { readonly server: B }> {
  const handbook = createServer((request, response) => response.end(`page ${request.url}`)).listen(
    0,
    '127.0.0.1',
  );
  await once(handbook, 'listening');
  ends.push(() => new Promise((resolve) => handbook.close(resolve)));
  const readers = await mkdtemp(join(tmpdir(), 'kittiwake-readers-'));
  ends.push(() => rm(readers, { recursive: true }));
  const machines: Fake[] = [];
  let server: B | undefined;
  const { url, close } = await serveFront({
    handbook: `http://127.0.0.1:${(handbook.address() as AddressInfo).port}/`,
    ...{ hosts: ['127.0.0.1'], port: 0, names: NAMES },
    beside: (port) =>
      (server = make({ start: fakeMachines(machines), readers, hosts: hostsOf(NAMES, port), port })),
  });
  ends.push(close);
  if (!server) throw new Error('no server was made');
  return { port: Number(new URL(url).port), machines, server, readers };
}

/** A lab server for the labs above, which lets in whoever knows TOKEN. */
export function serve(options: Partial<LabServerOptions> = {}): Promise<Served> {
  return serveBeside(
    ({ start, readers, hosts }) =>
      new LabServer({
        labs: LABS,
        ...{ start, readers, hosts },
        bounds: { hasRoom: (running) => running < 2, startsAtOnce: 2 },
        admit: withSecret(TOKEN),
        ...options,
      }),
  );
}
