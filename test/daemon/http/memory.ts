// A daemon in memory, all of it but the tenders, and the HTTP API before it.
import * as fs from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, locally, type Way } from '../../../runtime/client/socket.ts';
import { Blocks } from '../../../runtime/daemon/blocks.ts';
import { Consoles } from '../../../runtime/daemon/consoles.ts';
import { Disk } from '../../../runtime/daemon/disk.ts';
import type { Ended } from '../../../runtime/daemon/ended.ts';
import { Service } from '../../../runtime/daemon/handler.ts';
import { everything, type Access } from '../../../runtime/daemon/http/access.ts';
import { createApp } from '../../../runtime/daemon/http/app.ts';
import { Orchestrator } from '../../../runtime/daemon/orchestrator.ts';
import { listen, type Listening } from '../../../runtime/daemon/server.ts';
import type { Launcher, Output } from '../../../runtime/daemon/supervisor.ts';
import type { Unikernel } from '../../../runtime/daemon/table.ts';
import { formatName, parseName } from '../../../runtime/protocol/name.ts';
import type { Config } from '../../../runtime/protocol/config.ts';
import { config, HOST, IMAGE } from '../tls/world.ts';
import { statisticsOf } from '../sample.ts';

interface Started {
  readonly unikernel: Unikernel;
  readonly output: Output;
  readonly end: (how: Ended) => void;
}

export class Memory {
  readonly folder: string;
  readonly way: Way;
  readonly client: Client;
  readonly log: string[] = [];
  /** Those that run, by their names. */
  readonly started = new Map<string, Started>();
  readonly #listening: Listening[] = [];
  readonly #open = new Set<Socket>();
  #orchestrator: Orchestrator | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    const way = locally(folder);
    this.way = {
      ...way,
      asked: async (name, command) => {
        const socket = await way.asked(name, command);
        this.#open.add(socket.once('close', () => this.#open.delete(socket)));
        return socket;
      },
    };
    this.client = new Client(this.way);
  }

  static async begin(): Promise<Memory> {
    const memory = new Memory(await fs.mkdtemp(join(tmpdir(), 'kittiwake-http-')));
    await memory.#daemon();
    return memory;
  }

  async #daemon(): Promise<void> {
    const launcher: Launcher = {
      start: (unikernel, _addName, output) => {
        const { promise, resolve } = Promise.withResolvers<Ended>();
        const name = formatName(unikernel.name);
        this.started.set(name, { unikernel, output, end: resolve });
        return Promise.resolve({
          ...{ pid: 4321, since: new Date(), ended: promise, leave: () => undefined },
          kill: (signal) => resolve({ signal }),
        });
      },
      adopt: () => Promise.resolve({ kind: 'none' }),
      release: ({ name }) => Promise.resolve(void this.started.delete(formatName(name))),
      sweep: () => Promise.resolve([]),
    };
    const log = (line: string): void => void this.log.push(line);
    const { disk, remembered } = await Disk.open(join(this.folder, 'db'));
    const { blocks, found } = await Blocks.open(join(this.folder, 'blocks'), log);
    const ready = Promise.withResolvers<Orchestrator>();
    const counted = { look: () => () => statisticsOf(), failed: log };
    const service = new Service(ready.promise, counted, 1000);
    const orchestrator = new Orchestrator({
      ...{ disk, remembered, launcher, blocks, found, reach: 'ancestors', host: () => Promise.resolve(HOST) },
      ...{ event: service.event, lines: service.lines },
      consoles: new Consoles(join(this.folder, 'consoles'), service.event),
    });
    this.#orchestrator = orchestrator;
    ready.resolve(orchestrator);
    for (const name of ['vmmd', 'console', 'stat'])
      this.#listening.push(await listen(join(this.folder, `${name}.sock`), service.handler, log));
  }

  /** What answers requests of whoever has `access`. */
  app(access: Access = everything('local', this.way)): (request: Request) => Promise<Response> {
    return createApp({ access: () => access, log: (line) => this.log.push(line) });
  }

  async create(name: string, changes: Partial<Config> = {}): Promise<void> {
    const value = { ...config, image: IMAGE, ...changes };
    await this.client.ask(parseName(name), { kind: 'unikernel', value: { kind: 'create', value } });
  }

  /** Connections to the daemon that are open. */
  get listeners(): number {
    return this.#open.size;
  }

  print(name: string, text: string): void {
    this.started.get(name)?.output(Buffer.from(text));
  }

  async end(): Promise<void> {
    for (const listening of this.#listening) await listening.close();
    // What ends is then not written down any more.
    await this.#orchestrator?.leave();
    for (const { end } of this.started.values()) end({ status: 0 });
    await fs.rm(this.folder, { recursive: true });
  }
}
