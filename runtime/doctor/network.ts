// A managed network as a whole: each unikernel's way, the server that tells addresses, and whether the host is as was written down.
import { running, serve, type Servers } from '../network/dhcp.ts';
import type { Exec } from '../network/exec.ts';
import { bridgeOf, type Network, type Tap } from '../network/model.ts';
import { readWay, type Surroundings } from './facts/way.ts';
import { failed, limited, ok, type Finding } from './finding.ts';
import { managedPaths, type Path } from './path.ts';
import { walk } from './walk.ts';

/** A unikernel and what was found on its ways, by IPv4 and by IPv6. */
export function walkTap(
  network: Network,
  tap: Tap,
  reach: string | undefined,
  restore: string,
  around: Surroundings,
  exec: Exec,
): Finding[] {
  if (network.forward === 'bridged')
    return [
      ok(
        'bridge',
        `the host is no more than a switch here: what is lost is to be looked for beyond ${network.uplink}`,
      ),
    ];
  return alone(managedPaths(network, tap, reach, restore).flatMap((path) => walkPath(path, around, exec)));
}

export function walkPath(path: Path, around: Surroundings, exec: Exec): Finding[] {
  return walk(path, readWay(path, around, exec));
}

/** Both families share link and bridge: what was said of them once is not said again. */
function alone(findings: readonly Finding[]): Finding[] {
  const key = ({ check, cause, says }: Finding): string => (cause === undefined ? says : `${check} ${cause}`);
  const link = ['tap', 'bridge', 'guest-absent'];
  return findings.filter(
    (each, at) =>
      findings.findIndex(
        (other) =>
          key(other) === key(each) &&
          (other.says === each.says || link.includes(each.check) || link.includes(each.cause ?? '')),
      ) === at,
  );
}

/** What no unikernel's way shows. `commands` are those that would make the host as written down. */
export function wholeNetwork(
  network: Network,
  restore: string,
  commands: readonly string[],
  servers: Servers,
  names: Finding,
  ways: readonly Finding[],
): Finding[] {
  const findings: Finding[] = [];
  const cure = { remedy: restore };
  if (network.dhcp)
    findings.push(
      running(network, servers) && serve(network, servers).length === 0
        ? ok('dhcp', 'the server that tells addresses and names runs')
        : failed('dhcp-stopped', 'the server that tells addresses and names does not run', cure),
      // Which asks the host's servers for whatever is not the network's own.
      names,
    );
  // What was found already would be told twice.
  const known = [...ways, ...findings].some(({ grade }) => grade === 'failed');
  if (!known && commands.length > 0)
    findings.push(
      limited('network-altered', `the host is not as ${bridgeOf(network)} was made: ${commands[0]}`, cure),
    );
  return findings;
}
