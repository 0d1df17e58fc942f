// A whole host to manage networks on: a lab VM with systemd, somebody else's firewall and an uplink, whose network can be pictured, and whose
// commands can be killed half way.
import { startMachine, type Machine } from '../../labs/vm/machine.ts';
import { shellWord } from '../../labs/vm/quote.ts';
import { labSnapshot } from '../../scripts/vm.ts';

/** Where no lab VM is in the cache one is built first. */
export const BUILD_LIMIT_MS = 900_000;
/** A machine whose processor is emulated on a busy host starts node in seconds and systemd in a minute. */
const RUN_LIMIT_MS = 300_000;

export interface Ran {
  readonly status: number | null;
  readonly out: string;
}

/** Rules of somebody else's, of the kinds that are about: iptables', an administrator's own, and one that was there since the start. */
const FOREIGN = `#!/usr/sbin/nft -f
flush ruleset
table ip filter {
  chain FORWARD { type filter hook forward priority filter; policy accept; iifname "docker0" accept; }
}
table ip nat {
  chain POSTROUTING { type nat hook postrouting priority srcnat; ip saddr 172.17.0.0/16 oifname != "docker0" masquerade; }
}
table inet admin {
  set friends { type ipv4_addr; elements = { 192.0.2.2, 192.0.2.7 }; }
  chain input { type filter hook input priority filter; policy accept; ip saddr @friends accept; }
}
`;

/**
 * Stands before ip(8), nft(8) and the like in PATH: each command that changes something counts /root/kill/left down, and the one that comes to 0 kills
 * the process that wants it, before it has happened.
 */
const KILLER = `#!/bin/sh
case "\${0##*/} $*" in
'ip -j '* | 'nft -j '* | 'sysctl -e '* | 'systemctl show '*) ;;
*)
  left=$(($(cat /root/kill/left) - 1))
  echo $left > /root/kill/left
  [ $left -ne 0 ] || { kill -9 $PPID; exit 1; }
  ;;
esac
PATH=\${PATH#/root/kill:} exec "\${0##*/}" "$@"
`;

/**
 * Everything a network could leave behind, as the programs a person has show it. What varies by itself is left out: the kernel makes the key of
 * TCP Fast Open for whoever listens first, and counts the connections it tracks.
 */
const PICTURE = `ip -d link; ip addr
ip route show table all; ip -6 route show table all; ip rule; ip -6 rule
nft list ruleset
sysctl -a 2> /dev/null | grep '^net\\.' | grep -v -e tcp_fastopen_key -e nf_conntrack_count
`;
/** The same of files, units and processes, when systemd has done all it was told to. */
const SERVICES = `while systemctl list-jobs | grep -q kittiwake; do sleep 0.2; done
systemctl list-units --all --plain --no-legend 'kittiwake*'
find /etc/systemd /etc/sysctl.d /etc/nftables.conf /etc/network /var/lib/kittiwake /run/kittiwake* /run/systemd/transient -not -type d \
  -not -path '*/.lock' -printf '%M %u %g %p %l\\n' 2> /dev/null | sort
ps -C dnsmasq -o user=,args= || true
`;

export class HostMachine implements AsyncDisposable {
  /** Whether its processor is the host's: elsewhere a command takes many seconds. */
  readonly fast: boolean;
  readonly #machine: Machine;

  private constructor(machine: Machine, fast: boolean) {
    this.fast = fast;
    this.#machine = machine;
  }

  /** At 192.0.2.1 and 2001:db8::1 on `eth0`, with default routes to the namespace `world` at .2 and ::2, and rules of somebody else's. */
  static async open(): Promise<HostMachine> {
    const snapshot = await labSnapshot();
    const host = new HostMachine(await startMachine(snapshot), snapshot.accelerator.name === 'kvm');
    try {
      await host.do(`mkdir -p /root/kill
cat > /root/kill/ip <<'END'\n${KILLER}END
chmod 755 /root/kill/ip
for program in nft sysctl systemctl systemd-run; do ln -s ip /root/kill/$program; done
cat > /etc/nftables.conf <<'END'\n${FOREIGN}END
systemctl enable --now nftables.service
modprobe nf_conntrack
sysctl -qw net.ipv6.conf.default.accept_dad=0`);
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Gives the host its way out. */
  async connect(): Promise<void> {
    await this.do(`ip netns add world
ip link add eth0 type veth peer name eth0 netns world
ip addr add 192.0.2.1/24 dev eth0; ip addr add 2001:db8::1/64 dev eth0 nodad; ip link set eth0 up
ip -n world addr add 192.0.2.2/24 dev eth0; ip -n world addr add 2001:db8::2/64 dev eth0 nodad; ip -n world link set eth0 up
ip route add default via 192.0.2.2; ip -6 route add default via 2001:db8::2
ip -6 route add 2001:db8:5::/48 via 2001:db8::2 table 77
# Until the kernel has given both ends their link-local addresses.
until [ -n "$(ip -6 -o addr show dev eth0 scope link)" ]; do sleep 0.1; done`);
  }

  /** Runs a shell script as root; standard error counts as output. */
  async run(script: string): Promise<Ran> {
    let out = '';
    const path = 'PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const { exit } = await this.#machine.root.run(`sudo ${path} bash -c ${shellWord(script)} 2>&1`, {
      timeoutMs: RUN_LIMIT_MS,
      onOutput: (text) => (out += text),
    });
    return { status: exit, out };
  }

  /** What a script that must succeed prints. */
  async do(script: string): Promise<string> {
    const { status, out } = await this.run(`set -e\n${script}`);
    if (status !== 0) throw new Error(`status ${status} of\n${script}\n${out}`);
    return out;
  }

  /** Runs a command of `kittiwake net` that is killed before its `n`th change of the host. Status 137 says that it was. */
  async killedAt(n: number, command: string): Promise<Ran> {
    return this.run(`echo ${n} > /root/kill/left; PATH=/root/kill:$PATH kittiwake net ${command}`);
  }

  async picture(): Promise<string> {
    return this.do(PICTURE);
  }

  async services(): Promise<string> {
    return this.do(SERVICES);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#machine.stop();
  }
}
