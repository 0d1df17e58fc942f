// What a managed network is: its settings, the unikernels' taps with their addresses, the ports published. Everything here is plain data, as it
// lies in the state file; functions make a new network of an old one and touch nothing.
import { NetworkError } from './errors.ts';
import {
  contains,
  formatAddress,
  formatPrefix,
  networkOf,
  parseAddress,
  parsePrefix,
  size,
  type Prefix,
} from './ip.ts';
import { autoconfigured, macOf } from './mac.ts';

/** Longest name of a network: its bridge is `kw-NAME`, and Linux gives an interface 15 characters (IFNAMSIZ). */
export const NETWORK_NAME_MAX = 12;
export const INTERFACE_NAME_MAX = 15;
/** Most taps of a network: a Linux bridge has 1023 ports (BR_MAX_PORTS). */
export const TAPS_MAX = 1000;
export const PUBLICATIONS_MAX = 1000;

export interface Settings {
  readonly name: string;
  /** `10.0.42.0/24` */
  readonly subnet: string;
  readonly subnet6?: string;
  /** How packets leave: not at all, with the host's address, with their own, or without the host, which is only a switch between them and the uplink. */
  readonly forward: 'none' | 'nat' | 'routed' | 'bridged';
  /** The only interface packets leave by and come in from; where it is bridged, a port of the bridge. */
  readonly uplink?: string;
  /** A DHCP server, router advertisements and a DNS forwarder on the bridge. */
  readonly dhcp: boolean;
  /** Unikernels do not reach each other. */
  readonly isolated: boolean;
}

export interface Tap {
  /** The interface. */
  readonly name: string;
  readonly mac: string;
  readonly address: string;
  readonly address6?: string;
  readonly user?: string;
  readonly group?: string;
  /** It is being removed: whoever comes next goes on with that. */
  readonly removing?: true;
}

export interface Publication {
  readonly protocol: 'tcp' | 'udp';
  /** Only what comes for this address of the host; any of them where it is absent. */
  readonly address?: string;
  readonly port: number;
  readonly tap: string;
  readonly guestPort: number;
}

/** An address that `name` had: it gets it back, and others get it only when no other is left. */
export interface Former {
  readonly name: string;
  readonly address: string;
}

export interface Network extends Settings {
  /** 32 random bytes in hexadecimal, which the MAC addresses are made of. */
  readonly seed: string;
  readonly taps: readonly Tap[];
  readonly former: readonly Former[];
  readonly published: readonly Publication[];
  readonly removing?: true;
  /** The uplink was down before it was made a port, and is to be down again. */
  readonly raised?: true;
  /** What the firewall was made to be, and how nft(8) then listed it. */
  readonly applied?: { readonly wanted: string; readonly listed: string };
}

export function bridgeOf({ name }: Pick<Settings, 'name'>): string {
  return `kw-${name}`;
}

/** @throws NetworkError `usage` */
export function checkNetworkName(name: string): void {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= NETWORK_NAME_MAX) return;
  throw new NetworkError(
    'usage',
    `network '${name}': not a name for a network; take 1 to ${NETWORK_NAME_MAX} small letters, digits and hyphens, a letter first`,
  );
}

/** Folders of the kernel's settings beside those of interfaces, which it lets none be called (sysctl_dev_name_is_allowed()). */
const SETTINGS_OF_ALL = ['all', 'default'];

/** @throws NetworkError `usage` */
export function checkTapName(name: string): void {
  if (SETTINGS_OF_ALL.includes(name))
    throw new NetworkError('usage', `tap '${name}': Linux lets no interface be called so; take another name`);
  if (
    /^[a-z][a-z0-9]*([._-][a-z0-9]+)*$/.test(name) &&
    name.length <= INTERFACE_NAME_MAX &&
    !name.startsWith('kw-')
  )
    return;
  throw new NetworkError(
    'usage',
    `tap '${name}': not a name for a tap; take 1 to ${INTERFACE_NAME_MAX} small letters, digits and hyphens, a letter first and not kw-`,
  );
}

/** As dev_valid_name() of Linux has it, and nothing that a shell or nft(8) would read otherwise. */
export function isInterfaceName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/.test(name) && name.length <= INTERFACE_NAME_MAX;
}

