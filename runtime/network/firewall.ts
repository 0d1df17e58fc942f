// The firewall of a network, in two tables of its own: `inet kw-NAME` says what passes the host and how it is translated, `netdev kw-NAME` what may
// come out of each tap at all. Other tables are neither read for this nor changed, and a packet must pass theirs as well.
import { formatAddress, formatPrefix, parseAddress, type Address } from './ip.ts';
import { autoconfigured, LINK_LOCAL } from './mac.ts';
import { bridgeOf, findTap, subnets, type Network, type Publication, type Tap } from './model.ts';
import type { Chain, Table } from './nft.ts';
import { digest } from './sha256.ts';

export function tablesOf(network: Network): [Table, Table] {
  const name = bridgeOf(network);
  const taps = network.taps.filter((tap) => !tap.removing);
  return [
    { family: 'inet', name, chains: chainsOf(network) },
    { family: 'netdev', name, chains: taps.map(guardOf) },
  ];
}

/** What the firewall is to be, in short. */
export function digestOf(tables: readonly Table[]): string {
  return digest(JSON.stringify(tables));
}

const keyword = { 4: 'ip', 6: 'ip6' } as const;

function chainsOf(network: Network): Chain[] {
  return network.forward === 'bridged' ? switchChains(network) : routerChains(network);
}

/** The host is a switch of this network and nothing else: it takes nothing from there, and routes nothing. */
function switchChains(network: Network): Chain[] {
  const bridge = `"${bridgeOf(network)}"`;
  return [
    {
      name: 'input',
      base: 'type filter hook input priority filter; policy accept;',
      rules: [`iifname ${bridge} drop`],
    },
    {
      name: 'forward',
      base: 'type filter hook forward priority filter; policy accept;',
      rules: [
        // With br_netfilter what is only switched comes by here, too.
        `iifname ${bridge} oifname ${bridge} accept`,
        `iifname ${bridge} drop`,
        `oifname ${bridge} drop`,
      ],
    },
  ];
}

function routerChains(network: Network): Chain[] {
  const bridge = `"${bridgeOf(network)}"`;
  const { uplink, forward, isolated } = network;
  const outside = uplink === undefined ? '' : `iifname "${uplink}" `;
  const incoming = uplink === undefined ? '' : `iifname { "${uplink}", ${bridge} } `;
  const nets = subnets(network);
  return [
    { name: 'publish', rules: network.published.flatMap((each) => translations(network, each)) },
    { name: 'open', rules: network.published.flatMap((each) => openings(network, each)) },
    {
      name: 'loopback',
      base: 'type filter hook prerouting priority raw; policy accept;',
      // Before connections are tracked: an answer is still for the host's address on the bridge here.
      rules: [`iifname ${bridge} ip daddr 127.0.0.0/8 drop`],
    },
    {
      name: 'prerouting',
      base: 'type nat hook prerouting priority dstnat; policy accept;',
      rules: [`${incoming}fib daddr type local jump publish`],
    },
    {
      name: 'output',
      base: 'type nat hook output priority -100; policy accept;',
      // Linux lets nothing from ::1 leave by another interface: translated it would be lost, and whoever tried `localhost` would wait.
      rules: ['ip6 daddr ::1 accept', 'fib daddr type local jump publish'],
    },
    {
      name: 'postrouting',
      base: 'type nat hook postrouting priority srcnat; policy accept;',
      rules: [
        // A published port that the host or a neighbour asks for: the answer must come back through the host.
        `oifname ${bridge} ct status dnat fib saddr type local masquerade`,
        ...nets.map(
          (net) =>
            `oifname ${bridge} ${keyword[net.family]} saddr ${formatPrefix(net)} ct status dnat masquerade`,
        ),
        ...(forward === 'nat'
          ? nets.map(
              (net) =>
                `${keyword[net.family]} saddr ${formatPrefix(net)} oifname ${uplink === undefined ? `!= ${bridge}` : `"${uplink}"`} masquerade`,
            )
          : []),
      ],
    },
    {
      name: 'forward',
      base: 'type filter hook forward priority filter; policy accept;',
      rules: [
        `oifname ${bridge} ct state established,related accept`,
        `iifname ${bridge} oifname ${bridge} ${isolated ? 'ct status dnat accept' : 'accept'}`,
        `${outside}oifname ${bridge} jump open`,
        `oifname ${bridge} drop`,
        `iifname ${bridge} ct state established,related accept`,
        ...(forward === 'none' ? [`iifname ${bridge} drop`] : []),
        ...(uplink === undefined ? [] : [`iifname ${bridge} oifname != "${uplink}" drop`]),
      ],
    },
  ];
}

