// The bridge between tap and host: up, with the tap as a port that forwards, all ports of one MTU, and no firewall between them.
import type { Link } from '../../network/host.ts';
import { judgeForward } from '../firewall/judge.ts';
import { familyOf, type Way } from '../facts/way.ts';
import { failed, ok, type Finding } from '../finding.ts';
import type { Path } from '../path.ts';
import { mend, sudo } from '../remedy.ts';
import { hostPrefix, meantBridge } from './subnet.ts';

export function bridgeHop(path: Path, way: Way): Finding[] {
  const { links } = way.host;
  const tap = links.get(path.tap);
  const name = path.bridge ?? tap?.master ?? meantBridge(path, way.host);
  if (name === undefined || !tap) return [];
  const bridge = links.get(name);
  if (!bridge)
    return [
      failed(
        'bridge-missing',
        `${name} does not exist`,
        mend(path, sudo('ip link add name', name, 'type bridge')),
      ),
    ];
  const ports = [...links.values()].filter(({ master }) => master === name);
  const troubles: Finding[] = [];
  if (tap.master !== name)
    troubles.push(
      failed(
        'bridge-not-joined',
        `${path.tap} is not a port of ${name}`,
        mend(path, sudo('ip link set dev', path.tap, 'master', name)),
      ),
    );
  if (!bridge.up)
    troubles.push(
      failed('bridge-down', `${name} is not up`, mend(path, sudo('ip link set dev', name, 'up'))),
    );
  else if (
    tap.master === name &&
    tap.up &&
    tap.carrier &&
    tap.portState !== undefined &&
    tap.portState !== 'forwarding'
  )
    troubles.push(
      failed('bridge-state', `the port ${path.tap} is ${tap.portState}`, {
        remedy: sudo('bridge link set dev', path.tap, 'state 3'),
      }),
    );
  troubles.push(...mtus(bridge, ports), ...filtered(path, way, bridge, ports));
  if (troubles.length > 0) return troubles;
  const alone = tap.isolated ? ', isolated from the other ports' : '';
  return [ok('bridge', `${path.tap} is a port of ${name}, which is up${alone}`)];
}

/** A frame that is larger than a port's MTU is dropped there, and nobody is told. */
function mtus(bridge: Link, ports: readonly Link[]): Finding[] {
  const all = [bridge, ...ports];
  const most = Math.max(...all.map(({ mtu }) => mtu));
  const narrow = all.filter(({ mtu }) => mtu < most);
  if (narrow.length === 0) return [];
  const words = narrow.map(({ name, mtu }) => `${name} ${mtu}`).join(', ');
  return [
    failed(
      'bridge-mtu',
      `MTUs differ at ${bridge.name}: ${words}, the others ${most}; larger frames are lost`,
      {
        remedy: narrow.map(({ name }) => sudo('ip link set dev', name, 'mtu', String(most))).join(' && '),
      },
    ),
  ];
}

/** br_netfilter makes what is only bridged pass the chains for what is forwarded. */
function filtered(path: Path, { host }: Way, bridge: Link, ports: readonly Link[]): Finding[] {
  const family = familyOf(path.address);
  const key = `net.bridge.bridge-nf-call-${family === 4 ? 'iptables' : 'ip6tables'}`;
  if (host.settings.get(key) !== '1' || !host.firewall || ports.length < 2) return [];
  // Any address of the subnet stands for the other unikernel's.
  const to = hostPrefix(bridge, path.address)?.split('/')[0] ?? path.address;
  const outcome = judgeForward(host.firewall.ruleset, {
    ...{ family, from: path.address, to, iif: bridge.name, oif: bridge.name, protocol: 'icmp', state: 'new' },
  });
  if (outcome.end !== 'dropped' || outcome.by.chain.table.startsWith('kw-')) return [];
  const { family: kind, table, name } = outcome.by.chain;
  return [
    failed(
      'bridge-netfilter',
      `${key} is 1, so the chain ${kind} ${table} ${name} drops what one unikernel sends another`,
      { remedy: sudo('sysctl -w', `${key}=0`) },
    ),
  ];
}
