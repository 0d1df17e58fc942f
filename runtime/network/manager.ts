// The operations on managed networks. Each writes down what is to be before it touches the host, and forgets only what it has taken away: whenever
// it is killed, the next `create`, `up` or `rm` finds what was meant and completes it.
import { closeSync, openSync, readSync } from 'node:fs';
import { forget, persist, type Boot } from './boot.ts';
import { serve, type Servers } from './dhcp.ts';
import { NetworkError } from './errors.ts';
import type { Exec } from './exec.ts';
import { digestOf, tablesOf } from './firewall.ts';
import { readFirewall, readHost, type Host } from './host.ts';
import * as model from './model.ts';
import type { Network, Publication, Settings, TapRequest } from './model.ts';
import { obstacles } from './obstacles.ts';
import { checkFree, listed, raises, setUp, tearDown } from './plan.ts';
import { apply, line } from './steps.ts';
import { isOwner } from './state.ts';
import type { Store } from './store.ts';
import { claim, needs, release } from './sysctl.ts';

export interface Surroundings {
  readonly store: Store;
  readonly exec: Exec;
  /** Says what would be done and does nothing. */
  readonly dryRun: boolean;
  /** Whether the host's network may be changed. */
  readonly root: boolean;
  readonly servers: Servers;
  readonly boot: Boot;
}

export interface Outcome {
  /** As it is now; undefined when it is gone. */
  readonly network?: Network;
  /** The commands that were, or would be, run. */
  readonly commands: readonly string[];
  /** What the person should know. */
  readonly notes: readonly string[];
}

/** Creates the network, or completes one of the same settings. */
export function create(settings: Settings, around: Surroundings): Outcome {
  model.checkSettings(settings);
  return changing(around, () => {
    const existing = known(settings.name, around);
    const host = readHost(around.exec);
    if (existing) {
      checkSame(existing, settings);
      return converge(existing, existing, host, around);
    }
    if (settings.uplink !== undefined && !host.links.has(settings.uplink))
      throw new NetworkError(
        'missing',
        `--uplink ${settings.uplink}: no such interface; 'ip -br link' lists them`,
      );
    const bridge = model.bridgeOf(settings);
    if (host.links.has(bridge))
      throw new NetworkError(
        'conflict',
        `${bridge}: an interface of that name is there already; remove it with 'ip link del dev ${bridge}'`,
      );
    const network: Network = {
      ...settings,
      seed: drawn(32).toString('hex'),
      taps: [],
      former: [],
      published: [],
    };
    return converge(network, undefined, host, around);
  });
}

/** Bytes that nobody can guess. */
function drawn(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const source = openSync('/dev/urandom', 'r');
  try {
    // Whole up to 256 bytes, always: urandom(4).
    if (readSync(source, bytes) !== length) throw new Error('/dev/urandom: ended early');
  } finally {
    closeSync(source);
  }
  return bytes;
}

function checkSame(existing: Network, wanted: Settings): void {
  const different = (['subnet', 'subnet6', 'forward', 'uplink', 'dhcp', 'isolated'] as const).filter(
    (key) => existing[key] !== wanted[key],
  );
  if (different.length === 0) return;
  const words = different
    .map((key) => `${key} ${existing[key] ?? 'none'}, not ${wanted[key] ?? 'none'}`)
    .join('; ');
  throw new NetworkError(
    'conflict',
    `network ${existing.name}: exists with other settings (${words}); remove it first, or choose another name`,
  );
}

/** Removes the network with all it has; `force` also while unikernels use its taps. */
export function remove(name: string, force: boolean, around: Surroundings): Outcome {
  model.checkNetworkName(name);
  return changing(around, () => {
    const network = around.store.read(name);
    if (!network) throw noNetwork(name);
    const host = readHost(around.exec);
    const used = network.taps.filter((tap) => host.links.get(tap.name)?.carrier);
    if (used.length > 0 && !force && !network.removing) {
      const names = used.map((tap) => tap.name).join(', ');
      throw new NetworkError(
        'conflict',
        `network ${name}: in use by ${names}; stop the unikernels, or add --force`,
      );
    }
    const { changes, settings } = release(name, host.settings, around.store.readChanges());
    const steps = [
      ...serve({ ...network, removing: true }, around.servers),
      ...tearDown(network, host, settings),
    ];
    if (!around.dryRun) {
      if (!network.removing) around.store.write({ ...network, removing: true });
      apply(steps, around.exec);
      around.store.writeChanges(changes);
      if (around.store.names().every((each) => each === name)) forget(around.boot, around.exec);
      around.store.remove(name);
    }
    return { commands: steps.map(line), notes: [] };
  });
}

