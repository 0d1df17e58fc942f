// From what a network is to be and what the host has to the commands between. Where the host is as it should be, there are none: that is how a
// command that was killed is gone on with, a restarted host is set up again, and a second `create` finds nothing to do.
import { NetworkError } from './errors.ts';
import { digestOf, tablesOf } from './firewall.ts';
import type { Host, Link } from './host.ts';
import { formatPrefix, overlaps, parsePrefix, type Prefix } from './ip.ts';
import { macOf } from './mac.ts';
import { bridgeOf, gatewayOf, subnets, type Network, type Settings, type Tap } from './model.ts';
import { creation, difference, replacement, type Table } from './nft.ts';
import { digest } from './sha256.ts';
import { ip, nft, sysctl, type Step } from './steps.ts';
import { ownSettings, IPV6_FORWARDING, type Setting } from './sysctl.ts';

/** The commands that make the host as `network` says. `before` is what it said when it was last applied. */
export function setUp(
  network: Network,
  before: Network | undefined,
  host: Host,
  settings: readonly Setting[],
): Step[] {
  const bridge = bridgeOf(network);
  const link = host.links.get(bridge);
  if (link && link.kind !== 'bridge') throw notOurs(bridge, 'a bridge');
  const present = network.taps.filter((tap) => !tap.removing);
  const leaving = network.taps.filter((tap) => tap.removing && host.links.get(tap.name)?.kind === 'tun');
  for (const { name } of present) {
    const tap = host.links.get(name);
    if (tap && (tap.kind !== 'tun' || (tap.master !== undefined && tap.master !== bridge)))
      throw notOurs(name, 'a tap of this network');
  }
  const [inet, netdev] = tableSteps(network, before, host);
  const ipv6 = host.settings.has(IPV6_FORWARDING);
  const own = ownSettings(network, host.settings);
  const port = portOf(network);
  const joined = port === undefined || host.links.get(port)?.master === bridge;
  if (port !== undefined && !joined) checkPort(port, host);
  return [
    ...inet,
    ...bridgeSteps(network, link),
    ...addressSteps(network, link, ipv6),
    ...leaving.map(({ name }) => ip('link', 'set', 'dev', name, 'down')),
    ...present.flatMap((tap) => tapSteps(network, tap, host.links.get(tap.name))),
    ...netdev,
    ...leaving.map(({ name }) => ip('link', 'del', 'dev', name)),
    ...own.map(([key, value]) => sysctl(key, value)),
    // Nothing is up before its rules are there.
    ...(port === undefined || joined ? [] : [ip('link', 'set', 'dev', port, 'master', bridge)]),
    ...[bridge, ...present.map(({ name }) => name), ...(port === undefined ? [] : [port])]
      .filter((name) => !host.links.get(name)?.up)
      .map((name) => ip('link', 'set', 'dev', name, 'up')),
    ...settings.map(([key, value]) => sysctl(key, value)),
  ];
}

function notOurs(name: string, what: string): NetworkError {
  return new NetworkError(
    'conflict',
    `${name}: an interface of that name is there already and is not ${what}; remove it with 'ip link del dev ${name}'`,
  );
}

/** The host's interface that is to be a port of the bridge. */
function portOf({ forward, uplink }: Settings): string | undefined {
  return forward === 'bridged' ? uplink : undefined;
}

/** Whether the uplink has to be set up, which rm then takes back. */
export function raises(network: Network, host: Host): boolean {
  const port = portOf(network);
  return port !== undefined && host.links.get(port)?.up === false;
}

/**
 * A port of a bridge hands all it hears to the bridge: whoever reaches the host by its address there is cut off.
 * @throws NetworkError `conflict` where it is not free to be one
 */
function checkPort(name: string, { links, routes }: Host): void {
  const link = links.get(name);
  const refusal = (what: string): NetworkError => new NetworkError('conflict', `--uplink ${name}: ${what}`);
  if (!link)
    throw new NetworkError('missing', `--uplink ${name}: no such interface; 'ip -br link' lists them`);
  if (link.master !== undefined)
    throw refusal(`a port of ${link.master} already; take another, or 'ip link set dev ${name} nomaster'`);
  if (link.loopback || link.kind === 'bridge' || link.kind === 'tun')
    throw refusal(
      `${link.kind === 'tun' ? 'a tap' : (link.kind ?? 'loopback')}, no port to the outside; take another`,
    );
  const elsewhere = `a port of a bridge loses it, and the host would be cut off there; take an interface that the host does not use, or --nat or --routed`;
  const address = link.addresses.find((each) => !each.startsWith('fe80:'));
  if (address !== undefined) throw refusal(`carries the host's address ${address}: ${elsewhere}`);
  const route = routes.find(({ dev, prefix }) => dev === name && !isLinkLocal(prefix));
  if (route) throw refusal(`carries the host's route to ${formatPrefix(route.prefix)}: ${elsewhere}`);
}

/** fe80::/10 and ff00::/8, to which every interface has routes. */
function isLinkLocal({ family, value }: Prefix): boolean {
  return family === 6 && value >> 118n >= 0x3fan;
}

function bridgeSteps(network: Network, link: Link | undefined): Step[] {
  const bridge = bridgeOf(network);
  const mac = macOf(network.seed, '');
  // Its own MAC address, lest it take the lowest of its ports'. No snooping: the first unikernel to ask would rule the others' multicast.
  if (!link) return [ip('link', 'add', bridge, 'address', mac, 'type', 'bridge', 'mcast_snooping', '0')];
  return link.mac === mac ? [] : [ip('link', 'set', 'dev', bridge, 'address', mac)];
}

