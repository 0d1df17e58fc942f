// Settings of the kernel that are the host's, not a network's: who changed what, and what it was. A setting is given back when the last network
// that needs it goes, and only if nobody else has changed it since.
import { bridgeOf, subnets, type Network } from './model.ts';

export interface Change {
  readonly key: string;
  readonly was: string;
  readonly set: string;
  /** The networks that need it. */
  readonly networks: readonly string[];
  /** Other settings that the kernel changes with this one, to there and back: what they were. */
  readonly besides: Readonly<Record<string, string>>;
}

export type Values = ReadonlyMap<string, string>;
export type Setting = readonly [key: string, value: string];

export interface Plan {
  readonly changes: readonly Change[];
  readonly settings: readonly Setting[];
}

export const IP_FORWARD = 'net.ipv4.ip_forward';
export const IPV6_FORWARDING = 'net.ipv6.conf.all.forwarding';
const REDIRECTS = 'net.ipv4.conf.all.accept_redirects';

/** A setting of one interface; sysctl(8) writes a dot in its name as a slash. */
export function ofInterface(family: 4 | 6, name: string, setting: string): string {
  return `net.ipv${family}.conf.${name.replaceAll('.', '/')}.${setting}`;
}

/** Whether the kernel sets `key` too when it sets `global` (inet_forward_change(), addrconf_forward_change()). */
function follows(key: string, global: string): boolean {
  const family = global === IP_FORWARD ? 4 : global === IPV6_FORWARDING ? 6 : undefined;
  return (
    family !== undefined &&
    key !== global &&
    key.startsWith(`net.ipv${family}.conf.`) &&
    key.endsWith('.forwarding')
  );
}

/** The values after `key` was set to `value`, as the kernel does it. */
function after(values: Values, key: string, value: string): Map<string, string> {
  const next = new Map(values);
  for (const each of values.keys()) if (follows(each, key)) next.set(each, value);
  if (key === IP_FORWARD && values.has(REDIRECTS)) next.set(REDIRECTS, value === '1' ? '0' : '1');
  return next.set(key, value);
}

/** What other settings lose when `key` goes from `was` to `set` and back. */
function besides(values: Values, key: string, was: string, set: string): Record<string, string> {
  const back = after(after(values, key, set), key, was);
  return Object.fromEntries(
    [...values].filter(([each, value]) => back.get(each) !== value && !isBridges(each)),
  );
}

/** Whether the host forwards packets of the network. */
export function passesHost({ forward, published }: Network): boolean {
  return forward === 'nat' || forward === 'routed' || published.length > 0;
}

/** What the network needs of the host, most of it only where packets pass the host. */
export function needs(network: Network, values: Values, changes: readonly Change[]): Setting[] {
  if (!passesHost(network)) return [];
  const all: Setting[] = [];
  // By interface where it is known, so that the host does not become a router between all it has.
  if (network.uplink === undefined) all.push([IP_FORWARD, '1']);
  else if (values.has(ofInterface(4, network.uplink, 'forwarding')))
    all.push([ofInterface(4, network.uplink, 'forwarding'), '1']);
  if (subnets(network).length < 2) return all;
  // IPv6 is forwarded by all interfaces or none, and an interface that forwards forgets its router's advertisements unless accept_ra is 2.
  const listening = [...values].flatMap(([key, value]) => {
    const name = /^net\.ipv6\.conf\.([^.]+)\.accept_ra$/.exec(key)?.[1];
    if (name === undefined || ['all', 'default', 'lo'].includes(name) || name.startsWith('kw-')) return [];
    const ours = changes.some((change) => change.key === key);
    return ours || (value === '1' && values.get(IPV6_FORWARDING) === '0') ? [key] : [];
  });
  return [...all, ...listening.map((key): Setting => [key, '2']), [IPV6_FORWARDING, '1']];
}