/** Makes the host as the network called `name`, or every network, says: after a restart, or when somebody has been at it. */
export function up(name: string | undefined, around: Surroundings): (Outcome | NetworkError)[] {
  return changing(around, () =>
    (name === undefined ? around.store.names() : [name]).map((each) => {
      try {
        const network = needed(each, around);
        return converge(network, network, readHost(around.exec), around);
      } catch (error) {
        // One network in trouble does not keep the others down.
        if (error instanceof NetworkError && name === undefined) return error;
        throw error;
      }
    }),
  );
}

function checkOwner(what: 'user' | 'group', owner: string | undefined, exec: Exec): void {
  if (owner === undefined) return;
  const database = what === 'user' ? 'passwd' : 'group';
  if (!isOwner(owner) || exec('getent', [database, owner]).status !== 0)
    throw new NetworkError('usage', `--${what} '${owner}': no such ${what}; 'getent ${database}' lists them`);
}

/** Adds a tap, or completes one of the same name and owner. */
export function addTap(name: string, request: TapRequest, around: Surroundings): Outcome {
  model.checkTapName(request.name);
  checkOwner('user', request.user, around.exec);
  checkOwner('group', request.group, around.exec);
  return changing(around, () => {
    const network = needed(name, around);
    const host = readHost(around.exec);
    const existing = model.findTap(network, request.name);
    if (existing?.removing)
      throw halfRemoved(`tap ${request.name}`, `kittiwake net tap rm ${name} ${request.name}`);
    if (existing) {
      const { address = existing.address, user, group } = request;
      if (address === existing.address && user === existing.user && group === existing.group)
        return converge(network, network, host, around);
      const owner = `user ${existing.user ?? 'none'}, group ${existing.group ?? 'none'}`;
      throw new NetworkError(
        'conflict',
        `tap ${request.name}: exists with ${existing.address}, ${owner}; remove it first, or choose another name`,
      );
    }
    const other = all(around).find((each) => model.findTap(each, request.name));
    if (other)
      throw new NetworkError(
        'conflict',
        `tap ${request.name}: network ${other.name} has one of that name; choose another`,
      );
    if (host.links.has(request.name))
      throw new NetworkError(
        'conflict',
        `${request.name}: an interface of that name is there already; choose another, or 'ip link del dev ${request.name}'`,
      );
    return converge(model.withTap(network, request), network, host, around);
  });
}

/** Removes a tap; its address is kept for its name. */
export function removeTap(name: string, tapName: string, force: boolean, around: Surroundings): Outcome {
  return changing(around, () => {
    const network = needed(name, around);
    const tap = model.findTap(network, tapName);
    if (!tap)
      throw new NetworkError(
        'missing',
        `tap ${tapName}: network ${name} has no such tap; 'kittiwake net inspect ${name}' lists them`,
      );
    const host = readHost(around.exec);
    if (host.links.get(tapName)?.carrier && !force && !tap.removing)
      throw new NetworkError('conflict', `tap ${tapName}: in use; stop the unikernel, or add --force`);
    const next: Network = {
      ...network,
      taps: network.taps.map((each) => (each === tap ? { ...tap, removing: true } : each)),
      published: network.published.filter((each) => each.tap !== tapName),
    };
    return converge(next, network, host, around);
  });
}

/** Publishes a port of the host's for a unikernel. */
export function publish(name: string, publication: Publication, around: Surroundings): Outcome {
  if (publication.address === '::1')
    throw new NetworkError(
      'usage',
      `port ${model.portName(publication)}: Linux lets nothing from ::1 out to a unikernel; publish it at 127.0.0.1`,
    );
  return changing(around, () => {
    const network = needed(name, around);
    const host = readHost(around.exec);
    if (network.forward === 'bridged')
      throw new NetworkError(
        'usage',
        `network ${name}: bridged, its unikernels answer at their own addresses; there is nothing to publish`,
      );
    const tap = model.findTap(network, publication.tap);
    if (!tap || tap.removing)
      throw new NetworkError(
        'missing',
        `tap ${publication.tap}: network ${name} has no such tap; 'kittiwake net inspect ${name}' lists them`,
      );
    for (const other of all(around)) {
      const clash = other.published.find((each) => model.samePort(each, publication));
      if (!clash) continue;
      if (other.name === name && sameTarget(clash, publication))
        return converge(network, network, host, around);
      throw new NetworkError(
        'conflict',
        `port ${model.portName(publication)}: published for ${clash.tap} of network ${other.name}; unpublish it first, or choose another`,
      );
    }
    if (network.published.length >= model.PUBLICATIONS_MAX)
      throw new NetworkError(
        'conflict',
        `network ${name}: has ${model.PUBLICATIONS_MAX} published ports already; unpublish one`,
      );
    return converge({ ...network, published: [...network.published, publication] }, network, host, around);
  });
}

