// What the orchestrator does with each command. One that changes something is done before the next begins: it is first found to be allowed, then
// written down, then made so.
import { isDeepStrictEqual } from 'node:util';
import type { Command } from '../protocol/command.ts';
import type { Config, RestartArguments } from '../protocol/config.ts';
import { formatName, type Name } from '../protocol/name.ts';
import type { Policy } from '../protocol/policy.ts';
import type { Info, Success } from '../protocol/reply.ts';
import type { Line } from './console.ts';
import type { Disk, Remembered } from './disk.ts';
import { compress, decompress } from './image.ts';
import { beyond, granted } from './grants.ts';
import { mayCreate, mayHavePolicy, mayReplace, type Reach } from './resources.ts';
import { Supervisor, type Launcher } from './supervisor.ts';
import { changed, withoutImage, within, type Standing, type Table, type Unikernel } from './table.ts';
import { macOf } from './tender.ts';

/** Why a command is not done, as its client is told. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** The order of start where none is given. */
const STARTUP = 50;
const SECTOR = 512;

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>['value'];

export interface Surroundings {
  readonly disk: Disk;
  readonly remembered: Remembered;
  readonly launcher: Launcher;
  readonly reach: Reach;
  /** What the host has: the policy of the root. */
  readonly host: Policy;
  /** A line of the event log. */
  readonly event: (subject: string, text: string) => void;
  readonly lines: (subject: Name, lines: readonly Line[]) => void;
}

const textReply = (value: string): Success => ({ kind: 'text', value });

export class Orchestrator {
  readonly #around: Surroundings;
  readonly #supervisors = new Map<string, Supervisor>();
  #table: Table;
  #last: Promise<unknown> = Promise.resolve();