/** What to remember and what to set so that `network` has what it needs. */
export function claim(network: Network, values: Values, before: readonly Change[]): Plan {
  const changes = [...before];
  const settings: Setting[] = [];
  let now = new Map(values);
  for (const [key, set] of needs(network, values, before)) {
    const at = changes.findIndex((change) => change.key === key);
    const known = changes[at];
    const value = now.get(key);
    if (value === undefined) continue;
    const global = changes.find((change) => follows(key, change.key));
    // Set by somebody else, who will not take it back from us.
    if (!known && value === set && global === undefined) continue;
    const networks = [...new Set([...(known?.networks ?? []), network.name])];
    if (known) {
      // Otherwise than we left it, as after a restart: what it is now is what it is to be again.
      const fresh = value === set ? known : { key, set, was: value, besides: besides(now, key, value, set) };
      changes[at] = { ...fresh, networks };
    } else {
      const was = value === set ? (global?.besides[key] ?? global?.was ?? value) : value;
      changes.push({ key, was, set, networks, besides: value === set ? {} : besides(now, key, was, set) });
    }
    if (value !== set) {
      settings.push([key, set]);
      now = after(now, key, set);
    }
  }
  return { changes, settings };
}

/** What to remember and what to set when the network called `name` goes. */
export function release(name: string, values: Values, before: readonly Change[]): Plan {
  let changes = before.map((change) => ({
    ...change,
    networks: change.networks.filter((each) => each !== name),
  }));
  const settings: Setting[] = [];
  let now = new Map(values);
  const set = (key: string, value: string): void => {
    if (!now.has(key) || now.get(key) === value) return;
    settings.push([key, value]);
    now = after(now, key, value);
  };
  for (const change of changes.filter(({ networks }) => networks.length === 0).reverse()) {
    changes = changes.filter((each) => each !== change);
    const global = changes.find((each) => follows(change.key, each.key));
    if (global && global.networks.length > 0) {
      // The interface goes on forwarding with all others; it stops when they do.
      changes = changes.map((each) =>
        each === global ? { ...each, besides: withValue(global, change) } : each,
      );
    } else if (now.get(change.key) === change.set) {
      set(change.key, change.was);
      for (const [key, value] of Object.entries(change.besides)) set(key, value);
    }
  }
  for (const { key, set: value } of changes) set(key, value);
  for (const [key, value] of values)
    if (isBridges(key) && key !== ofInterface(4, `kw-${name}`, 'forwarding')) set(key, value);
  return { changes, settings };
}

/** A bridge of ours, whose settings are its network's. */
function isBridges(key: string): boolean {
  return /^net\.ipv4\.conf\.kw-[^.]+\.forwarding$/.test(key);
}

function withValue(global: Change, { key, was }: Change): Record<string, string> {
  const rest = Object.entries(global.besides).filter(([each]) => each !== key);
  return Object.fromEntries(was === global.was ? rest : [...rest, [key, was]]);
}

/** Settings of the bridge itself, which go with it, that are not as they should be. */
export function ownSettings(network: Network, values: Values): Setting[] {
  const bridge = bridgeOf(network);
  const bridged = network.forward === 'bridged';
  const localnet = ofInterface(4, bridge, 'route_localnet');
  const wanted: Setting[] = [
    // A unikernel is no router of the host's; and where the host is only a switch, it has no address and answers for none.
    ...(values.has(IPV6_FORWARDING)
      ? [[ofInterface(6, bridge, bridged ? 'disable_ipv6' : 'accept_ra'), bridged ? '1' : '0'] as const]
      : []),
    ...(bridged ? [[ofInterface(4, bridge, 'arp_ignore'), '8'] as const] : []),
    ...(passesHost(network) ? [[ofInterface(4, bridge, 'forwarding'), '1'] as const] : []),
    // What the host sends to 127.0.0.1 may leave by the bridge once it is translated; the firewall lets nothing come in there for 127.0.0.0/8.
    ...(network.published.length > 0 || values.get(localnet) === '1'
      ? [[localnet, network.published.length > 0 ? '1' : '0'] as const]
      : []),
  ];
  return wanted.filter(([key, value]) => values.get(key) !== value);
}
