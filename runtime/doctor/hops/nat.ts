// Whether packets leave with an address that can be answered.
import { isTranslated } from '../firewall/judge.ts';
import { familyOf, type Way } from '../facts/way.ts';
import { failed, ok, type Finding } from '../finding.ts';
import type { Path } from '../path.ts';
import { mend } from '../remedy.ts';
import { formatPrefix, networkOf, parsePrefix } from '../../network/ip.ts';
import { blind, uplinkOf } from './forward.ts';
import { hostPrefix, isPrivate } from './subnet.ts';

export function natHop(path: Path, way: Way): Finding[] {
  const uplink = uplinkOf(way);
  if (path.routed || uplink === undefined) return [];
  const { firewall, links } = way.host;
  if (!firewall) return [blind('nat')];
  const family = familyOf(path.address);
  const translated = isTranslated(firewall.ruleset, {
    ...{ family, from: path.address, to: way.beyond?.target ?? '', iif: way.via, oif: uplink },
    ...{ protocol: 'icmp', state: 'new' },
  });
  if (translated === true) return [ok('nat', `leaves by ${uplink} with the host's address`)];
  if (translated === undefined)
    return [ok('nat', `rules that only iptables reads may translate ${path.address}`)];
  if (!isPrivate(path.address))
    return [ok('nat', `${path.address} leaves as it is, and may be answered outside`)];
  const prefix = hostPrefix(links.get(way.via), path.address);
  const subnet = prefix === undefined ? undefined : parsePrefix(prefix);
  const whom = subnet ? formatPrefix(networkOf(subnet)) : path.address;
  const [ip, table] = family === 4 ? ['ip', 'ip kittiwake-nat'] : ['ip6', 'ip6 kittiwake-nat'];
  const rules = [
    `add table ${table}`,
    `add chain ${table} postrouting { type nat hook postrouting priority srcnat; }`,
    `add rule ${table} postrouting ${ip} saddr ${whom} oifname "${uplink}" masquerade`,
  ];
  return [
    failed(
      'nat-missing',
      `${path.address} leaves by ${uplink} with its own address, to which nobody outside knows a way`,
      mend(path, `sudo nft '${rules.join('; ')}'`),
    ),
  ];
}
