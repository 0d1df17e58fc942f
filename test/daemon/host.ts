// A host for the daemon: a network namespace with a bridge, folders of its own, and the daemon as a process in it.
import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, locally } from '../../runtime/client/socket.ts';
import { identify, runs, signalTo } from '../../runtime/daemon/identity.ts';
import { RunFolder } from '../../runtime/daemon/run-folder.ts';
import type { Config } from '../../runtime/protocol/config.ts';
import type { Command } from '../../runtime/protocol/command.ts';
import { parseName } from '../../runtime/protocol/name.ts';
import type { Status, Success } from '../../runtime/protocol/reply.ts';
import { root } from '../../scripts/setup/root.ts';
import { Namespace } from '../net/namespace.ts';
import { fixtures } from '../tender/tender.ts';

const BRIDGE = 'ip link add br0 type bridge; ip addr add 10.0.0.1/16 dev br0; ip link set br0 up';

const SOURCES = [process.execPath, join(root, 'runtime', 'daemon', 'main.ts')];

export class DaemonHost implements AsyncDisposable {
  readonly namespace: Namespace;
  readonly folder: string;
  readonly client: Client;
  daemon: ChildProcess | undefined;
  /** What the daemons have said. */
  log = '';

  readonly #program: readonly string[];

  private constructor(namespace: Namespace, folder: string, program: readonly string[]) {
    this.#program = program;
    this.namespace = namespace;
    this.folder = folder;
    this.client = new Client(locally(folder));
  }

  /** @param program - The daemon's; without it, it runs from its sources. */
  static async open(program: readonly string[] = SOURCES): Promise<DaemonHost> {
    const folder = await fs.mkdtemp(join(tmpdir(), 'kittiwaked-'));
    await fs.symlink(join(root, 'build', 'tender'), join(folder, 'bin'));
    const namespace = await Namespace.open();
    await namespace.shell(BRIDGE);
    return new DaemonHost(namespace, folder, program);
  }

  get runs(): string {
    return join(this.folder, 'run');
  }

  /** Starts the daemon, by the words `within` before its own where there are any; it serves when this is done. */
  async start(...within: readonly string[]): Promise<void> {
    const before = this.log.length;
    const options = ['--sockets', this.folder, '--state', join(this.folder, 'state'), '--run', this.runs];
    const command = [...within, 'env', `KITTIWAKE_PREFIX=${this.folder}`, ...this.#program, ...options];
    const daemon = this.namespace.start(command, ['ignore', 'ignore', 'pipe']);
    this.daemon = daemon;
    daemon.stderr?.on('data', (text: Buffer) => (this.log += text.toString()));
    while (!this.log.slice(before).includes('unikernels run\n')) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) throw new Error(`no daemon:\n${this.log}`);
      await after(5);
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const { daemon } = this;
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const exited = once(daemon, 'exit');
    daemon.kill(signal);
    await exited;
  }

  ask(name: string, command: Command): Promise<Success> {
    return this.client.ask(parseName(name), command);
  }

  /** Waits until what has `address` answers: a guest may begin later than ping takes a neighbour for unreachable. */
  async answers(address: string): Promise<void> {
    await this.namespace.shell(`timeout 60 sh -c 'until ping -q -c 1 -W 1 ${address}; do :; done'`);
  }

  /** What the daemon says it has. */
  async states(): Promise<readonly Status[]> {
    const answer = await this.ask(':', { kind: 'kittiwake', value: { kind: 'states' } });
    if (answer.kind !== 'states') throw new Error(`answered with ${answer.kind}`);
    return answer.value;
  }

  /** Unikernels that run, as the host has them: their processes by their names. */
  async processes(): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (const folder of await RunFolder.all(this.runs)) {
      const record = await folder.read();
      if (record?.process && (await runs(record.process))) found.set(record.name, record.process.pid);
    }
    return found;
  }

  /** All processes with a tender's image of ours open on their command line, whoever knows of them. */
  async tenders(): Promise<number[]> {
    const { stdout } = await promisify(execFile)('pgrep', ['-f', join(this.folder, 'state', 'images')]).catch(
      () => ({ stdout: '' }),
    );
    return stdout.split('\n').filter(Boolean).map(Number);
  }

  async close(): Promise<void> {
    await this.end('SIGKILL');
    for (const pid of (await this.processes().catch(() => new Map<string, number>())).values()) {
      const identity = await identify(pid);
      if (identity) await signalTo(identity, 'SIGKILL');
    }
    await this.namespace.close();
    await fs.rm(this.folder, { recursive: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

let netcheck: Uint8Array | undefined;

/** netcheck at `address`, on br0; the settings of the caller count. */
export async function checker(address: string, changes: Partial<Config> = {}): Promise<Config> {
  netcheck ??= await fs.readFile(join(fixtures, 'netcheck.spt'));
  return {
    ...{ typ: 'solo5', compressed: false, image: netcheck, addName: false, cpus: 1, memory: 32 },
    ...{ failBehaviour: { kind: 'quit' }, cpuids: [], blocks: [] },
    bridges: [{ name: 'service', bridge: 'br0' }],
    arguments: [`--ipv4=${address}/16`],
    ...changes,
  };
}

export const create = (value: Config): Command => ({ kind: 'unikernel', value: { kind: 'create', value } });
export const unikernel = (kind: 'destroy' | 'info'): Command => ({ kind: 'unikernel', value: { kind } });
export const restart: Command = { kind: 'unikernel', value: { kind: 'restart', value: { kind: 'same' } } };
