// An orchestrator in this process with tenders that only pretend, a folder for fleet files, and the command to be tried on both.
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installAt } from '../../runtime/cli/install.ts';
import { main } from '../../runtime/cli/main.ts';
import { Blocks } from '../../runtime/daemon/blocks.ts';
import { Disk } from '../../runtime/daemon/disk.ts';
import type { Ended } from '../../runtime/daemon/ended.ts';
import { Orchestrator } from '../../runtime/daemon/orchestrator.ts';
import { listen, type Handler, type Listening } from '../../runtime/daemon/server.ts';
import type { Launcher } from '../../runtime/daemon/supervisor.ts';
import type { Policy } from '../../runtime/protocol/policy.ts';
import { formatName } from '../../runtime/protocol/name.ts';
import { noise } from '../random.ts';
import { solo5Elf } from './solo5-elf.ts';

export const HOST: Policy = {
  ...{ cpuids: [0, 1], unikernels: Infinity, memory: 4096, block: 1000, bridges: ['service', 'back'] },
};

const BLOCK = 1;
const NET = 2;
/** The images of the folder, each with its devices. */
export const IMAGES: Readonly<Record<string, Buffer>> = {
  'none.spt': solo5Elf({ target: 2 }),
  'other.spt': Buffer.concat([solo5Elf({ target: 2 }), Buffer.from('other')]),
  'disk.spt': solo5Elf({ target: 2, devices: [{ name: 'storage', type: BLOCK }] }),
  'net.spt': solo5Elf({ target: 2, devices: [{ name: 'service', type: NET }] }),
  'all.spt': solo5Elf({
    target: 2,
    devices: [
      { name: 'service', type: NET },
      { name: 'back', type: NET },
      { name: 'storage', type: BLOCK },
      { name: 'more', type: BLOCK },
    ],
  }),
};

export interface Did {
  readonly status: number;
  readonly out: string;
  readonly notes: string;
}

export class FleetWorld implements AsyncDisposable {
  readonly folder: string;
  /** Unikernels, in the order they were started in. */
  started: string[] = [];
  /** Ends, by the names of those that run. */
  readonly #ends = new Map<string, (ended: Ended) => void>();
  #listening: Listening | undefined;
  #orchestrator: Orchestrator | undefined;
  /** What is asked goes by here. */
  between: (handler: Handler) => Handler = (handler) => handler;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async begin(): Promise<FleetWorld> {
    const world = new FleetWorld(await fs.mkdtemp(join(tmpdir(), 'kittiwake-fleet-')));
    for (const [name, bytes] of Object.entries(IMAGES)) await fs.writeFile(join(world.folder, name), bytes);
    await fs.writeFile(join(world.folder, 'site.tar'), noise((3 << 19) + 77));
    await world.boot();
    return world;
  }

  /** Starts the orchestrator, as when the host starts: nothing runs. */
  async boot(): Promise<void> {
    await this.shutDown();
    this.started = [];
    const launcher: Launcher = {
      start: ({ name }) => {
        const { promise, resolve } = Promise.withResolvers<Ended>();
        const called = formatName(name).replace(/^:/, '');
        this.started.push(called);
        this.#ends.set(called, resolve);
        return Promise.resolve({
          ...{ pid: 1, since: new Date(), ended: promise, leave: () => undefined },
          kill: (signal) => resolve({ signal }),
        });
      },
      adopt: () => Promise.resolve({ kind: 'none' }),
      release: () => Promise.resolve(),
      sweep: () => Promise.resolve([]),
    };
    const { disk, remembered } = await Disk.open(join(this.folder, 'db'));
    const { blocks, found } = await Blocks.open(join(this.folder, 'devices'), () => undefined);
    const orchestrator = new Orchestrator({
      ...{ disk, remembered, launcher, blocks, found, reach: 'ancestors', host: () => Promise.resolve(HOST) },
      ...{ event: () => undefined, lines: () => undefined },
    });
    await orchestrator.start();
    this.#orchestrator = orchestrator;
    const handler: Handler = ({ name, payload }, client) => {
      if (payload.kind !== 'command') throw new Error('not a command');
      return orchestrator.execute(name, payload.value, client);
    };
    this.#listening = await listen(
      join(this.folder, 'vmmd.sock'),
      (message, client) => this.between(handler)(message, client),
      () => undefined,
    );
  }

  async shutDown(): Promise<void> {
    await this.#listening?.close();
    await this.#orchestrator?.leave();
  }

  async end(): Promise<void> {
    await this.shutDown();
    await fs.rm(this.folder, { recursive: true });
  }

  /** Forgets all the orchestrator has. */
  async clear(): Promise<void> {
    await this.shutDown();
    for (const folder of ['db', 'devices']) await fs.rm(join(this.folder, folder), { recursive: true });
    await this.boot();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  /** Has the unikernel end so, by itself. */
  ends(name: string, ended: Ended): void {
    this.#ends.get(name)?.(ended);
  }

  write(file: string, text: string): Promise<void> {
    return fs.writeFile(join(this.folder, file), text);
  }

  read(file: string): Promise<string> {
    return fs.readFile(join(this.folder, file), 'utf8');
  }

  /** The command; files of the folder are named without it. */
  async run(...args: string[]): Promise<Did> {
    const did = { status: -1, out: '', notes: '' };
    const words = args.map((word) => (/\.(yaml|spt|img)$/.test(word) ? join(this.folder, word) : word));
    did.status = await main([...words, '--sockets', this.folder], {
      out: (text) => (did.out += text),
      note: (line) => (did.notes += `${line}\n`),
      colour: false,
      install: { ...installAt('/nonexistent'), images: join(this.folder, 'prebuilt') },
      probeKvm: () => ({ state: 'missing', detail: '' }),
      exec: () => undefined,
    });
    const short = (text: string): string =>
      text.replaceAll(`${this.folder}/`, '').replaceAll(this.folder, '.');
    return { ...did, out: short(did.out), notes: short(did.notes) };
  }

  /** What the orchestrator has, as JSON tells it. */
  async states(): Promise<({ readonly name: string; readonly pid: number } & Record<string, unknown>)[]> {
    const { out } = await this.run('ps', '--json');
    return JSON.parse(out) as Awaited<ReturnType<FleetWorld['states']>>;
  }
}
