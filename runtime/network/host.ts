// What the host has: interfaces, addresses, routes, settings, firewall. Read by the programs a person would use; nothing is changed
// here.
import type { Exec } from './exec.ts';
import { NetworkError } from './errors.ts';
import { parsePrefix, type Prefix } from './ip.ts';
import { parseRuleset, type Rule, type RuleChain, type Ruleset } from './ruleset.ts';
import { IP_FORWARD, ofInterface } from './sysctl.ts';

export interface Link {
  readonly name: string;
  /** What ip-link(8) calls its type: bridge, tun, veth; absent for hardware. */
  readonly kind?: string;
  /** Of the kind tun: tap, or tun, which carries no frames. */
  readonly type?: string;
  readonly mac: string;
  readonly loopback: boolean;
  readonly up: boolean;
  /** Somebody holds the other end: for a tap, a program has it open. */
  readonly carrier: boolean;
  readonly master?: string;
  readonly isolated: boolean;
  /** Of a bridge's port: forwarding, disabled, … */
  readonly portState?: string;
  readonly mtu: number;
  /** A tap that wants a queue for each processor, which the tenders do not offer. */
  readonly queues: boolean;
  readonly user?: string;
  readonly group?: string;
  /** As `10.0.42.1/24`. */
  readonly addresses: readonly string[];
}

export interface Route {
  readonly prefix: Prefix;
  readonly dev: string;
}

/** A base chain of somebody else's that packets through the host must pass. */
export interface Hurdle {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** Its policy drops, or its last rule drops or rejects whatever is left. */
  readonly closed: 'policy' | 'rule';
}

export interface Firewall {
  /** What is listed of each table called kw-…, as a digest, by `inet kw-web`. */
  readonly tables: ReadonlyMap<string, string>;
  readonly hurdles: readonly Hurdle[];
  readonly ruleset: Ruleset;
}

export interface Host {
  readonly links: ReadonlyMap<string, Link>;
  readonly routes: readonly Route[];
  readonly settings: ReadonlyMap<string, string>;
  /** Undefined where it may not be read, as by an ordinary user. */
  readonly firewall: Firewall | undefined;
}

/** The settings of each interface that are read, by family. */
const INTERFACE_SETTINGS = {
  4: ['forwarding', 'accept_redirects', 'route_localnet', 'rp_filter', 'arp_ignore'],
  6: ['forwarding', 'accept_redirects', 'accept_ra', 'disable_ipv6'],
} as const;

/** Those of the host itself; the last two are there where br_netfilter is loaded. */
const HOST_SETTINGS = [
  IP_FORWARD,
  'net.bridge.bridge-nf-call-iptables',
  'net.bridge.bridge-nf-call-ip6tables',
];

/** Keys for one sysctl(8): of 60 characters at most, so far below the 2 MiB that arguments may take. */
const KEYS_AT_ONCE = 4096;

/**
 * What is not asked for is not read, and what is, once: whoever plans has read it before anything is changed.
 * @throws NetworkError `tools` where a program is missing, `host` where one fails; as its parts do when they are read.
 */
export function readHost(exec: Exec): Host {
  const links = readLinks(exec);
  const routes = once(() => readRoutes(exec));
  const settings = once(() => readSettings(exec, [...links.keys()]));
  const firewall = once(() => readFirewall(exec));
  return {
    links,
    get routes() {
      return routes();
    },
    get settings() {
      return settings();
    },
    get firewall() {
      return firewall();
    },
  };
}

function once<Value>(read: () => Value): () => Value {
  let known: { readonly value: Value } | undefined;
  return () => (known ??= { value: read() }).value;
}

/** What `ip -j` writes, of which only what is used is believed to be there. */
interface IpLink {
  readonly ifname?: string;
  readonly address?: string;
  readonly flags?: readonly string[];
  readonly mtu?: number;
  readonly master?: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: {
      readonly type?: string;
      readonly user?: string | number;
      readonly group?: string | number;
      readonly multi_queue?: boolean;
    };
    readonly info_slave_data?: { readonly isolated?: boolean; readonly state?: string };
  };
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

interface IpRoute {
  readonly dst?: string;
  readonly dev?: string;
  readonly type?: string;
}

function json(exec: Exec, args: readonly string[]): readonly object[] {
  const { status, out, err } = exec('ip', args);
  if (status !== 0) throw new NetworkError('host', `ip ${args.join(' ')}: ${firstLine(err)}; try it by hand`);
  try {
    return JSON.parse(out.trim() === '' ? '[]' : out) as object[];
  } catch {
    throw new NetworkError('host', `ip ${args.join(' ')}: did not write JSON; install Debian's iproute2`);
  }
}