function addressSteps(network: Network, link: Link | undefined, ipv6: boolean): Step[] {
  if (network.subnet6 !== undefined && !ipv6)
    throw new NetworkError(
      'host',
      `--subnet6 ${network.subnet6}: this host has no IPv6; leave it away, or start the host with IPv6`,
    );
  if (portOf(network) !== undefined) return [];
  const wanted = subnets(network).map((subnet) => formatPrefix(gatewayOf(subnet)));
  return wanted
    .filter((address) => !link?.addresses.includes(address))
    .map((address) =>
      ip('addr', 'add', address, 'dev', bridgeOf(network), ...(address.includes(':') ? ['nodad'] : [])),
    );
}

function tapSteps(network: Network, { name, user, group }: Tap, link: Link | undefined): Step[] {
  const owner = [
    ...(user === undefined ? [] : ['user', user]),
    ...(group === undefined ? [] : ['group', group]),
  ];
  const bridge = bridgeOf(network);
  return [
    ...(link ? [] : [ip('tuntap', 'add', 'dev', name, 'mode', 'tap', ...owner)]),
    ...(link?.master === bridge ? [] : [ip('link', 'set', 'dev', name, 'master', bridge)]),
    ...(network.isolated && link?.isolated !== true
      ? [ip('link', 'set', 'dev', name, 'type', 'bridge_slave', 'isolated', 'on')]
      : []),
  ];
}

/** The statements for both tables; they are written anew where somebody else has been at them. */
function tableSteps(
  network: Network,
  before: Network | undefined,
  { firewall, links }: Host,
): [Step[], Step[]] {
  const wanted = tablesOf(network);
  const old = before && tablesOf(before);
  const { applied, taps = [] } = before ?? {};
  const intact =
    old !== undefined &&
    applied?.wanted === digestOf(old) &&
    applied.listed === listed(network, firewall?.tables) &&
    // A tap's rules may have gone with it, or be listed and no longer hold.
    taps.every((tap) => links.has(tap.name));
  const steps = (table: Table, was: Table | undefined): Step[] => {
    const there = firewall?.tables.has(`${table.family} ${table.name}`) === true;
    if (intact && was) return difference(was, table).map(nft);
    return (there ? replacement(table) : creation(table)).map(nft);
  };
  return [steps(wanted[0], old?.[0]), steps(wanted[1], old?.[1])];
}

/** Both tables as they are listed, in short. */
export function listed(
  network: Pick<Settings, 'name'>,
  tables: ReadonlyMap<string, string> | undefined,
): string {
  const digests = ['inet', 'netdev'].map((family) => tables?.get(`${family} ${bridgeOf(network)}`) ?? 'none');
  return digest(digests.join(' '));
}

/** The commands that take everything of the network away again, whatever of it is there. */
export function tearDown(network: Network, host: Host, settings: readonly Setting[]): Step[] {
  const bridge = bridgeOf(network);
  const taps = network.taps.filter(({ name }) => {
    const link = host.links.get(name);
    return link?.kind === 'tun' && (link.master === undefined || link.master === bridge);
  });
  const port = portOf(network);
  const link = port === undefined ? undefined : host.links.get(port);
  const tables = ['netdev', 'inet'].filter((family) => host.firewall?.tables.has(`${family} ${bridge}`));
  return [
    ...taps.map(({ name }) => ip('link', 'del', 'dev', name)),
    ...(link?.master === bridge ? [ip('link', 'set', 'dev', link.name, 'nomaster')] : []),
    ...(link?.up && network.raised ? [ip('link', 'set', 'dev', link.name, 'down')] : []),
    ...(host.links.get(bridge)?.kind === 'bridge' ? [ip('link', 'del', 'dev', bridge)] : []),
    ...tables.map((family) => nft(`delete table ${family} ${bridge}`)),
    ...settings.map(([key, value]) => sysctl(key, value)),
  ];
}

/**
 * What already uses addresses of the network: other networks of ours, addresses and routes of the host.
 * @throws NetworkError `conflict` with all of them
 */
export function checkFree(network: Settings, others: readonly Network[], host: Host): void {
  const bridge = bridgeOf(network);
  for (const subnet of subnets(network)) {
    const uses = new Set<string>();
    for (const other of others)
      for (const theirs of subnets(other))
        if (overlaps(subnet, theirs)) uses.add(`network ${other.name} has ${formatPrefix(theirs)}`);
    // Where the host is only a switch it may well be in the same network by another interface.
    const { links, routes } =
      portOf(network) === undefined ? host : { links: new Map<string, Link>(), routes: [] };
    const ours = new Set([bridge, ...others.map(bridgeOf)]);
    for (const { name, addresses } of links.values()) {
      if (ours.has(name)) continue;
      for (const address of addresses) {
        const prefix = parsePrefix(address);
        if (prefix && overlaps(subnet, prefix)) uses.add(`${name} has ${address}`);
      }
    }
    for (const { prefix, dev } of routes) {
      const covered = [...uses].some((use) => use.startsWith(`${dev} has `));
      if (!ours.has(dev) && !covered && overlaps(subnet, prefix))
        uses.add(`${formatPrefix(prefix)} is routed${dev === '' ? '' : ` to ${dev}`}`);
    }
    if (uses.size > 0)
      throw new NetworkError(
        'conflict',
        `subnet ${formatPrefix(subnet)}: in use (${[...uses].join(', ')}); choose another, such as ${example(subnet.family)}`,
      );
  }
}

function example(family: 4 | 6): string {
  return family === 4 ? '10.0.43.0/24' : 'fd00:43::/64';
}
