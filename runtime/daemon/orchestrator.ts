// What the orchestrator does with each command. One that changes something is done before the next begins: it is first found to be allowed, then
// written down, then made so.
import { isDeepStrictEqual } from 'node:util';
import type { Command } from '../protocol/command.ts';
import { STARTUP_DEFAULT, type Config, type RestartArguments } from '../protocol/config.ts';
import type { Limits } from '../protocol/limits.ts';
import { formatName, isWithin, parseName, ROOT, type Name } from '../protocol/name.ts';
import { isSame, type Policy } from '../protocol/policy.ts';
import type { Info, Success } from '../protocol/reply.ts';
import { BlockCommands } from './block-commands.ts';
import type { Blocks } from './blocks.ts';
import type { Cgroups } from './cgroups.ts';
import type { Line } from './console.ts';
import type { Consoles } from './consoles.ts';
import type { Disk, Remembered } from './disk.ts';
import { compress, decompress, notesOf, tenderOf } from './image.ts';
import { beyond, decided, granted } from './grants.ts';
import { infoOf, statusOf } from './infos.ts';
import { mayCreate, mayHavePolicy, mayReplace, type Reach } from './resources.ts';
import { hostTrouble, Refusal } from './refusal.ts';
import type { Client } from './server.ts';
import { ASKED, Supervisor, type Launcher } from './supervisor.ts';
import {
  blockOf,
  type Block,
  changed,
  withoutImage,
  within,
  type Past,
  type Standing,
  type Table,
  type Unikernel,
} from './table.ts';

/** Of those that ended so many are kept to be shown, the newest. */
const PAST_MAX = 256;

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>['value'];

export interface Surroundings {
  readonly disk: Disk;
  readonly remembered: Remembered;
  readonly launcher: Launcher;
  readonly blocks: Blocks;
  /** Block devices there are. */
  readonly found: readonly Block[];
  readonly reach: Reach;
  /** What the host has now: the policy of the root. */
  readonly host: () => Promise<Policy>;
  /** Undefined: there are none, and nothing can be limited. */
  readonly cgroups?: Pick<Cgroups, 'apply'> | undefined;
  /** A line of the event log. */
  readonly event: (subject: Name, text: string) => void;
  readonly lines: (subject: Name, lines: readonly Line[]) => void;
  /** Where what is printed is kept on the disk; without it, it is in memory only. */
  readonly consoles?: Consoles;
}

const textReply = (value: string): Success => ({ kind: 'text', value });

export class Orchestrator {
  readonly #around: Surroundings;
  /** Of all there are, and of those that ended, in the order they were made. */
  readonly #supervisors = new Map<string, Supervisor>();
  readonly #blocks: BlockCommands;
  #table: Table;
  #last: Promise<unknown> = Promise.resolve();

