// What is broken in the lab VM, one at a time, and which cause doctor has to name for it, and no other. Each is mended by doctor's own command.
import type { CauseName } from '../../runtime/doctor/causes.ts';

export interface Fault {
  readonly title: string;
  readonly cause: CauseName;
  /** What doctor is asked. */
  readonly ask: string;
  /** Who asks, and mends; without it root. */
  readonly as?: 'operator';
  /** For bash, with the words of WORLD. */
  readonly breaks: string;
  /** What the person knows, whom the remedy leaves a word for in capitals. */
  readonly knows?: Readonly<Record<string, string>>;
  /** What the host's network manager does when it sees what the remedy did. */
  readonly manager?: string;
  /** Puts back what the remedy, rightly, leaves. */
  readonly after?: string;
}

/**
 * A host with an uplink to a namespace `out`, which has a name server, another way there, one tap alone, two on a bridge, and a managed network, each with netcheck behind it;
 * `guest TAP WORDS` runs it, `gone TAP` ends it.
 */
export const WORLD = `export PATH=$PATH:/usr/sbin:/sbin
guest() {
  local tap=$1; shift
  rm -f /tmp/$tap.log
  setsid kittiwake-spt --net:service=$tap -- /usr/local/share/kittiwake/images/netcheck.spt "$@" >/tmp/$tap.log 2>&1 </dev/null &
  until grep -qs ready /tmp/$tap.log; do kill -0 $! || { cat /tmp/$tap.log; return 1; }; sleep 0.1; done
}
gone() {
  pkill -KILL -f -- "--net:service=$1 " || true
  while pgrep -f -- "--net:service=$1 " >/dev/null; do sleep 0.1; done
}
alone() { guest tap0 --ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1 --ipv6=fd00::2/64 --ipv6-gateway=fd00::1 "$@"; }
masquerade() {
  nft 'table inet translate { chain postrouting { type nat hook postrouting priority srcnat; ip saddr 10.0.0.0/23 oifname "eth0" masquerade; ip6 saddr fd00::/64 oifname "eth0" masquerade; }; }'
}
`;

export const BUILD = `${WORLD}set -e
sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
ip netns add out
for n in 0 1; do
  ip link add eth$n type veth peer name eth$n netns out
  ip link set eth$n up
  ip -n out link set eth$n up
done
ip addr add 192.0.2.1/24 dev eth0; ip -n out addr add 192.0.2.2/24 dev eth0
ip addr add 2001:db8::1/64 dev eth0 nodad; ip -n out addr add 2001:db8::2/64 dev eth0 nodad
ip addr add 198.51.100.1/24 dev eth1; ip -n out addr add 198.51.100.2/24 dev eth1
ip -n out link set lo up; ip -n out addr add 203.0.113.1/32 dev lo
ip netns exec out dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --address=/example/203.0.113.1 --pid-file=/run/out-names.pid
echo 'nameserver 192.0.2.2' >/etc/resolv.conf
ip route add default via 192.0.2.2; ip -6 route add default via 2001:db8::2
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
masquerade
ip tuntap add tap0 mode tap user operator
ip addr add 10.0.0.1/24 dev tap0; ip addr add fd00::1/64 dev tap0 nodad
ip link set tap0 up
ip tuntap add tap9 mode tap user operator; ip addr add 10.0.9.1/24 dev tap9; ip link set tap9 up
ip link add br0 type bridge; ip addr add 10.0.1.1/24 dev br0; ip link set br0 up
for n in 1 2; do ip tuntap add tap$n mode tap user operator; ip link set tap$n master br0 up; done
alone
guest tap1 --ipv4=10.0.1.2/24 --ipv4-gateway=10.0.1.1
guest tap2 --ipv4=10.0.1.3/24 --ipv4-gateway=10.0.1.1
kittiwake net create web --subnet 10.0.42.0/24 --nat --dhcp --state /tmp/networks >/dev/null
kittiwake net tap add web www --state /tmp/networks >/dev/null
guest www --net-mac-is-given-below
`.replace(
  'guest www --net-mac-is-given-below\n',
  `mac=$(kittiwake net inspect web --json --state /tmp/networks | grep -o '"mac":"[^"]*"' | cut -d '"' -f 4)
setsid kittiwake-spt --net:service=www --net-mac:service=$mac -- /usr/local/share/kittiwake/images/netcheck.spt --ipv4=10.0.42.2/24 --ipv4-gateway=10.0.42.1 >/tmp/www.log 2>&1 </dev/null &
until grep -q ready /tmp/www.log; do sleep 0.1; done
`,
);

const ALONE = '--tap tap0 --address 10.0.0.2 --reach 203.0.113.1';
const ALONE6 = '--tap tap0 --address fd00::2 --reach 2001:db8::2';
const BRIDGED = '--tap tap1 --address 10.0.1.2 --reach 203.0.113.1';
const MANAGED = 'web --state /tmp/networks';
const IMAGE = '--net:service=tap9 netcheck.spt -- --ipv4=10.0.9.2/24';