export function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

function readLinks(exec: Exec): Map<string, Link> {
  const links = new Map<string, Link>();
  for (const { ifname, address = '', flags = [], mtu = 0, master, linkinfo, addr_info = [] } of json(exec, [
    '-j',
    '-d',
    'addr',
    'show',
  ]) as readonly IpLink[]) {
    if (ifname === undefined) continue;
    const { user, group, type, multi_queue } = linkinfo?.info_data ?? {};
    const { state, isolated } = linkinfo?.info_slave_data ?? {};
    links.set(ifname, {
      name: ifname,
      mac: address,
      loopback: flags.includes('LOOPBACK'),
      up: flags.includes('UP'),
      carrier: flags.includes('LOWER_UP'),
      isolated: isolated === true,
      mtu,
      queues: multi_queue === true,
      addresses: addr_info.flatMap(({ local, prefixlen }) =>
        local === undefined ? [] : [`${local}/${prefixlen}`],
      ),
      ...(linkinfo?.info_kind !== undefined && { kind: linkinfo.info_kind }),
      ...(type !== undefined && { type }),
      ...(master !== undefined && { master }),
      ...(state !== undefined && { portState: state }),
      ...(user !== undefined && { user: String(user) }),
      ...(group !== undefined && { group: String(group) }),
    });
  }
  return links;
}

/** Of both families. */
function readRoutes(exec: Exec): Route[] {
  const routes = json(exec, ['-j', 'route', 'show', 'table', 'all']) as readonly IpRoute[];
  return routes.flatMap(({ dst = '', dev = '', type }) => {
    if (type === 'broadcast' || type === 'multicast' || dst === 'default') return [];
    const prefix = parsePrefix(dst.includes('/') ? dst : `${dst}/${dst.includes(':') ? 128 : 32}`);
    return prefix && prefix.length > 0 ? [{ prefix, dev }] : [];
  });
}

/** By name, since to find them among all of the kernel's settings sysctl(8) takes longer than all else that is read here together. */
function readSettings(exec: Exec, links: readonly string[]): Map<string, string> {
  // What has an equals sign in it sysctl(8) would set.
  const names = links.filter((name) => !name.includes('='));
  const ofInterfaces = ['all', 'default', ...names].flatMap((name) =>
    ([4, 6] as const).flatMap((family) =>
      INTERFACE_SETTINGS[family].map((setting) => ofInterface(family, name, setting)),
    ),
  );
  const keys = [...HOST_SETTINGS, ...ofInterfaces];
  const settings = new Map<string, string>();
  for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
    // Some are not there, as where IPv6 is off, and some cannot be read by everybody, which sysctl(8) says in its status and goes on.
    const { out } = exec('sysctl', ['-e', ...keys.slice(start, start + KEYS_AT_ONCE)]);
    for (const line of out.split('\n')) {
      const [, key, value] = /^(\S+) = (\S+)$/.exec(line) ?? [];
      if (key !== undefined && value !== undefined) settings.set(key, value);
    }
  }
  return settings;
}

/** Undefined where it may not be read. @throws NetworkError as readHost() */
export function readFirewall(exec: Exec): Firewall | undefined {
  const { status, out } = exec('nft', ['-j', 'list', 'ruleset']);
  if (status !== 0) return undefined;
  try {
    return parseFirewall(out);
  } catch {
    throw new NetworkError('host', `nft -j list ruleset: did not write JSON; install Debian's nftables`);
  }
}

/** The ruleset as `nft -j` lists it. @throws Error where it is no JSON. */
export function parseFirewall(text: string): Firewall {
  const ruleset = parseRuleset(text);
  return { tables: ruleset.digests, hurdles: ruleset.chains.flatMap(hurdles), ruleset };
}

function hurdles({ family, table, name: chain, hook, policy, rules }: RuleChain): Hurdle[] {
  if (hook !== 'forward' || table.startsWith('kw-') || !['inet', 'ip', 'ip6'].includes(family)) return [];
  if (policy === 'drop') return [{ family, table, chain, closed: 'policy' }];
  const last = rules.at(-1);
  return last && isFinal(last) ? [{ family, table, chain, closed: 'rule' }] : [];
}

/** A rule that ends the way of whatever reaches it. */
function isFinal({ expr }: Rule): boolean {
  const [verdict, ...more] = expr.filter((each) => !('counter' in each || 'log' in each));
  return verdict !== undefined && more.length === 0 && ('drop' in verdict || 'reject' in verdict);
}
