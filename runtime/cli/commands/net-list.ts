// kittiwake net list and kittiwake net inspect
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { CommandError, EXIT } from '../errors.ts';
import { table } from '../table.ts';
import { readDrops, type Drop } from '../../network/drops.ts';
import { NetworkError } from '../../network/errors.ts';
import { systemExec } from '../../network/exec.ts';
import { all } from '../../network/manager.ts';
import { bridgeOf, checkNetworkName, portName, type Network } from '../../network/model.ts';
import { folderStore } from '../../network/store.ts';
import { LOOKING, LOOKING_HELP, operands, publicView, runLine, speaking } from './net-words.ts';

export const netList: Command = {
  help: `List the networks.

Usage: kittiwake net list [--json]

Options:
${LOOKING_HELP}
Examples:
  kittiwake net list
  kittiwake net list --json
`,
  options: ['--json', '--state', '--help'],
  run(args, { out }) {
    const { values } = parseArgs({ args: [...args], options: LOOKING });
    const networks = speaking(() => all({ store: folderStore(values.state) }));
    if (values.json) out(`${JSON.stringify(networks.map(publicView))}\n`);
    else
      out(table(['NETWORK', 'BRIDGE', 'SUBNET', 'SUBNET6', 'FORWARD', 'TAPS', 'PORTS'], networks.map(row)));
    return EXIT.ok;
  },
};

function row(network: Network): string[] {
  const { name, subnet, subnet6 = '-', taps, published, removing } = network;
  return [
    name,
    bridgeOf(network),
    subnet,
    subnet6,
    removing ? 'half removed' : forwarding(network),
    ...[taps, published].map(({ length }) => String(length)),
  ];
}

function forwarding({ forward, uplink }: Network): string {
  return uplink === undefined ? forward : `${forward} by ${uplink}`;
}

export const netInspect: Command = {
  help: `Show a network: its taps with their MAC and IP addresses, published ports, and,
to root, what the taps' guards have dropped and why: frames with an address that
is not the unikernel's own, among others.

Usage: kittiwake net inspect NAME [--json]

Options:
${LOOKING_HELP}
Examples:
  kittiwake net inspect web
  sudo kittiwake net inspect web
  kittiwake net inspect web --json
`,
  options: ['--json', '--state', '--help'],
  run(args, { out }) {
    const { values, positionals } = parseArgs({ args: [...args], options: LOOKING, allowPositionals: true });
    const [name = ''] = operands('inspect', ['NAME'], positionals);
    const network = speaking(() => {
      checkNetworkName(name);
      return folderStore(values.state).read(name);
    });
    if (!network)
      throw new CommandError(
        EXIT.noImage,
        `network ${name}: no such network; 'kittiwake net list' lists them`,
      );
    const drops = dropsOf(network);
    out(
      values.json
        ? `${JSON.stringify({ ...publicView(network), drops: drops ?? null })}\n`
        : describe(network, drops),
    );
    return EXIT.ok;
  },
};

/** What was dropped; undefined where that may not be asked, or nft(8) is not there to be asked. */
function dropsOf(network: Network): Drop[] | undefined {
  try {
    return readDrops(network, systemExec);
  } catch (error) {
    if (error instanceof NetworkError) return undefined;
    throw error;
  }
}

function dropped({ name }: Network, drops: readonly Drop[] | undefined): string {
  if (!drops) return `only root may ask: 'sudo kittiwake net inspect ${name}'`;
  const frames = drops.reduce((sum, { packets }) => sum + packets, 0);
  return frames === 0
    ? 'nothing'
    : `${frames} ${frames === 1 ? 'frame' : 'frames'} of unikernels, by reason below`;
}

/** Where the host is in a subnet. */
function at(gateway: string | undefined): string {
  return gateway === undefined ? 'without the host' : `host ${gateway}`;
}

function describe(network: Network, drops: readonly Drop[] | undefined): string {
  const { bridge, subnet, gateway, subnet6, gateway6, taps, published, isolated } = publicView(network);
  const facts = [
    ['bridge', bridge],
    ['subnet', `${subnet}, ${at(gateway)}`],
    ...(subnet6 === undefined ? [] : [['subnet6', `${subnet6}, ${at(gateway6)}`]]),
    ['forward', forwarding(network)],
    ...(network.dhcp ? [['dhcp', 'addresses by DHCP, names by DNS']] : []),
    ...(isolated ? [['isolated', 'unikernels do not reach each other']] : []),
    ...(taps.length > 0 ? [['dropped', dropped(network, drops)]] : []),
    ...(network.removing ? [['state', `half removed; 'kittiwake net rm ${network.name}' completes it`]] : []),
  ];
  const lines = facts.map(([name = '', value]) => `${name.padEnd(10)}${value}\n`).join('');
  const tapRows = taps.map(({ name, mac, address, address6 = '-', user, group }) => [
    ...[name, mac, address, address6],
    user ?? (group === undefined ? 'root' : `group ${group}`),
  ]);
  const portRows = published.map((each) => [portName(each), each.tap, String(each.guestPort)]);
  const dropRows = (drops ?? [])
    .filter(({ packets }) => packets > 0)
    .map(({ tap, reason, packets, bytes }) => [tap, String(packets), String(bytes), reason]);
  return [
    lines,
    ...(tapRows.length > 0 ? [table(['TAP', 'MAC', 'IPV4', 'IPV6', 'OWNER'], tapRows)] : []),
    ...(portRows.length > 0 ? [table(['PUBLISHED', 'TAP', 'PORT'], portRows)] : []),
    ...(dropRows.length > 0 ? [table(['TAP', 'DROPPED', 'BYTES', 'REASON'], dropRows)] : []),
    ...(taps.length > 0 ? [taps.map((tap) => `${runLine(network, tap)}\n`).join('')] : []),
  ].join('\n');
}
