// The tap: there, a tap, up, and to be opened by whoever runs the unikernel.
import { isTender } from '../facts/holders.ts';
import { familyOf, type Way } from '../facts/way.ts';
import { failed, ok, type Finding } from '../finding.ts';
import type { Path } from '../path.ts';
import type { Link } from '../../network/host.ts';
import { mend, sudo } from '../remedy.ts';
import { hostPrefix } from './subnet.ts';

export function tapHop(path: Path, way: Way): Finding[] {
  const link = way.host.links.get(path.tap);
  const { tap } = path;
  if (!link) return [failed('tap-missing', `${tap} does not exist`, mend(path, creation(path, way)))];
  if (link.kind !== 'tun' || link.type !== 'tap')
    return [
      failed('tap-not-tap', `${tap} is ${link.kind ?? 'hardware'}, not a tap`, {
        advice: `give the unikernel another interface: 'kittiwake net tap add' makes taps`,
      }),
    ];
  const troubles = [...open(path, way, link)];
  if (!link.up)
    troubles.push(failed('tap-down', `${tap} is not up`, mend(path, sudo('ip link set dev', tap, 'up'))));
  if (troubles.length > 0) return troubles;
  const holder = way.holders.find((each) => each.tap === tap);
  const held = holder ? `, held by ${holder.command[0] ?? 'a process'} (pid ${holder.pid})` : '';
  return [ok('tap', `${tap} is up${held}`)];
}

/** What keeps the tender from opening it, where it has not done so already. */
function open(path: Path, way: Way, link: Link): Finding[] {
  const { tap } = path;
  const holder = way.holders.find((each) => each.tap === tap);
  const held = holder !== undefined || link.carrier;
  if (path.running && held) return [];
  if (held) {
    const who = holder ? `${printed(holder.command)} (pid ${holder.pid})` : 'a process you may not see';
    return [
      failed(
        'tap-busy',
        `${tap} is held by ${who}, and only one may hold it`,
        holder
          ? { remedy: sudo('kill', String(holder.pid)) }
          : { advice: "'sudo kittiwake doctor' names it; stop it, or make another tap" },
      ),
    ];
  }
  if (link.queues)
    return [
      failed('tap-queues', `${tap} was made with multi_queue, which no tender uses`, {
        remedy: again(path, way, link),
      }),
    ];
  const { person } = way;
  const mine = [person.name, String(person.uid)].includes(link.user ?? '');
  const ours = link.group !== undefined && person.groups.includes(link.group);
  // The kernel asks for both where both are set.
  const allowed =
    (link.user !== undefined || link.group !== undefined) &&
    (link.user === undefined || mine) &&
    (link.group === undefined || ours);
  if (person.root || allowed) return [];
  const owner = link.user ?? (link.group === undefined ? 'root' : `group ${link.group}`);
  const remedy = path.network
    ? `${sudo('kittiwake net tap rm', path.network.name, tap)} && ${sudo('kittiwake net tap add', path.network.name, tap, '--user', person.name)}`
    : again(path, way, link);
  return [failed('tap-owner', `${tap} belongs to ${owner}, not to ${person.name}`, { remedy })];
}

function printed([program = 'a process', ...rest]: readonly string[]): string {
  return isTender([program]) ? 'another unikernel' : [program, ...rest].join(' ').slice(0, 60);
}

/** The tap from nothing, as its way needs it. */
function creation(path: Path, way: Way): string {
  const { tap, address } = path;
  const bridge = [...way.host.links.values()].find(
    (link) => link.kind === 'bridge' && hostPrefix(link, address) !== undefined,
  );
  const owner = way.person.root ? [] : ['user', way.person.name];
  return [
    sudo('ip tuntap add dev', tap, 'mode tap', ...owner),
    ...(bridge
      ? [sudo('ip link set dev', tap, 'master', bridge.name)]
      : address === ''
        ? []
        : [sudo('ip addr add', newHostPrefix(path), 'dev', tap)]),
    sudo('ip link set dev', tap, 'up'),
  ].join(' && ');
}

/** The tap once more with this person as its owner: there is no command that gives a tap to another. */
function again({ tap }: Path, { person }: Way, link: Link): string {
  return [
    sudo('ip tuntap del dev', tap, 'mode tap', ...(link.queues ? ['multi_queue'] : [])),
    sudo('ip tuntap add dev', tap, 'mode tap', ...(person.root ? [] : ['user', person.name])),
    ...(link.master === undefined ? [] : [sudo('ip link set dev', tap, 'master', link.master)]),
    ...link.addresses
      .filter((address) => !address.startsWith('fe80'))
      .map((address) => sudo('ip addr add', address, 'dev', tap)),
    sudo('ip link set dev', tap, 'up'),
  ].join(' && ');
}

/** The address the host is to have beside the unikernel: the gateway it was told, else the subnet's first. */
export function newHostPrefix({ address, gateway }: Path): string {
  if (familyOf(address) === 6) return `${gateway ?? address.replace(/[0-9a-f]*$/, '1')}/64`;
  const first = address.replace(/\.\d+$/, '.1');
  return `${gateway ?? (first === address ? address.replace(/\.\d+$/, '.254') : first)}/24`;
}
