// What kittiwake doctor was asked for, looked at: the host, a network, a tap, or an image.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Context } from './command.ts';
import type { DoctorRequest } from './doctor-request.ts';
import { CommandError, EXIT } from './errors.ts';
import { locate, prebuiltImages, type Install } from './install.ts';
import { readImage } from './image.ts';
import { kvmTrouble, type Kvm } from './kvm.ts';
import { printable } from './printable.ts';
import { parseArguments } from './run-options.ts';
import { VERSION } from '../version.ts';
import { speaking, surroundings } from './commands/net-words.ts';
import * as image from '../doctor/checks/image.ts';
import * as machineChecks from '../doctor/checks/machine.ts';
import * as networkChecks from '../doctor/checks/network.ts';
import { tapBehind } from '../doctor/facts/behind.ts';
import { guestWords, told } from '../doctor/facts/guest.ts';
import { readHolders } from '../doctor/facts/holders.ts';
import { readMachine, type InstallFact, type KvmFact, type Machine } from '../doctor/facts/machine.ts';
import { readNameServers, type NameServers } from '../doctor/facts/nameservers.ts';
import { readPerson } from '../doctor/facts/person.ts';
import { defaultRoute, routeTo } from '../doctor/facts/probes.ts';
import type { Surroundings } from '../doctor/facts/way.ts';
import { failed, type Finding } from '../doctor/finding.ts';
import { walkPath, walkTap, wholeNetwork } from '../doctor/network.ts';
import type { Path } from '../doctor/path.ts';
import { quoted, sudo } from '../doctor/remedy.ts';
import type { Section } from '../doctor/report.ts';
import { systemExec, type Exec } from '../network/exec.ts';
import { NetworkError } from '../network/errors.ts';
import { readHost } from '../network/host.ts';
import { parseAddress } from '../network/ip.ts';
import { all, up } from '../network/manager.ts';
import { findTap, type Network } from '../network/model.ts';
import { folderStore } from '../network/store.ts';

/** A program that is missing has failed: what it would have told stays unknown, and everything else is looked at. */
const exec: Exec = (program, args, input) => {
  try {
    return systemExec(program, args, input);
  } catch (error) {
    if (error instanceof NetworkError) return { status: 127, out: '', err: error.message };
    throw error;
  }
};

/** Where the facts come from: what is asked by the network takes its time, and is there before everything else is read. */
interface Asked extends Context {
  readonly nameServers: NameServers;
}

export async function examine(request: DoctorRequest, context: Context): Promise<Section[]> {
  const end = request.rest.indexOf('--');
  const own = end < 0 ? [] : request.rest.slice(end + 1);
  const words = [own, ...readHolders().map(({ command }) => guestWords(command))];
  const nameServers = await readNameServers(words.flatMap((each) => told(each, 4).nameServer ?? []));
  const asked = { ...context, nameServers };
  return speaking(() => {
    const [operand] = request.rest;
    if (operand === undefined)
      return request.tap === undefined
        ? [{ findings: host(asked) }]
        : tapSections(request.tap, request, asked);
    const store = folderStore(request.state);
    const network =
      request.rest.length === 1 && store.names().includes(operand) ? store.read(operand) : undefined;
    if (network) return networkSections(network, request, asked);
    const { install } = context;
    const isImage = [operand, `${operand}.hvt`, `${operand}.spt`].some((name) => locate(name, install));
    return request.rest.length > 1 || operand.startsWith('-') || isImage
      ? imageSections(request, asked)
      : addressSections(operand, request, asked);
  });
}

