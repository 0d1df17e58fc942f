// All that is to be known about one way before its hops are judged: what the host has, where the kernel would send things, who answers.
import { readFileSync } from 'node:fs';
import type { Exec } from '../../network/exec.ts';
import type { Host } from '../../network/host.ts';
import { meantBridge } from '../hops/subnet.ts';
import type { Path } from '../path.ts';
import type { Holder } from './holders.ts';
import type { NameServers } from './nameservers.ts';
import type { Person } from './person.ts';
import * as probes from './probes.ts';

/** What does not depend on the way. */
export interface Surroundings {
  readonly host: Host;
  readonly person: Person;
  readonly holders: readonly Holder[];
  readonly nameServers: NameServers;
  /** The programs that are installed, of those that a remedy may need. */
  readonly programs: ReadonlySet<string>;
}

export interface Way extends Surroundings {
  /** The interface that has the host's address: the tap, or the bridge it is a port of. */
  readonly via: string;
  readonly toGuest: probes.RouteAnswer;
  readonly routes: ReturnType<typeof probes.routesMatching>;
  /** Who was found at the unikernel's address. */
  readonly neighbour?: probes.Neighbour | undefined;
  readonly guestAnswers: boolean;
  /** Whether it answers an address outside its own subnet, for which it needs a gateway; undefined where there is none to ask from. */
  readonly answersOutside?: boolean | undefined;
  /** Whether it answers a packet as large as its tap takes. */
  readonly answersLarge?: boolean | undefined;
  readonly beyond?: Beyond | undefined;
}

/** What lies behind the host. */
export interface Beyond {
  /** What is to be reached: the path's own, else the host's router; undefined where it has none. */
  readonly target?: string | undefined;
  readonly route: probes.RouteAnswer;
  readonly answers: boolean;
  /** Somebody is there, though it may answer no ping. */
  readonly present: boolean;
  /** Answers that came meanwhile and were dropped, since the way back is another one. */
  readonly filtered: number;
}

/** Whether packets are to get beyond the host. */
export function goesBeyond({ reach, network }: Path): boolean {
  return reach !== undefined || (network !== undefined && network.forward !== 'none');
}

export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

export function readWay(path: Path, around: Surroundings, exec: Exec): Way {
  const { host } = around;
  const link = host.links.get(path.tap);
  const via = link?.master ?? path.bridge ?? meantBridge(path, host) ?? path.tap;
  const toGuest = probes.routeTo(exec, path.address);
  const asks = path.running && link?.carrier === true && 'dev' in toGuest;
  const guestAnswers = asks && probes.pings(exec, path.address);
  const beyond = goesBeyond(path) ? readBeyond(path, exec) : undefined;
  const outside = beyond && 'dev' in beyond.route ? beyond.route.source : undefined;
  return {
    ...around,
    ...{ via, toGuest, guestAnswers, beyond },
    routes: probes.routesMatching(exec, path.address),
    neighbour: probes
      .neighbours(exec)
      .find((each) => each.address === path.address && each.dev === via && each.mac !== undefined),
    ...(guestAnswers &&
      outside !== undefined && { answersOutside: probes.pings(exec, path.address, { from: outside }) }),
    ...(guestAnswers && {
      answersLarge: probes.pings(exec, path.address, {
        size: link.mtu - (familyOf(path.address) === 4 ? 28 : 48),
      }),
    }),
  };
}

function readBeyond({ reach, address }: Path, exec: Exec): Beyond {
  const router = probes.defaultRoute(exec, familyOf(address));
  const target = reach ?? router?.gateway;
  if (target === undefined)
    return {
      route: router ?? { error: 'Network is unreachable' },
      ...{ answers: false, present: router !== undefined, filtered: 0 },
    };
  const zone = target.startsWith('fe80') && router ? `%${router.dev}` : '';
  const route = zone && router ? { dev: router.dev } : probes.routeTo(exec, target);
  const before = reverseFiltered();
  const answers = 'dev' in route && probes.pings(exec, target + zone);
  const present = probes.neighbours(exec).some((each) => each.address === target && each.mac !== undefined);
  return { target, route, answers, present, filtered: reverseFiltered() - before };
}

/** Packets dropped since their way back is another one (rp_filter), in this network namespace. */
function reverseFiltered(): number {
  const [names = [], values = []] = readFileSync('/proc/net/netstat', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('IPReversePathFilter')] ?? 0);
}