  constructor(around: Surroundings) {
    this.#around = around;
    this.#table = {
      unikernels: new Map(around.remembered.unikernels.map((known) => [formatName(known.name), known])),
      blocks: new Map(),
      policies: new Map(around.remembered.policies).set(':', around.host),
    };
  }

  /** Starts what ran when the daemon ended, in order. What cannot be started now is tried again later. */
  async start(): Promise<void> {
    const startup = ({ config }: Unikernel): number => config.startup ?? STARTUP;
    const all = [...this.#table.unikernels.values()];
    for (const unikernel of all.sort((a, b) => startup(a) - startup(b))) {
      const supervisor = this.#supervise(unikernel);
      await supervisor.start().catch((error: unknown) => supervisor.startLater((error as Error).message));
    }
    await this.#around.disk.collect(this.#digests());
  }

  /** Ends all unikernels, which are there again after the next start. */
  async stop(): Promise<void> {
    await this.#alone(() =>
      Promise.all([...this.#supervisors.values()].map((supervisor) => supervisor.stop())),
    );
  }

  supervisor(name: Name): Supervisor | undefined {
    return this.#supervisors.get(formatName(name));
  }

  /** Does `action` after whatever is being done. */
  #alone<T>(action: () => Promise<T>): Promise<T> {
    const next = this.#last.then(action);
    this.#last = next.catch(() => undefined);
    return next;
  }

  #digests(): Set<string> {
    return new Set([...this.#table.unikernels.values()].map(({ digest }) => digest));
  }

  #supervise(unikernel: Unikernel, console?: Supervisor['console']): Supervisor {
    const subject = formatName(unikernel.name);
    const supervisor = new Supervisor(
      unikernel,
      this.#around.launcher,
      {
        lines: (lines) => this.#around.lines(unikernel.name, lines),
        event: (text) => this.#around.event(subject, text),
        ended: () => void this.#alone(() => this.#forget(unikernel)),
      },
      console,
    );
    this.#supervisors.set(subject, supervisor);
    return supervisor;
  }

  /** Takes one out of the table that has ended. Its supervisor stays, for its console and for how it ended. */
  async #forget(unikernel: Unikernel): Promise<void> {
    const subject = formatName(unikernel.name);
    if (this.#table.unikernels.get(subject) !== unikernel) return;
    this.#table = { ...this.#table, unikernels: changed(this.#table.unikernels, subject, undefined) };
    await this.#around.disk.removeUnikernel(unikernel.name);
    await this.#around.disk.collect(this.#digests());
  }

  /**
   * Does `command` about `name`.
   * @throws Refusal with the reason; nothing has changed then.
   */
  async execute(name: Name, command: Command): Promise<Success> {
    switch (command.kind) {
      case 'unikernel':
        return this.#unikernel(name, command.value);
      case 'policy':
        return this.#policy(name, command.value);
      case 'kittiwake':
        if (command.value.kind === 'grant')
          return this.#grant(name, command.value.value.policy, command.value.value.issued);
        throw new Refusal(`${command.value.kind}: not a command of this socket`);
      default:
        throw new Refusal(`${command.kind}: not a command of this socket`);
    }
  }

  #unikernel(name: Name, command: Of<'unikernel'>): Promise<Success> {
    switch (command.kind) {
      case 'info':
        return Promise.resolve({ kind: 'unikernels', value: this.#infos(name) });
      case 'infoV5':
        return Promise.resolve({ kind: 'unikernelsV5', value: this.#infos(name) });
      case 'infoV4':
        return Promise.resolve({ kind: 'unikernelsV4', value: this.#infos(name) });
      case 'get':
        return this.#get(name, command.value);
      case 'create':
        return this.#alone(() => this.#create(name, command.value, false));
      case 'forceCreate':
        return this.#alone(() => this.#create(name, command.value, true));
      case 'restart':
        return this.#alone(() =>
          this.#restart(name, command.value.kind === 'changed' ? command.value.value : undefined),
        );
      case 'destroy':
        return this.#alone(() => this.#destroy(name));
    }
  }

  #infos(scope: Name): { name: Name; info: Info }[] {
    return within(this.#table.unikernels, scope).map(({ name, config, digest }) => {
      const state = this.supervisor(name)?.state;
      const { typ, failBehaviour, cpuids, memory, cpus } = config;
      const info: Info = {
        ...{ typ, failBehaviour, cpuids, memory, cpus },
        digest: Buffer.from(digest, 'hex'),
        blocks: config.blocks.map((device) => ({
          name: device.name,
          hostDevice: device.hostDevice ?? device.name,
          sectorSize: device.sectorSize ?? SECTOR,
          size:
            this.#table.blocks.get(formatName({ path: name.path, label: device.hostDevice ?? device.name }))
              ?.size ?? 0,
        })),
        bridges: config.bridges.map((device) => ({
          name: device.name,
          bridge: device.bridge ?? device.name,
          mac: device.mac ?? macOf(name, device.name),
        })),
        started: state?.kind === 'running' ? state.since : new Date(0),
        ...(config.startup === undefined ? {} : { startup: config.startup }),
        ...(config.arguments === undefined ? {} : { arguments: config.arguments }),
        ...(config.linuxBoot === undefined ? {} : { linuxBoot: config.linuxBoot }),
      };
      return { name, info };
    });
  }

  #known(name: Name, otherwise: string): Unikernel {
    const unikernel = this.#table.unikernels.get(formatName(name));
    if (!unikernel) throw new Refusal(otherwise);
    return unikernel;
  }

  async #get(name: Name, level: number): Promise<Success> {
    const { digest } = this.#known(name, 'get: no unikernel found');
    const bytes = await this.#around.disk.getImage(digest);
    const data = level === 0 ? bytes : await compress(bytes, level);
    return { kind: 'image', value: { compressed: level > 0, data: new Uint8Array(data) } };
  }

  async #create(name: Name, whole: Config, force: boolean): Promise<Success> {
    if (name.label === undefined) throw new Refusal(`create: ${formatName(name)} is a path; give a name`);
    if (whole.typ !== 'solo5') throw new Refusal(`create: type ${whole.typ} does not run here; use solo5`);
    const config = withoutImage(whole);
    const cause = (force ? mayReplace : mayCreate)(this.#table, name, config, this.#around.reach);
    if (cause !== undefined) throw new Refusal(cause);
    if (whole.image.length === 0) throw new Refusal('create: there is no image');
    const image = whole.compressed ? await decompress(whole.image).catch(refused) : whole.image;
    const digest = await this.#around.disk.putImage(image);
    await this.#replace({ name, config, digest });
    return textReply(force ? 'force created unikernel' : 'created unikernel');
  }

  /**
   * Starts `unikernel` in place of whatever had its name. It is written down before, so that a daemon that dies meanwhile starts it when it is back.
   * If it cannot be started, what was there before is, but for having been ended.
   */
  async #replace(unikernel: Unikernel): Promise<void> {
    const subject = formatName(unikernel.name);
    const previous = this.#table.unikernels.get(subject);
    const before = this.#supervisors.get(subject);
    await this.#around.disk.putUnikernel(unikernel);
    await before?.stop();
    const supervisor = this.#supervise(unikernel, before?.console);
    try {
      await supervisor.start();
    } catch (error) {
      if (previous) {
        await this.#around.disk.putUnikernel(previous);
        this.#supervise(previous, before?.console).startLater('its successor could not be started');
      } else {
        await this.#around.disk.removeUnikernel(unikernel.name);
        if (before) this.#supervisors.set(subject, before);
        else this.#supervisors.delete(subject);
      }
      throw new Refusal((error as Error).message);
    }
    this.#table = { ...this.#table, unikernels: changed(this.#table.unikernels, subject, unikernel) };
    await this.#around.disk.collect(this.#digests());
  }

  async #restart(name: Name, changes: RestartArguments | undefined): Promise<Success> {
    const known = this.#known(name, 'restart: not found');
    const config = changes ? { ...changes, typ: known.config.typ } : known.config;
    const cause = mayReplace(this.#table, name, config, this.#around.reach);
    if (cause !== undefined) throw new Refusal(cause);
    await this.#replace({ name, config, digest: known.digest });
    return textReply('restarted unikernel');
  }

  async #destroy(name: Name): Promise<Success> {
    const unikernel = this.#known(name, 'destroy: not found');
    const was = await this.supervisor(name)?.stop();
    await this.#forget(unikernel);
    return textReply(was === 'waiting' ? 'destroyed: removed from restarting' : 'destroyed unikernel');
  }

  async #policy(name: Name, command: Of<'policy'>): Promise<Success> {
    const path = formatName({ path: name.path });
    const { policies } = this.#table;
    switch (command.kind) {
      case 'info': {
        const below = [...policies].filter(([at]) => path === ':' || at.startsWith(path));
        if (below.length === 0) throw new Refusal('unknown policy');
        const value = below.map(([at, policy]) => ({
          name: { path: at.split(':').filter((part) => part !== '') },
          policy,
        }));
        return { kind: 'policies', value };
      }
      case 'add':
        return this.#alone(async () => {
          const cause = mayHavePolicy(this.#table, { path: name.path }, command.value);
          if (cause !== undefined) throw new Refusal(`policy of ${path} ${cause}`);
          await this.#setPolicy(path, { ...command.value, issued: new Date() });
          return textReply('added policy');
        });
      case 'remove':
        return this.#alone(async () => {
          if (!this.#table.policies.has(path) || path === ':') throw new Refusal('unknown policy');
          await this.#setPolicy(path, undefined);
          return textReply('removed policy');
        });
    }
  }

  /** Takes the policy that a certificate has for a path. Those of a chain come one after the other, the outermost first; those before one that is refused stay taken. */
  #grant({ path }: Name, policy: Policy, issued: Date): Promise<Success> {
    return this.#alone(async () => {
      const key = formatName({ path });
      if (path.length === 0) throw new Refusal('policy of :: the root has what the host has');
      const cause = beyond(this.#table, { path }, policy);
      if (cause !== undefined) throw new Refusal(cause);
      const standing = this.#table.policies.get(key);
      const next = granted(standing, policy, issued);
      if (!isDeepStrictEqual(next, standing)) await this.#setPolicy(key, next);
      return textReply('added policy');
    });
  }

  async #setPolicy(path: string, policy: Standing | undefined): Promise<void> {
    const policies = changed(this.#table.policies, path, policy);
    await this.#around.disk.putPolicies(changed(policies, ':', undefined));
    this.#table = { ...this.#table, policies };
  }
}

function refused(error: unknown): never {
  throw new Refusal(error instanceof Error ? error.message : String(error));
}