  constructor(around: Surroundings) {
    this.#around = around;
    this.#table = {
      unikernels: new Map(around.remembered.unikernels.map((known) => [formatName(known.name), known])),
      blocks: new Map(around.found.map((block) => [formatName(block.name), block])),
      policies: around.remembered.policies,
    };
    this.#blocks = new BlockCommands(around.blocks, {
      table: () => this.#current(),
      setBlocks: (blocks) => (this.#table = { ...this.#table, blocks }),
      alone: (action) => this.#alone(action),
      reach: around.reach,
    });
  }

  /** Goes on with what runs still, and starts what else is to run, in order. What cannot be started now is tried again later. */
  async start(): Promise<void> {
    const { consoles, disk, launcher, remembered } = this.#around;
    const startup = ({ config }: Unikernel): number => config.startup ?? STARTUP_DEFAULT;
    for (const { unikernel, past } of [...remembered.past].sort(
      (a, b) => a.past.at.getTime() - b.past.at.getTime(),
    ))
      this.#supervise(unikernel, await consoles?.open(unikernel.name), past);
    for (const swept of await launcher.sweep(new Set(this.#table.unikernels.keys())))
      this.#around.event(parseName(swept), 'was on its way when the daemon ended, and is taken away');
    // Those of one number by their names, as Albatross does.
    const all = [...this.#table.unikernels]
      .sort(([one, a], [other, b]) => startup(a) - startup(b) || (one < other ? -1 : 1))
      .map(([, unikernel]) => unikernel);
    const waiting: Supervisor[] = [];
    for (const unikernel of all) {
      const supervisor = this.#supervise(unikernel, await consoles?.open(unikernel.name));
      if (!(await supervisor.adopt())) waiting.push(supervisor);
    }
    for (const supervisor of waiting)
      await supervisor.start().catch((error: unknown) => supervisor.startLater((error as Error).message));
    await consoles?.collect([...this.#supervisors.values()].map((supervisor) => supervisor.unikernel.name));
    await this.#alone(() => disk.collect(this.#digests()));
  }

  /** Looks after nothing any longer, once what is being done is done; unikernels run on. Returns how many do. */
  async leave(): Promise<number> {
    await this.#alone(() =>
      Promise.all([...this.#supervisors.values()].map((supervisor) => supervisor.leave())),
    );
    return this.running;
  }

  get running(): number {
    return [...this.#supervisors.values()].filter(({ state }) => state.kind === 'running').length;
  }

  supervisor(name: Name): Supervisor | undefined {
    return this.#supervisors.get(formatName(name));
  }

  /** All at and below `scope`. */
  supervisors(scope: Name): Supervisor[] {
    return [...this.#supervisors.values()].filter(({ unikernel }) => isWithin(unikernel.name, scope));
  }

  /** Does `action` after whatever is being done. */
  #alone<T>(action: () => Promise<T>): Promise<T> {
    const next = this.#last.then(action);
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** The table, with what the host has now for the policy of its root. */
  async #current(): Promise<Table> {
    const policies = changed(this.#table.policies, formatName(ROOT), await this.#around.host());
    return { ...this.#table, policies };
  }

  #digests(): Set<string> {
    return new Set([...this.#supervisors.values()].map(({ unikernel }) => unikernel.digest));
  }

  #supervise(unikernel: Unikernel, console?: Supervisor['console'], past?: Past): Supervisor {
    const subject = formatName(unikernel.name);
    const supervisor: Supervisor = new Supervisor(
      unikernel,
      this.#around.launcher,
      {
        lines: (lines) => this.#around.lines(unikernel.name, lines),
        event: (text) => this.#around.event(unikernel.name, text),
        ended: (how) =>
          void this.#alone(async () => {
            if (this.#supervisors.get(subject) === supervisor) await this.#keep(supervisor.unikernel, how);
          }).catch((error: unknown) =>
            // The next daemon finds out anew.
            this.#around.event(
              unikernel.name,
              `that it ended cannot be written: ${(error as Error).message}`,
            ),
          ),
      },
      console,
      past,
    );
    this.#supervisors.delete(subject);
    this.#supervisors.set(subject, supervisor);
    return supervisor;
  }

  /** Takes one out of the table that has ended, and keeps it beside: its settings, how it ended, its last lines. */
  async #keep(unikernel: Unikernel, past: Past): Promise<void> {
    await this.#around.disk.putUnikernel(unikernel, past);
    await this.#kept(unikernel);
  }

  async #kept(unikernel: Unikernel): Promise<void> {
    this.#drop(formatName(unikernel.name));
    await this.#around.launcher.release(unikernel);
    const ended = [...this.#supervisors.values()].filter(({ state }) => state.kind === 'ended');
    for (const { unikernel: oldest } of ended.slice(0, Math.max(0, ended.length - PAST_MAX)))
      await this.#forget(oldest);
  }

  #drop(subject: string): void {
    this.#table = { ...this.#table, unikernels: changed(this.#table.unikernels, subject, undefined) };
  }

  /** Forgets one that has ended. */
  async #forget(unikernel: Unikernel): Promise<void> {
    const subject = formatName(unikernel.name);
    await this.#around.disk.removeUnikernel(unikernel.name);
    this.#drop(subject);
    await this.#supervisors.get(subject)?.console.remove();
    this.#supervisors.delete(subject);
    await this.#around.launcher.release(unikernel);
    await this.#around.disk.collect(this.#digests());
  }

  /**
   * Does `command` about `name`.
   * @throws Refusal with the reason; nothing has changed then.
   */
  async execute(name: Name, command: Command, client?: Client): Promise<Success | undefined> {
    switch (command.kind) {
      case 'unikernel':
        return this.#unikernel(name, command.value);
      case 'policy':
        return this.#policy(name, command.value);
      case 'block':
        return this.#blocks.execute(name, command.value, client);
      case 'kittiwake':
        if (command.value.kind === 'grant')
          return this.#grant(name, command.value.value.policy, command.value.value.issued);
        if (command.value.kind === 'states') {
          const value = this.supervisors(name).map((supervisor) => statusOf(supervisor, this.#table));
          return { kind: 'states', value };
        }
        if (command.value.kind === 'stop') return this.#alone(() => this.#stop(name));
        if (command.value.kind === 'create') {
          const { config, replace, limits } = command.value.value;
          return this.#alone(() => this.#create(name, config, replace, limits));
        }
        if (command.value.kind === 'limit') {
          const { value: limits } = command.value;
          return this.#alone(() => this.#limit(name, limits));
        }
    }
    throw new Refusal(`${command.kind} ${command.value.kind}: only daemons say that to each other`);
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
    return within(this.#table.unikernels, scope).map((unikernel) => ({
      name: unikernel.name,
      info: infoOf(unikernel, this.#table, this.supervisor(unikernel.name)),
    }));
  }

  #checkBlocks(name: Name, config: Unikernel['config']): void {
    for (const device of config.blocks) {
      const cause = this.#blocks.busy(blockOf(name, device));
      if (cause !== undefined) throw new Refusal(cause);
    }
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

  async #create(name: Name, settings: Config, force: boolean, wanted?: Limits): Promise<Success> {
    if (name.label === undefined) throw new Refusal(`create: ${formatName(name)} is a path; give a name`);
    if (settings.typ !== 'solo5')
      throw new Refusal(`create: type ${settings.typ} does not run here; use solo5`);
    const config = withoutImage(settings);
    const cause = (force ? mayReplace : mayCreate)(await this.#current(), name, config, this.#around.reach);
    if (cause !== undefined) throw new Refusal(cause);
    this.#checkBlocks(name, config);
    if (settings.image.length === 0) throw new Refusal('create: there is no image');
    const image = settings.compressed ? await decompress(settings.image).catch(refused) : settings.image;
    try {
      tenderOf(notesOf(Buffer.from(image.buffer, image.byteOffset, image.byteLength)), config);
    } catch (error) {
      refused(error);
    }
    // Who can say nothing of limits leaves them as they are.
    const limits = limited(wanted, this.#around.cgroups) ?? this.supervisor(name)?.unikernel.limits;
    try {
      const digest = await this.#around.disk.putImage(image);
      await this.#replace({ name, config, digest, ...(limits ? { limits } : {}) });
    } catch (error) {
      await this.#around.disk.collect(this.#digests());
      throw error;
    }
    return textReply(force ? 'force created unikernel' : 'created unikernel');
  }

  /**
   * Starts `unikernel` in place of whatever had its name. It is written down before, so that a daemon that dies meanwhile starts it when it is back.
   * If it cannot be started, what was there before is, but for having been ended.
   */
  async #replace(unikernel: Unikernel): Promise<void> {
    const subject = formatName(unikernel.name);
    const before = this.#supervisors.get(subject);
    const previous = this.#table.unikernels.get(subject);
    const written = await this.#around.disk.replaceUnikernel(unikernel);
    await before?.stop();
    const console = before?.console ?? (await this.#around.consoles?.open(unikernel.name));
    const supervisor = this.#supervise(unikernel, console);
    try {
      await supervisor.start();
    } catch (error) {
      this.#supervisors.delete(subject);
      await written.undo();
      if (previous) {
        this.#supervise(previous, before?.console).startLater('its successor could not be started');
      } else if (before) {
        this.#supervisors.set(subject, before);
      } else await console?.remove();
      throw new Refusal(hostTrouble(error) ?? (error as Error).message);
    }
    await written.done();
    this.#table = { ...this.#table, unikernels: changed(this.#table.unikernels, subject, unikernel) };
    await this.#around.disk.collect(this.#digests());
  }

  async #restart(name: Name, changes: RestartArguments | undefined): Promise<Success> {
    const known = this.supervisor(name)?.unikernel;
    if (!known) throw new Refusal('restart: not found');
    const config = changes ? { ...changes, typ: known.config.typ } : known.config;
    const cause = mayReplace(await this.#current(), name, config, this.#around.reach);
    if (cause !== undefined) throw new Refusal(cause);
    this.#checkBlocks(name, config);
    await this.#replace({ ...known, config });
    return textReply('restarted unikernel');
  }

  async #limit(name: Name, wanted: Limits): Promise<Success> {
    const supervisor = this.supervisor(name);
    if (!supervisor) throw new Refusal('limit: not found');
    const limits = limited(wanted, this.#around.cgroups) ?? {};
    const { state } = supervisor;
    const unikernel = { ...supervisor.unikernel, limits };
    await this.#around.disk.putUnikernel(unikernel, state.kind === 'ended' ? state : undefined);
    await supervisor.change(unikernel);
    const subject = formatName(name);
    if (this.#table.unikernels.has(subject))
      this.#table = { ...this.#table, unikernels: changed(this.#table.unikernels, subject, unikernel) };
    if (supervisor.state.kind === 'running') this.#around.cgroups?.apply(name, limits);
    return textReply('limited unikernel');
  }

  async #stop(name: Name): Promise<Success> {
    const unikernel = this.#known(name, 'stop: it does not run');
    const supervisor = this.supervisor(name);
    // First: where this cannot be written, nothing is done.
    await this.#around.disk.putUnikernel(unikernel, { at: new Date(), why: ASKED, last: supervisor?.last });
    await supervisor?.stop();
    const { state } = supervisor ?? {};
    if (state?.kind === 'ended') {
      // With how it ended; that it did is on the disk already.
      await this.#around.disk.putUnikernel(unikernel, state).catch(() => undefined);
      await this.#kept(unikernel);
    }
    return textReply('stopped unikernel');
  }

  async #destroy(name: Name): Promise<Success> {
    const supervisor = this.supervisor(name);
    if (!supervisor) throw new Refusal('destroy: not found');
    const was = await supervisor.stop();
    await this.#forget(supervisor.unikernel);
    return textReply(was === 'waiting' ? 'destroyed: removed from restarting' : 'destroyed unikernel');
  }

  async #policy(name: Name, command: Of<'policy'>): Promise<Success> {
    const path = formatName({ path: name.path });
    switch (command.kind) {
      case 'info': {
        const below = [...(await this.#current()).policies].filter(
          ([at]) => path === ':' || at.startsWith(path),
        );
        const value = below.map(([at, policy]) => ({
          name: { path: at.split(':').filter((part) => part !== '') },
          policy,
        }));
        return { kind: 'policies', value };
      }
      case 'add':
        return this.#alone(async () => {
          if (path === ':') throw new Refusal('policy of : is what the host has; give one to a path below');
          const cause = mayHavePolicy(await this.#current(), { path: name.path }, command.value);
          if (cause !== undefined) throw new Refusal(`policy of ${path} ${cause}`);
          const standing = this.#table.policies.get(path);
          await this.#setPolicy(path, decided(command.value, Date.now()));
          return textReply(
            standing && isSame(standing, command.value) ? 'no modification of policy' : 'added policy',
          );
        });
      case 'remove':
        return this.#alone(async () => {
          if (!this.#table.policies.has(path)) throw new Refusal('unknown policy');
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
    await this.#around.disk.putPolicies(policies);
    this.#table = { ...this.#table, policies };
  }
}

/** `limits`, where they can be kept. @throws Refusal */
function limited(limits: Limits | undefined, cgroups: Surroundings['cgroups']): Limits | undefined {
  if (limits !== undefined && Object.keys(limits).length > 0 && !cgroups)
    throw new Refusal(
      "limits: kittiwaked has no control groups; its log says why, its option '--cgroup' where",
    );
  return limits;
}

function refused(error: unknown): never {
  throw new Refusal(error instanceof Error ? error.message : String(error));
}