/** A unikernel that is named by its address: "I cannot reach 10.0.0.2". */
function addressSections(address: string, request: DoctorRequest, context: Asked): Section[] {
  const named = printable(address);
  const { links } = readHost(exec);
  if (links.has(address))
    throw new CommandError(
      EXIT.usage,
      `${named}: an interface; 'kittiwake doctor --tap ${named}' walks the way of the unikernel behind it`,
    );
  if (!parseAddress(address))
    throw new CommandError(
      EXIT.noImage,
      `${named}: no such network, image or address; 'kittiwake net list' and 'kittiwake image list' list what there is`,
    );
  const networks = all({ store: folderStore(request.state) });
  const route = routeTo(exec, address);
  const tap = tapBehind(address, { networks, holders: readHolders(), links, route });
  if (tap === undefined)
    throw new CommandError(
      EXIT.noImage,
      `${named}: no unikernel here was told this address, and no way to it leads over a tap; name its tap by --tap TAP --address ${named}`,
    );
  const written = networks.some((network) => findTap(network, tap) !== undefined);
  return tapSections(tap, written ? request : { ...request, address }, context);
}

function around(machine: Machine, { nameServers }: Asked): Surroundings {
  return {
    ...{ host: readHost(exec), person: readPerson(exec), holders: readHolders(), nameServers },
    programs: machine.programs,
  };
}

function host({ install, probeKvm, nameServers }: Asked): Finding[] {
  const machine = readMachine(exec);
  const network = readHost(exec);
  const installed = installFact(install);
  return [
    machineChecks.processor(machine),
    machineChecks.kvm(kvmFact(probeKvm()), machine),
    machineChecks.tun(machine),
    machineChecks.usernet(machine, installed),
    machineChecks.tools(machine),
    machineChecks.images(installed),
    machineChecks.versions(installed),
    machineChecks.disk(machine),
    networkChecks.forwarding(network),
    networkChecks.firewall(network),
    networkChecks.reversePath(network),
    networkChecks.uplink(network, defaultRoute(exec, 4)),
    networkChecks.names(nameServers),
  ];
}

function kvmFact(kvm: Kvm): KvmFact {
  const trouble = kvmTrouble(kvm);
  return { state: kvm.state, cause: trouble?.cause ?? '', advice: trouble?.remedy ?? '' };
}

function installFact(install: Install): InstallFact {
  const list = prebuiltImages(install);
  const altered = list.filter(({ file, sha256 }) => {
    const path = join(install.images, file);
    return !existsSync(path) || createHash('sha256').update(readFileSync(path)).digest('hex') !== sha256;
  });
  const versions = new Map<string, string>(VERSION === 'from source' ? [] : [['kittiwake', VERSION]]);
  for (const tender of [install.tender('hvt'), install.tender('spt')]) {
    const { stdout } = spawnSync(tender, ['--version'], { encoding: 'utf8' });
    versions.set(basename(tender), /^\S+ ([^\s,]+)/.exec(stdout)?.[1] ?? 'missing');
  }
  return {
    ...{ images: list.length, altered: altered.map(({ file }) => file), versions },
    usernet: mayUse(install.usernet, constants.X_OK) === undefined,
  };
}

function mayUse(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'may not be opened by you';
  }
}

function networkSections(network: Network, request: DoctorRequest, context: Asked): Section[] {
  const facts = around(readMachine(exec), context);
  if (request.tap !== undefined && !findTap(network, request.tap))
    throw new CommandError(
      EXIT.noImage,
      `network ${network.name}: has no tap ${request.tap}; 'kittiwake net inspect ${network.name}' lists them`,
    );
  const taps = network.taps.filter(
    (tap) => !tap.removing && (request.tap === undefined || tap.name === request.tap),
  );
  const ways = taps.map((tap) => ({
    about: `${tap.name} (${[tap.address, tap.address6].filter(Boolean).join(', ')})`,
    findings: walkTap(network, tap, request.reach, restoring(network, request.state), facts, exec),
  }));
  const { servers } = surroundings(request, context);
  const whole = wholeNetwork(
    network,
    restoring(network, request.state),
    facts.host.firewall ? pending(network, request, context) : [],
    servers,
    networkChecks.names(context.nameServers),
    ways.flatMap(({ findings }) => findings),
  );
  return whole.length > 0 ? [...ways, { about: `network ${network.name}`, findings: whole }] : ways;
}

function restoring({ name }: Network, state: string | undefined): string {
  return sudo('kittiwake net up', name, ...(state === undefined ? [] : ['--state', quoted(state)]));
}