/** What is asked of a host with nothing broken. */
export const HEALTHY: readonly string[] = ['', ALONE, ALONE6, '10.0.1.2 --reach 203.0.113.1', MANAGED, IMAGE];

const DROP_POLICY = `nft 'table ip filter { chain FORWARD { type filter hook forward priority filter; policy drop; }; }'`;
const wall = (rule: string): string =>
  `nft 'table inet wall { chain more { ${rule} }; chain pass { type filter hook forward priority 10; policy accept; ct state invalid drop; jump more; }; }'`;

/** From the host to the unikernel. */
export const NEAR: readonly Fault[] = [
  {
    title: 'the KVM driver is not loaded',
    cause: 'kvm-missing',
    ask: '',
    breaks: 'modprobe -r kvm_amd || modprobe -r kvm_intel',
  },
  {
    ...{ title: 'a user is not in the group kvm', cause: 'kvm-forbidden', ask: '', as: 'operator' },
    breaks: 'gpasswd -d operator kvm >/dev/null',
  },
  {
    ...{ title: '/dev/net/tun is for root alone', cause: 'tun-forbidden', ask: '', as: 'operator' },
    breaks: 'chmod 0600 /dev/net/tun',
  },
  {
    ...{ title: 'a device that the manifest does not name', cause: 'device-undeclared' },
    ...{ ask: '--net:net0=tap9 netcheck.spt -- --ipv4=10.0.9.2/24', breaks: ':', after: 'gone tap9' },
  },
  { title: 'there is no tap', cause: 'tap-missing', ask: IMAGE, breaks: 'ip link del tap9' },
  {
    ...{ title: 'the tap is root’s', cause: 'tap-owner', ask: IMAGE, as: 'operator' },
    breaks:
      'ip link del tap9; ip tuntap add tap9 mode tap user root; ip addr add 10.0.9.1/24 dev tap9; ip link set tap9 up',
  },
  { title: 'another unikernel holds the tap', cause: 'tap-busy', ask: IMAGE, breaks: 'guest tap9' },
  {
    ...{ title: 'the tap is down', cause: 'tap-down', ask: ALONE, breaks: 'ip link set tap0 down' },
    // Linux takes the IPv6 addresses of an interface that goes down.
    after: 'ip addr replace fd00::1/64 dev tap0 nodad',
  },
  {
    title: 'no unikernel runs',
    cause: 'guest-absent',
    ask: ALONE,
    breaks: 'gone tap0',
    after: 'gone tap0; alone',
  },
  {
    ...{
      title: 'the unikernel has another address',
      cause: 'guest-address',
      ask: ALONE,
      after: 'gone tap0; alone',
    },
    breaks: 'gone tap0; guest tap0 --ipv4=10.0.7.2/24 --ipv4-gateway=10.0.7.1',
  },
  {
    ...{
      title: 'the unikernel has no gateway',
      cause: 'guest-gateway',
      ask: ALONE,
      after: 'gone tap0; alone',
    },
    breaks: 'gone tap0; guest tap0 --ipv4=10.0.0.2/24',
  },
  {
    ...{ title: 'the unikernel has been stopped', cause: 'guest-silent', ask: ALONE },
    breaks: 'pkill -STOP -f -- "--net:service=tap0 "; ip neigh flush dev tap0',
  },
  {
    ...{ title: 'two unikernels have one address', cause: 'guest-duplicate', ask: BRIDGED },
    breaks: 'gone tap2; guest tap2 --ipv4=10.0.1.2/24',
    after: 'guest tap2 --ipv4=10.0.1.3/24 --ipv4-gateway=10.0.1.1',
  },
  {
    title: 'the tap has no address',
    cause: 'host-address',
    ask: ALONE,
    breaks: 'ip addr del 10.0.0.1/24 dev tap0',
  },
  {
    title: 'a narrower route leads elsewhere',
    cause: 'host-route',
    ask: ALONE,
    breaks: 'ip route add 10.0.0.0/25 dev eth1',
  },
  {
    title: 'a route says unreachable',
    cause: 'host-route',
    ask: ALONE,
    breaks: 'ip route add unreachable 10.0.0.2',
  },
  {
    title: 'the unikernel asks for names where nobody answers',
    cause: 'dns-silent',
    ask: ALONE,
    breaks: `gone tap0; alone --dns=192.0.2.99`,
  },
  {
    ...{ title: 'the host’s first name server is gone', cause: 'resolver-silent', ask: '' },
    breaks: `printf 'nameserver 192.0.2.99\\nnameserver 192.0.2.2\\n' >/etc/resolv.conf`,
  },
];

