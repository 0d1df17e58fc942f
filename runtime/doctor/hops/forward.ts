// What the host does with a packet that is not for it: whether it forwards at all, and what its firewall says.
import { judgeForward, type Culprit } from '../firewall/judge.ts';
import type { Packet } from '../firewall/match.ts';
import { familyOf, type Way } from '../facts/way.ts';
import { failed, limited, ok, unseen, type Finding } from '../finding.ts';
import type { Path } from '../path.ts';
import { mend, sudo } from '../remedy.ts';
import { IP_FORWARD, IPV6_FORWARDING, ofInterface } from '../../network/sysctl.ts';

export function forwardHop(path: Path, way: Way): Finding[] {
  const off = forwardingOff(path, way);
  const uplink = uplinkOf(way);
  if (off.length > 0) return off;
  if (uplink === undefined) return [];
  const { firewall } = way.host;
  if (!firewall) return [blind('forward')];
  return [
    verdict(path, way, 'forward-drop', 'new') ??
      ok('forward', `this host forwards from ${way.via} to ${uplink}`),
  ];
}

/** The interface by which packets leave. */
export function uplinkOf({ beyond }: Way): string | undefined {
  return beyond && 'dev' in beyond.route ? beyond.route.dev : undefined;
}

export function blind(check: string): Finding {
  return unseen(check, 'the rules of the firewall may only be read by root', 'run it again with sudo');
}

function forwardingOff(path: Path, way: Way): Finding[] {
  const family = familyOf(path.address);
  const { settings } = way.host;
  const all = family === 4 ? IP_FORWARD : IPV6_FORWARDING;
  // For IPv6 there is one switch for all interfaces; for IPv4 each has its own, which the switch sets.
  const uplink = uplinkOf(way);
  const needed =
    family === 6
      ? [all]
      : [way.via, ...(uplink === undefined ? [] : [uplink])].map((name) =>
          ofInterface(4, name, 'forwarding'),
        );
  const off = needed.filter((key) => settings.get(key) === '0');
  if (off.length === 0) return [];
  const listens = ofInterface(6, uplink ?? '', 'accept_ra');
  // An interface that forwards forgets what its router advertised, unless it is told not to.
  const keeps = family === 6 && settings.get(listens) === '1' ? [`${listens}=2`] : [];
  const set = settings.get(all) === '0' ? [...keeps, `${all}=1`] : off.map((key) => `${key}=1`);
  const says = `this host does not forward IPv${family}: what ${path.address} sends beyond it ends here`;
  return [failed('forward-off', says, mend(path, sudo('sysctl -w', ...set)))];
}

const KINDS: readonly Pick<Packet, 'protocol' | 'port'>[] = [
  { protocol: 'icmp' },
  { protocol: 'tcp', port: 443 },
  { protocol: 'udp', port: 53 },
];

/** What is wrong with the way of the unikernel's packets, or of their answers, through the firewall. */
export function verdict(
  path: Path,
  way: Way,
  cause: 'forward-drop' | 'reply-drop',
  state: Packet['state'],
): Finding | undefined {
  const { firewall } = way.host;
  const uplink = uplinkOf(way);
  if (!firewall || uplink === undefined) return undefined;
  const there = { from: path.address, to: way.beyond?.target ?? '', iif: way.via, oif: uplink };
  const back = { from: there.to, to: there.from, iif: uplink, oif: way.via };
  const outcomes = KINDS.map((kind) => {
    const packet = { family: familyOf(path.address), ...(state === 'new' ? there : back), ...kind, state };
    return { kind, outcome: judgeForward(firewall.ruleset, packet) };
  });
  const [lost] = outcomes.flatMap(({ outcome }) => (outcome.end === 'dropped' ? [outcome.by] : []));
  if (!lost) return undefined;
  const passing = outcomes.filter(({ outcome }) => outcome.end !== 'dropped').map(({ kind }) => nameOf(kind));
  const what = state === 'new' ? `what ${way.via} sends to ${uplink}` : `the answers to ${way.via}`;
  const cure = mendChain(path, way, lost);
  if (passing.length === 0) return failed(cause, `${chainName(lost)} drops ${what}, ${how(lost)}`, cure);
  return limited(cause, `${chainName(lost)} lets only ${passing.join(' and ')} through of ${what}`, cure);
}

function nameOf({ protocol, port }: Pick<Packet, 'protocol' | 'port'>): string {
  return port === undefined ? 'ping' : `${protocol} ${port}`;
}

function chainName({ chain: { family, table, name } }: Culprit): string {
  return `the chain ${family} ${table} ${name}`;
}

function how({ rule }: Culprit): string {
  return rule ? `by its rule with the handle ${rule.handle}` : 'by policy';
}

/** What opens the chain for this interface, both ways, ahead of everything in it. */
function mendChain(path: Path, way: Way, { chain }: Culprit): { remedy: string } | { advice: string } {
  const { family, table, name } = chain;
  const { via, programs } = way;
  if (table.startsWith('kw-'))
    return path.network && table === `kw-${path.network.name}`
      ? mend(path, '')
      : { advice: `the network ${table.slice(3)} is in the way; 'kittiwake net inspect' shows it` };
  if (table === 'firewalld')
    return {
      remedy: `${sudo('firewall-cmd --permanent --zone=trusted', `--add-interface=${via}`)} && sudo firewall-cmd --reload`,
    };
  const opens = chain.rules.some(({ expr }) => JSON.stringify(expr).includes('"ufw-'));
  if (opens && programs.has('ufw')) return { remedy: sudo('ufw route allow in on', via) };
  const iptables = family === 'ip6' ? 'ip6tables' : 'iptables';
  if (table === 'filter' && name === 'FORWARD' && programs.has(iptables)) {
    const answers = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
    return {
      remedy: `sudo ${iptables} -I FORWARD -i ${via} -j ACCEPT && sudo ${iptables} -I FORWARD -o ${via} ${answers}`,
    };
  }
  const insert = `insert rule ${family} ${table} ${name}`;
  return {
    remedy: `sudo nft '${insert} iifname "${via}" accept; ${insert} oifname "${via}" ct state established,related accept'`,
  };
}
