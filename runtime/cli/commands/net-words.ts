// What the commands of `kittiwake net` share: options, where they look, and how an outcome reads.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandError, EXIT, type ExitStatus } from '../errors.ts';
import type { Context } from '../command.ts';
import { printable } from '../printable.ts';
import { systemExec } from '../../network/exec.ts';
import { NetworkError, type Kind } from '../../network/errors.ts';
import type { Outcome, Surroundings } from '../../network/manager.ts';
import type { Network, Tap } from '../../network/model.ts';
import { subnets } from '../../network/model.ts';
import { formatAddress } from '../../network/ip.ts';
import { folderStore, STATE_FOLDER } from '../../network/store.ts';

/** The options of every command that looks at networks. */
export const LOOKING = { json: { type: 'boolean' }, state: { type: 'string' } } as const;
/** The options of every command that changes them. */
export const CHANGING = { ...LOOKING, 'dry-run': { type: 'boolean' } } as const;

export const CHANGING_HELP = `  --dry-run           print the commands that would be run, one a line; typed by
                      hand they do the same
  --json              write one JSON object instead of text
  --state FOLDER      remember networks there instead of in
                      ${STATE_FOLDER}
  --help              show this text
`;

export const LOOKING_HELP = `  --json              write JSON instead of text
  --state FOLDER      look there instead of in ${STATE_FOLDER}
  --help              show this text
`;

const STATUS: Readonly<Record<Kind, ExitStatus>> = {
  usage: EXIT.usage,
  state: EXIT.image,
  missing: EXIT.noImage,
  conflict: EXIT.unavailable,
  tools: EXIT.software,
  host: EXIT.host,
  permission: EXIT.permission,
};

export const STATUS_HELP = `Exit status: 0, 64 (usage), 65 (a state file is damaged), 66 (no such network,
tap or port), 69 (something is in the way), 70 (a program is missing), 71 (the
host refused) or 77 (not root).
`;

interface Flags {
  readonly state?: string | undefined;
  readonly 'dry-run'?: boolean | undefined;
}

export function surroundings(
  { state, 'dry-run': dryRun = false }: Flags,
  { install }: Context,
): Surroundings {
  const installed = join(dirname(install.tender('hvt')), 'kittiwake');
  const systemd = existsSync('/run/systemd/system');
  return {
    ...{ store: folderStore(state), exec: systemExec, dryRun, root: process.geteuid?.() === 0 },
    // A network that is remembered elsewhere is somebody's experiment: it does not come back, and its server goes with it.
    servers: { systemd: systemd && state === undefined, folder: state ?? '/run' },
    boot: {
      ...{ systemd, folder: '/etc/systemd/system' },
      command: state === undefined && existsSync(installed) ? installed : undefined,
    },
  };
}

/** Does `action`; what is wrong with a network becomes the command's line and status. */
export function speaking<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw error instanceof NetworkError ? commandError(error) : error;
  }
}

export function commandError({ kind, message }: NetworkError): CommandError {
  return new CommandError(STATUS[kind], printable(message, 1000));
}

/** The operands, exactly as many as are named. */
export function operands(command: string, names: readonly string[], given: readonly string[]): string[] {
  if (given.length === names.length) return [...given];
  throw new CommandError(
    EXIT.usage,
    `net ${command} takes ${names.join(' ')}; see 'kittiwake net ${command} --help'`,
  );
}

interface Format {
  readonly json?: boolean | undefined;
  readonly 'dry-run'?: boolean | undefined;
}

/** Writes what was done: the commands with --dry-run, JSON with --json, else `words`. */
export function report(
  outcome: Outcome,
  format: Format,
  context: Context,
  words: (changed: boolean) => string,
): void {
  const { network, commands, notes } = outcome;
  const changed = commands.length > 0;
  if (format.json) {
    context.out(
      `${JSON.stringify({ changed, ...(network && { network: publicView(network) }), commands, notes })}\n`,
    );
    return;
  }
  for (const note of notes) context.note(printable(note, 1000));
  if (format['dry-run']) context.out(commands.map((command) => `${command}\n`).join(''));
  else context.out(words(changed));
}

/** A network as --json shows it: without what only we need. */
export function publicView({
  name,
  subnet,
  subnet6,
  forward,
  uplink,
  dhcp,
  isolated,
  taps,
  published,
  removing,
}: Network) {
  const gateways = forward === 'bridged' ? [] : gateways4and6({ subnet, subnet6 });
  return {
    ...{ name, bridge: `kw-${name}`, subnet, gateway: gateways[0], subnet6, gateway6: gateways[1] },
    ...{ forward, uplink, dhcp, isolated, taps, published, removing },
  };
}

/** The host's addresses on the bridge, which unikernels take as their gateways. */
function gateways4and6(network: { subnet: string; subnet6: string | undefined }): string[] {
  const { subnet, subnet6 } = network;
  return subnets({ subnet, ...(subnet6 !== undefined && { subnet6 }) }).map(({ family, value }) =>
    formatAddress({ family, value: value + 1n }),
  );
}

/** What to give `kittiwake run` for a unikernel on this tap. */
export function runLine(network: Network, tap: Tap): string {
  const [gateway, gateway6] =
    network.forward === 'bridged'
      ? ['ROUTER', 'ROUTER6'] // somebody else's
      : gateways4and6({ subnet: network.subnet, subnet6: network.subnet6 });
  const length = (subnet: string): string => subnet.slice(subnet.indexOf('/'));
  const guest = network.dhcp
    ? ['--dhcp']
    : [
        `--ipv4=${tap.address}${length(network.subnet)}`,
        `--ipv4-gateway=${gateway}`,
        ...(tap.address6 === undefined || network.subnet6 === undefined
          ? []
          : [`--ipv6=${tap.address6}${length(network.subnet6)}`, `--ipv6-gateway=${gateway6}`]),
      ];
  return `kittiwake run --net:service=${tap.name} --net-mac:service=${tap.mac} IMAGE -- ${guest.join(' ')}`;
}
