// The server that tells a network's unikernels their addresses: dnsmasq, which answers DHCP, sends router advertisements and forwards DNS. It is
// given everything on its command line, so there is no file to write, to read or to leave behind, and whether it is the right one is to be seen.
import { readFileSync } from 'node:fs';
import { formatAddress, size } from './ip.ts';
import { bridgeOf, subnets, type Network } from './model.ts';
import type { Step } from './steps.ts';

/** How servers are run here. */
export interface Servers {
  /** systemd runs them: contained, and started again when they end. Else they are on their own. */
  readonly systemd: boolean;
  /** Where their process ids are kept. */
  readonly folder: string;
}

export interface Server {
  readonly pid: number;
  readonly args: readonly string[];
}

function pidFile({ name }: Pick<Network, 'name'>, { folder }: Servers): string {
  return `${folder}/kittiwake-dhcp-${name}.pid`;
}

function serviceOf({ name }: Pick<Network, 'name'>): string {
  return `kittiwake-dhcp-${name}.service`;
}

/** Netmask of an IPv4 prefix of `length`. */
function netmask(length: number): string {
  return formatAddress({ family: 4, value: (1n << 32n) - size({ family: 4, value: 0n, length }) });
}

/** The server's options: it knows the network's taps, and nobody else. */
export function options(network: Network, servers: Servers): string[] {
  const [subnet, subnet6] = subnets(network);
  if (!subnet) return [];
  const taps = network.taps.filter((tap) => !tap.removing);
  return [
    ...['--conf-file=/dev/null', `--pid-file=${pidFile(network, servers)}`],
    ...[`--interface=${bridgeOf(network)}`, '--except-interface=lo', '--bind-interfaces'],
    ...['--no-hosts', '--domain-needed', '--bogus-priv'],
    // Who has which address stands here, so there are no leases to remember.
    ...['--leasefile-ro', '--dhcp-authoritative', '--dhcp-ignore=tag:!known'],
    `--dhcp-range=${formatAddress(subnet)},static,${netmask(subnet.length)},1h`,
    ...(subnet6
      ? ['--enable-ra', `--dhcp-range=${formatAddress(subnet6)},ra-only,${subnet6.length},1h`]
      : []),
    ...taps.map(({ mac, address }) => `--dhcp-host=${mac},${address}`),
    // Names that a host may have (RFC 1123, section 2.1).
    ...taps
      .filter(({ name }) => /^[a-z0-9-]+$/.test(name))
      .map(
        ({ name, address, address6 }) =>
          `--host-record=${[name, address, address6].filter((each) => each !== undefined).join(',')}`,
      ),
  ];
}

/** The network's server, where it runs. */
export function running(network: Pick<Network, 'name'>, servers: Servers): Server | undefined {
  const file = pidFile(network, servers);
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    if (!Number.isInteger(pid) || pid <= 1) return undefined;
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1, -1);
    // A process id is soon another's.
    return args.includes(`--pid-file=${file}`) ? { pid, args } : undefined;
  } catch {
    return undefined;
  }
}

/** What keeps it from more of the host than it needs, whatever comes in: systemd.exec(5). */
const CONTAINED = [
  ...[
    'ProtectSystem=strict',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'ReadWritePaths=/run',
  ],
  ...[
    'ProtectKernelTunables=yes',
    'ProtectKernelModules=yes',
    'ProtectControlGroups=yes',
    'NoNewPrivileges=yes',
  ],
  ...[
    'MemoryDenyWriteExecute=yes',
    'RestrictNamespaces=yes',
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET',
  ],
  'CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID CAP_CHOWN CAP_DAC_OVERRIDE',
  ...['Restart=on-failure', 'RestartSec=1'],
];

function start(network: Network, servers: Servers): Step {
  const args = options(network, servers);
  if (!servers.systemd) return { program: 'dnsmasq', args };
  const contained = CONTAINED.flatMap((property) => ['-p', property]);
  // It is started when it has gone into the background: then its process id is written, too.
  const forks = ['-p', 'Type=forking', '-p', `PIDFile=${pidFile(network, servers)}`];
  const unit = ['--quiet', '--collect', `--unit=${serviceOf(network)}`, ...forks, ...contained];
  return { program: 'systemd-run', args: [...unit, 'dnsmasq', ...args] };
}

function stop(network: Pick<Network, 'name'>, { pid }: Server, { systemd }: Servers): Step {
  if (systemd) return { program: 'systemctl', args: ['stop', serviceOf(network)] };
  return { program: 'kill', args: [String(pid)] };
}

/** The commands that make the server as `network` says: it is started anew where it is to say something else. */
export function serve(network: Network, servers: Servers): Step[] {
  const server = running(network, servers);
  const wanted = network.dhcp && !network.removing ? options(network, servers) : undefined;
  const same = server && wanted && isSame(server.args, wanted);
  if (same || (!server && !wanted)) return [];
  return [...(server ? [stop(network, server, servers)] : []), ...(wanted ? [start(network, servers)] : [])];
}

/** Whether the server was told all that is wanted, and knows no other unikernels. */
function isSame(has: readonly string[], wanted: readonly string[]): boolean {
  const told = (option: string): boolean =>
    option.startsWith('--dhcp-host=') || option.startsWith('--host-record=');
  return (
    wanted.every((option) => has.includes(option)) && has.filter(told).length === wanted.filter(told).length
  );
}