/** From the unikernel into the world. */
export const FAR: readonly Fault[] = [
  {
    ...{ title: 'the address is on the port', cause: 'address-on-port', ask: BRIDGED },
    breaks: 'ip addr del 10.0.1.1/24 dev br0; ip addr add 10.0.1.1/24 dev tap1',
  },
  {
    title: 'the tap is in no bridge',
    cause: 'bridge-not-joined',
    ask: BRIDGED,
    breaks: 'ip link set tap1 nomaster',
  },
  { title: 'the bridge is down', cause: 'bridge-down', ask: BRIDGED, breaks: 'ip link set br0 down' },
  {
    title: 'the port has been switched off',
    cause: 'bridge-state',
    ask: BRIDGED,
    breaks: 'bridge link set dev tap1 state 0',
  },
  {
    title: 'a port has a smaller MTU',
    cause: 'bridge-mtu',
    ask: BRIDGED,
    breaks: 'ip link set tap1 mtu 1400',
  },
  {
    ...{ title: 'bridged packets pass a firewall', cause: 'bridge-netfilter', ask: BRIDGED },
    breaks: `modprobe br_netfilter; sysctl -qw net.bridge.bridge-nf-call-iptables=1; ${wall('iifname "br0" oifname "br0" drop;')}`,
    after: 'nft delete table inet wall',
  },
  {
    title: 'the host does not forward',
    cause: 'forward-off',
    ask: ALONE,
    breaks: 'sysctl -qw net.ipv4.ip_forward=0',
  },
  {
    title: 'it forwards, but not from the tap',
    cause: 'forward-off',
    ask: ALONE,
    breaks: 'sysctl -qw net.ipv4.conf.tap0.forwarding=0',
  },
  {
    title: 'the host does not forward IPv6',
    cause: 'forward-off',
    ask: ALONE6,
    breaks: 'sysctl -qw net.ipv6.conf.all.forwarding=0',
  },
  {
    ...{ title: 'the forward chain drops by policy', cause: 'forward-drop', ask: ALONE },
    ...{ breaks: DROP_POLICY, after: 'nft delete table ip filter' },
  },
  {
    ...{ title: 'a rule in another table drops', cause: 'forward-drop', ask: ALONE },
    ...{
      breaks: wall('iifname "tap*" ip saddr 10.0.0.0/24 counter reject;'),
      after: 'nft delete table inet wall',
    },
  },
  {
    ...{ title: 'a rule drops the answers', cause: 'reply-drop', ask: ALONE },
    ...{ breaks: wall('oifname { "tap0", "tap7" } drop;'), after: 'nft delete table inet wall' },
  },
  {
    title: 'nobody translates',
    cause: 'nat-missing',
    ask: ALONE,
    breaks: 'nft delete table inet translate',
    after: 'nft delete table ip kittiwake-nat; masquerade',
  },
  {
    title: 'nobody translates IPv6',
    cause: 'nat-missing',
    ask: ALONE6,
    breaks: 'nft delete table inet translate',
    after: 'nft delete table ip6 kittiwake-nat; masquerade',
  },
  {
    ...{
      title: 'the uplink is down',
      cause: 'uplink-down',
      ask: '--tap tap0 --address 10.0.0.2 --reach 192.0.2.2',
    },
    breaks: 'ip link set eth0 down',
    manager:
      'ip route replace default via 192.0.2.2; ip addr replace 2001:db8::1/64 dev eth0 nodad; ip -6 route replace default via 2001:db8::2',
  },
  {
    ...{
      title: 'there is no way out',
      cause: 'uplink-route',
      ask: ALONE,
      knows: { ROUTER: '192.0.2.2', INTERFACE: 'eth0' },
    },
    breaks: 'ip route del default',
  },
  {
    ...{ title: 'answers come back by another way', cause: 'reply-filtered', ask: ALONE },
    // It would ask for the way by an address of its own, which rp_filter drops as well.
    breaks: `ip -n out neigh replace 198.51.100.1 lladdr $(cat /sys/class/net/eth1/address) dev eth1
ip -n out route add 192.0.2.1/32 via 198.51.100.1 dev eth1; sysctl -qw net.ipv4.conf.eth1.rp_filter=1`,
    after: 'ip -n out route del 192.0.2.1/32',
  },
  {
    title: 'a managed network’s server has ended',
    cause: 'dhcp-stopped',
    ask: MANAGED,
    breaks: 'pid=$(cat /tmp/networks/kittiwake-dhcp-web.pid); kill $pid; tail --pid=$pid -f /dev/null',
  },
  {
    title: 'a managed tap was pulled out',
    cause: 'bridge-not-joined',
    ask: MANAGED,
    breaks: 'ip link set www nomaster',
  },
  {
    title: 'a managed bridge lost its address',
    cause: 'host-address',
    ask: MANAGED,
    breaks: 'ip addr flush dev kw-web',
  },
  {
    title: 'a managed network lost its rules',
    cause: 'nat-missing',
    ask: MANAGED,
    breaks: 'nft delete table inet kw-web',
  },
  {
    title: 'its guards were taken away',
    cause: 'network-altered',
    ask: MANAGED,
    breaks: 'nft delete table netdev kw-web',
  },
];