function sameTarget(a: Publication, b: Publication): boolean {
  return a.tap === b.tap && a.guestPort === b.guestPort && a.address === b.address;
}

export function unpublish(
  name: string,
  port: Omit<Publication, 'tap' | 'guestPort'>,
  around: Surroundings,
): Outcome {
  return changing(around, () => {
    const network = needed(name, around);
    const published = network.published.filter((each) => model.portName(each) !== model.portName(port));
    if (published.length === network.published.length)
      throw new NetworkError(
        'missing',
        `port ${model.portName(port)}: not published by network ${name}; 'kittiwake net inspect ${name}' lists those that are`,
      );
    return converge({ ...network, published }, network, readHost(around.exec), around);
  });
}

/** All networks that are there. */
export function all({ store }: Pick<Surroundings, 'store'>): Network[] {
  return store.names().flatMap((name) => store.read(name) ?? []);
}

function changing<Result>(around: Surroundings, action: () => Result): Result {
  if (around.dryRun) return action();
  if (!around.root)
    throw new NetworkError(
      'permission',
      `this changes the host's network; run it with sudo, or see what it would do with --dry-run`,
    );
  return around.store.locked(action);
}

/** Writes the network down, makes the host so, and notes how it was made. */
function converge(wanted: Network, before: Network | undefined, host: Host, around: Surroundings): Outcome {
  const { store } = around;
  const network: Network = raises(wanted, host) && !wanted.raised ? { ...wanted, raised: true } : wanted;
  const others = all(around).filter(({ name }) => name !== network.name);
  if (!host.links.has(model.bridgeOf(network))) checkFree(network, others, host);
  const changes = store.readChanges();
  const needy = needs(network, host.settings, changes).length > 0;
  const plan = needy ? claim(network, host.settings, changes) : release(network.name, host.settings, changes);
  const settled = settle(network);
  const steps = [...setUp(network, before, host, plan.settings), ...serve(settled, around.servers)];
  const commands = steps.map(line);
  const notes = obstacles(network, host);
  if (around.dryRun) return { network, commands, notes };
  const remember = (): void => {
    if (JSON.stringify(plan.changes) !== JSON.stringify(changes)) store.writeChanges(plan.changes);
  };
  if (network !== before) store.write(network);
  // What is claimed is remembered before it is changed, what is given back is forgotten after.
  if (needy) remember();
  apply(steps, around.exec);
  if (!needy) remember();
  const firewall = steps.length === 0 ? host.firewall : readFirewall(around.exec);
  const applied = { wanted: digestOf(tablesOf(settled)), listed: listed(settled, firewall?.tables) };
  const done: Network = { ...settled, applied };
  if (JSON.stringify(done) !== JSON.stringify(network)) store.write(done);
  const boot = persist(around.boot, around.exec);
  // Once, by whoever creates it.
  return { network: done, commands, notes: before === undefined ? [...notes, ...boot] : notes };
}

/** Without the taps that have been removed. */
function settle(network: Network): Network {
  return network.taps
    .filter((tap) => tap.removing)
    .reduce((rest, { name }) => model.withoutTap(rest, name), network);
}

/** The network called `name`, unless it is half removed. */
function known(name: string, { store }: Surroundings): Network | undefined {
  model.checkNetworkName(name);
  const network = store.read(name);
  if (network?.removing) throw halfRemoved(`network ${name}`, `kittiwake net rm ${name}`);
  return network;
}

function needed(name: string, around: Surroundings): Network {
  const network = known(name, around);
  if (!network) throw noNetwork(name);
  return network;
}

function noNetwork(name: string): NetworkError {
  return new NetworkError('missing', `network ${name}: no such network; 'kittiwake net list' lists them`);
}

function halfRemoved(what: string, command: string): NetworkError {
  return new NetworkError('conflict', `${what}: half removed; '${command}' completes that`);
}