/** The addresses of the published unikernel that answer for the publication's address. */
function targets(network: Network, { tap, address }: Publication): Address[] {
  const { address: ipv4, address6: ipv6 } = findTap(network, tap) ?? {};
  const wanted = address === undefined ? undefined : parseAddress(address)?.family;
  return [ipv4, ipv6]
    .flatMap((text) => (text === undefined ? [] : (parseAddress(text) ?? [])))
    .filter(({ family }) => wanted === undefined || family === wanted);
}

function translations(network: Network, publication: Publication): string[] {
  const { protocol, port, guestPort, address } = publication;
  return targets(network, publication).map((target) => {
    const ip = keyword[target.family];
    const to = target.family === 4 ? formatAddress(target) : `[${formatAddress(target)}]`;
    return `${address === undefined ? '' : `${ip} daddr ${address} `}${protocol} dport ${port} dnat ${ip} to ${to}:${guestPort}`;
  });
}

/** With --routed a unikernel is also reached by its own address. */
function openings(network: Network, publication: Publication): string[] {
  const { protocol, guestPort } = publication;
  const translated = network.forward === 'routed' ? '' : 'ct status dnat ';
  return targets(network, publication).map(
    (target) =>
      `${translated}${keyword[target.family]} daddr ${formatAddress(target)} ${protocol} dport ${guestPort} accept`,
  );
}

/** The chain of a tap's guard: not called as the tap alone, which may be a word of nft's. */
export function guardName(tap: string): string {
  return `tap-${tap}`;
}

/** A rule that drops what matches, counts it and says why: drops.ts reads that back. */
function drop(match: string, reason: string): string {
  return `${match} counter drop comment "${reason}"`.trimStart();
}

/**
 * What may come out of a tap: frames of its own MAC address and addresses. It stands where the frame enters the host, before the bridge learns
 * anything of it.
 */
function guardOf({ name, mac, address, address6 }: Tap): Chain {
  const linkLocal = formatAddress({ family: 6, value: autoconfigured(LINK_LOCAL, mac) });
  const own6 = [linkLocal, ...(address6 === undefined ? [] : [address6])];
  // The target of a neighbour solicitation or advertisement (RFC 4861, sections 4.3 and 4.4).
  const target = (text: string): string => `@th,64,128 0x${(parseAddress(text)?.value ?? 0n).toString(16)}`;
  return {
    name: guardName(name),
    base: `type filter hook ingress device "${name}" priority filter; policy drop;`,
    rules: [
      drop(`ether saddr != ${mac}`, "another's MAC address"),
      // What bridges say to each other (IEEE 802.1D, table 7-10) would pass by the bridge, up into the host.
      drop('ether daddr & ff:ff:ff:ff:ff:f0 == 01:80:c2:00:00:00', 'a frame for bridges'),
      // Within a VLAN's tag nothing could be checked.
      ...['0x8100', '0x88a8'].map((type) => drop(`@ll,96,16 ${type}`, 'a VLAN tag')),
      `arp saddr ether ${mac} arp saddr ip { 0.0.0.0, ${address} } accept`,
      drop('ether type arp', "ARP with another's address"),
      'ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept',
      // It is no DHCP server and no router.
      drop('udp sport { 67, 547 }', "a DHCP server's answer"),
      drop('icmpv6 type { nd-router-advert, nd-redirect }', "a router's advertisement or redirect"),
      `ip saddr ${address} accept`,
      drop('ether type ip', "another's IPv4 address"),
      ...own6.map(
        (own) => `icmpv6 type nd-neighbor-advert ip6 saddr { ${own6.join(', ')} } ${target(own)} accept`,
      ),
      drop('icmpv6 type nd-neighbor-advert', "a neighbour advertisement of another's address"),
      ...own6.map((own) => `ip6 saddr :: icmpv6 type nd-neighbor-solicit ${target(own)} accept`),
      'ip6 saddr :: icmpv6 type { nd-router-solicit, mld2-listener-report } accept',
      `ip6 saddr { ${own6.join(', ')} } accept`,
      drop('ether type ip6', "another's IPv6 address"),
      drop('', 'a protocol that is neither ARP nor IP'),
    ],
  };
}