/** Networks that no subnet may touch, and what they are (RFC 6890). */
const SPECIAL: readonly (readonly [string, string])[] = [
  ['0.0.0.0/8', '"this network"'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['224.0.0.0/3', 'multicast and reserved'],
  ['::/16', 'loopback and mapped addresses'],
  ['fe80::/10', 'link-local'],
  ['ff00::/8', 'multicast'],
];

/** `text` as a subnet of `option` for unikernels, who make their IPv6 addresses by themselves with `auto`. @throws NetworkError `usage` with what is wrong and what would be right. */
export function checkSubnet(
  option: '--subnet' | '--subnet6',
  text: string,
  auto: '--dhcp' | '--bridged' | undefined,
): Prefix {
  const wrong = (what: string): NetworkError => new NetworkError('usage', `${option} ${text}: ${what}`);
  const family = option === '--subnet' ? 4 : 6;
  const example = family === 4 ? '10.0.42.0/24' : 'fd00:42::/64';
  const prefix = parsePrefix(text);
  if (prefix?.family !== family) throw wrong(`not an IPv${family} subnet; write it as ${example}`);
  const [least, most] = family === 4 ? [8, 30] : [32, 126];
  if (prefix.length > most)
    throw wrong(`too small, it has no room for the host and a unikernel; take /${most} or larger`);
  if (prefix.length < least) throw wrong(`too large; take /${least} or smaller`);
  const network = networkOf(prefix);
  if (network.value !== prefix.value)
    throw wrong(`has host bits set; the subnet is ${formatPrefix(network)}`);
  for (const [special, use] of SPECIAL) {
    const taken = parsePrefix(special);
    if (taken && (contains(taken, prefix) || contains(prefix, taken)))
      throw wrong(`lies in ${special}, ${use}; take one such as ${example}`);
  }
  if (family === 6 && auto !== undefined && prefix.length !== 64)
    throw wrong(`with ${auto} unikernels make their address of a /64 by themselves; take a /64`);
  return prefix;
}

/** The settings, checked. @throws NetworkError `usage` */
export function checkSettings(settings: Settings): void {
  checkNetworkName(settings.name);
  const bridged = settings.forward === 'bridged';
  const auto = bridged ? '--bridged' : settings.dhcp ? '--dhcp' : undefined;
  checkSubnet('--subnet', settings.subnet, auto);
  if (settings.subnet6 !== undefined) checkSubnet('--subnet6', settings.subnet6, auto);
  if (bridged && settings.dhcp)
    throw new NetworkError(
      'usage',
      `--dhcp: with --bridged it would answer whoever is beyond the uplink; leave one of the two away`,
    );
  if (settings.uplink === undefined) {
    if (!bridged) return;
    throw new NetworkError('usage', `--bridged: no port given to join; add --uplink IF`);
  }
  if (!isInterfaceName(settings.uplink))
    throw new NetworkError(
      'usage',
      `--uplink '${settings.uplink}': not an interface's name; 'ip -br link' lists them`,
    );
  if (settings.forward === 'none')
    throw new NetworkError(
      'usage',
      `--uplink ${settings.uplink}: nothing leaves this network; add --nat, --routed or --bridged`,
    );
}

/** The subnets of a network, IPv4 first. */
export function subnets({ subnet, subnet6 }: Pick<Settings, 'subnet' | 'subnet6'>): Prefix[] {
  return [subnet, subnet6].flatMap((text) => (text === undefined ? [] : (parsePrefix(text) ?? [])));
}

/** The host's own address in a subnet of ours: the first one. */
export function gatewayOf(subnet: Prefix): Prefix {
  return { ...subnet, value: subnet.value + 1n };
}

export function findTap(network: Network, name: string): Tap | undefined {
  return network.taps.find((tap) => tap.name === name);
}

export interface TapRequest {
  readonly name: string;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** The IPv4 address it is to have. */
  readonly address?: string | undefined;
}

/** The network with one tap more, its addresses allotted. @throws NetworkError */
export function withTap(network: Network, request: TapRequest): Network {
  checkTapName(request.name);
  if (network.taps.length >= TAPS_MAX)
    throw new NetworkError(
      'conflict',
      `network ${network.name}: has ${TAPS_MAX} taps already; create another network`,
    );
  const [subnet, subnet6] = subnets(network);
  if (!subnet) throw new Error('a network without a subnet');
  if (network.forward === 'bridged' && request.address === undefined)
    throw new NetworkError(
      'usage',
      `tap ${request.name}: who has which address is settled beyond ${network.uplink}, not here; add --address with one that is free there`,
    );
  const mac = macOf(network.seed, request.name, new Set(network.taps.map((tap) => tap.mac)));
  const value =
    request.address === undefined
      ? allot(network, subnet, request.name)
      : asked(network, subnet, request.address);
  const tap: Tap = {
    name: request.name,
    mac,
    address: formatAddress({ family: 4, value }),
    ...(subnet6 && {
      address6: formatAddress({ family: 6, value: address6(network, subnet6, mac, value - subnet.value) }),
    }),
    ...(request.user !== undefined && { user: request.user }),
    ...(request.group !== undefined && { group: request.group }),
  };
  return {
    ...network,
    taps: [...network.taps, tap],
    former: network.former.filter(({ name, address }) => name !== tap.name && address !== tap.address),
  };
}

/** What a unikernel makes of the prefix by itself where it is told to; else the number it has in IPv4's subnet, which people can read. */
function address6(network: Network, subnet6: Prefix, mac: string, host: bigint): bigint {
  if (network.dhcp || network.forward === 'bridged') return autoconfigured(subnet6, mac);
  if (host < size(subnet6)) return subnet6.value + host;
  throw new NetworkError(
    'conflict',
    `network ${network.name}: ${formatPrefix(subnet6)} has no host ${host} beside the IPv4 address; choose a lower one by --address`,
  );
}

/** The hosts of a subnet that may be given away: not the network's address, not the host's, not the broadcast address. */
function hosts(subnet: Prefix): { first: bigint; last: bigint } {
  return { first: subnet.value + 2n, last: subnet.value + size(subnet) - 2n };
}

/** The address `name` had; else the lowest nobody ever had; else the one given back longest ago. */
function allot(network: Network, subnet: Prefix, name: string): bigint {
  const value = (text: string): bigint => parseAddress(text)?.value ?? 0n;
  const inUse = new Set(network.taps.map((tap) => value(tap.address)));
  const former = new Map(network.former.map((each) => [each.name, value(each.address)]));
  const own = former.get(name);
  if (own !== undefined && !inUse.has(own)) return own;
  const kept = new Set(former.values());
  const { first, last } = hosts(subnet);
  for (let host = first; host <= last; host++) if (!inUse.has(host) && !kept.has(host)) return host;
  const oldest = network.former.find((each) => !inUse.has(value(each.address)));
  if (oldest) return value(oldest.address);
  throw new NetworkError(
    'conflict',
    `network ${network.name}: all ${last - first + 1n} addresses of ${network.subnet} are taken; remove a tap, or create a larger network`,
  );
}

function asked(network: Network, subnet: Prefix, text: string): bigint {
  const address = parseAddress(text);
  const wrong = (what: string): NetworkError => new NetworkError('usage', `--address ${text}: ${what}`);
  if (address?.family !== 4) throw wrong('not an IPv4 address; write it as 10.0.42.7');
  const { first, last } = hosts(subnet);
  if (address.value < first || address.value > last) {
    const range = `${formatAddress({ family: 4, value: first })} to ${formatAddress({ family: 4, value: last })}`;
    throw wrong(`not for a unikernel of ${network.name}; take one of ${range}`);
  }
  const owner = network.taps.find((tap) => tap.address === formatAddress(address));
  if (owner) throw new NetworkError('conflict', `--address ${text}: ${owner.name} has it; take another`);
  return address.value;
}

/** The network without the tap, whose address is kept for it. */
export function withoutTap(network: Network, name: string): Network {
  const tap = findTap(network, name);
  if (!tap) return network;
  const kept = [...network.former.filter((each) => each.name !== name), { name, address: tap.address }];
  return {
    ...network,
    taps: network.taps.filter((each) => each !== tap),
    former: kept.slice(-TAPS_MAX),
    published: network.published.filter((each) => each.tap !== name),
  };
}

/** How a publication is written: `192.0.2.1:8080/tcp`. */
export function portName({ protocol, address, port }: Omit<Publication, 'tap' | 'guestPort'>): string {
  const at = address === undefined ? '' : address.includes(':') ? `[${address}]:` : `${address}:`;
  return `${at}${port}/${protocol}`;
}

/** Whether two publications want the same packets. */
export function samePort(
  a: Omit<Publication, 'tap' | 'guestPort'>,
  b: Omit<Publication, 'tap' | 'guestPort'>,
): boolean {
  const sameAddress = a.address === undefined || b.address === undefined || a.address === b.address;
  return a.protocol === b.protocol && a.port === b.port && sameAddress;
}
