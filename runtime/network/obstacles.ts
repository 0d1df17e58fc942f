// Firewalls of others that stop a network's packets though ours lets them pass: found, named, with the command that opens them. They are not ours
// to change.
import type { Host, Hurdle } from './host.ts';
import { bridgeOf, type Network } from './model.ts';
import { passesHost } from './sysctl.ts';

/** One line for each thing in the way. */
export function obstacles(network: Network, { firewall, settings }: Host): string[] {
  if (!firewall) return [];
  const bridged = ['ip', 'ip6'].some((ip) => settings.get(`net.bridge.bridge-nf-call-${ip}tables`) === '1');
  if (!passesHost(network) && !bridged) return [];
  return firewall.hurdles.map((hurdle) => {
    const { family, table, chain, closed } = hurdle;
    const how = closed === 'policy' ? 'drops by policy' : 'ends with a rule that drops or rejects';
    return `${family} ${table} ${chain}: ${how}, so what ${bridgeOf(network)} forwards may be lost; ${remedy(hurdle, bridgeOf(network))}`;
  });
}

function remedy({ family, table, chain }: Hurdle, bridge: string): string {
  if (table === 'firewalld')
    return `'sudo firewall-cmd --permanent --zone=trusted --add-interface=${bridge}' and 'sudo firewall-cmd --reload'`;
  if (table === 'filter' && chain === 'FORWARD') {
    const command = family === 'ip6' ? 'ip6tables' : 'iptables';
    return `'sudo ${command} -I FORWARD -i ${bridge} -j ACCEPT' and 'sudo ${command} -I FORWARD -o ${bridge} -j ACCEPT' (with Docker: -I DOCKER-USER)`;
  }
  return `'sudo nft insert rule ${family} ${table} ${chain} iifname ${bridge} accept' and the same with oifname, in its configuration too`;
}