/** The commands that `net up` would run. */
function pending(network: Network, request: DoctorRequest, context: Context): readonly string[] {
  const outcomes = up(network.name, { ...surroundings(request, context), dryRun: true });
  return outcomes.flatMap((each) => (each instanceof NetworkError ? [each.message] : each.commands));
}

function tapSections(tap: string, request: DoctorRequest, context: Asked): Section[] {
  const store = folderStore(request.state);
  const owner = all({ store }).find((network) => findTap(network, tap) !== undefined);
  if (owner && request.address === undefined) return networkSections(owner, request, context);
  const facts = around(readMachine(exec), context);
  const holder = facts.holders.find((each) => each.tap === tap);
  const words = told(guestWords(holder?.command ?? []), 4);
  const address = request.address ?? (holder ? words.address?.split('/')[0] : undefined);
  if (address === undefined)
    throw new CommandError(
      EXIT.usage,
      `${tap}: no unikernel behind it says its address; give it by --address`,
    );
  const path: Path = {
    ...{ tap, address, gateway: request.gateway, reach: request.reach },
    ...{ routed: request.routed === true, running: true },
  };
  return [{ about: `${tap} (${address})`, findings: walkPath(path, facts, exec) }];
}

function imageSections(request: DoctorRequest, context: Asked): Section[] {
  const { image: name, tenderOptions, guestArgs } = parseArguments(request.rest);
  const about = printable(name);
  const { install, probeKvm } = context;
  const path =
    locate(name, install) ?? locate(`${name}.hvt`, install) ?? locate(`${name}.spt`, install) ?? name;
  const { devices, abi, machine: built } = readImage(path);
  const machine = readMachine(exec);
  const findings: Finding[] = [];
  if (built !== 'x86_64' || !['hvt', 'spt'].includes(abi.target))
    findings.push(
      failed('image-unusable', `built for ${abi.target} on ${built}, which has no tender here`, {
        advice: 'build it for hvt or spt on x86_64',
      }),
    );
  // A prebuilt image that is named without its ABI runs under spt where KVM does not work.
  else if (abi.target === 'hvt' && path.startsWith(name)) {
    const kvm = machineChecks.kvm(kvmFact(probeKvm()), machine);
    findings.push(kvm.grade === 'ok' ? kvm : { ...kvm, grade: 'failed' });
  }
  findings.push(
    ...image.devices({
      ...{ image: about, devices, options: tenderOptions, guestArgs },
      unreadable: (file) => mayUse(file, constants.R_OK),
    }),
  );
  if (image.needsNoTap(devices, tenderOptions))
    findings.push(
      machineChecks.usernet(machine, installFact(install)),
      networkChecks.names(context.nameServers),
    );
  return [{ about, findings: [...findings, ...taps(tenderOptions, guestArgs, request, machine, context)] }];
}

/** The ways behind the taps that an image is given: nobody is behind them yet. */
function taps(
  options: readonly string[],
  guestArgs: readonly string[],
  { reach, gateway, routed, state }: DoctorRequest,
  machine: Machine,
  context: Asked,
): Finding[] {
  const given = image.given(options).filter(({ kind, value }) => kind === 'net' && !value.startsWith('@'));
  if (given.length === 0) return [];
  const device = machineChecks.tun(machine);
  if (device.grade !== 'ok') return [{ ...device, grade: 'failed' }];
  const facts = around(machine, context);
  const networks = all({ store: folderStore(state) });
  const own = told(guestArgs, 4);
  return given.flatMap(({ value: tap }) => {
    const network = networks.find((each) => findTap(each, tap));
    return walkPath(
      {
        ...{ tap, address: own.address?.split('/')[0] ?? '', gateway: gateway ?? own.gateway, reach },
        ...(own.nameServer !== undefined && { nameServer: own.nameServer }),
        ...{ routed: routed === true, running: false },
        ...(network && { network, restore: restoring(network, state) }),
      },
      facts,
      exec,
    );
  });
}
