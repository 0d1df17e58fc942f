// The way from the host to the outside: a route, an interface that is up, and somebody there.
import type { Link } from '../../network/host.ts';
import { contains, parseAddress, parsePrefix } from '../../network/ip.ts';
import { familyOf, type Beyond, type Way } from '../facts/way.ts';
import { failed, limited, ok, type Cure, type Finding } from '../finding.ts';
import type { Path } from '../path.ts';
import { sudo } from '../remedy.ts';

export function uplinkHop(path: Path, way: Way): Finding[] {
  const { beyond, host } = way;
  if (!beyond) return [];
  const { route, target } = beyond;
  if (!('dev' in route)) return [noRoute(path, way, route.error)];
  const link = host.links.get(route.dev);
  const wanted = path.network?.uplink;
  if (wanted !== undefined && wanted !== route.dev)
    return [
      failed(
        'uplink-other',
        `the route to ${target ?? 'the outside'} leads by ${route.dev}, the network's uplink is ${wanted}`,
        {
          advice: `give the network another uplink ('kittiwake net rm' and 'create'), or the host a route by ${wanted}`,
        },
      ),
    ];
  if (link?.up && !link.carrier)
    return [
      failed('uplink-down', `${route.dev} has no carrier`, {
        advice: 'look at the cable, or at its other end',
      }),
    ];
  if (beyond.answers || target === undefined)
    return [ok('uplink', `${target ?? 'the outside'} by ${route.dev}${answered(beyond)}`)];
  return silent(path, beyond, route.dev);
}

function answered({ answers }: Beyond): string {
  return answers ? ', it answers this host' : '';
}

function silent(path: Path, { target, present, filtered }: Beyond, dev: string): Finding[] {
  // Its answers come, and are dropped: that is told at the reply.
  if (filtered > 0) return [];
  if (path.reach === undefined && present)
    return [ok('uplink', `${target} is there by ${dev}, though it answers no ping`)];
  const trouble = path.reach === undefined ? limited : failed;
  return [
    trouble('uplink-silent', `${target} does not answer this host by ${dev}, either`, {
      advice: `the host's own network is in trouble, or ${target} answers no ping: try another by --reach`,
    }),
  ];
}

function noRoute(path: Path, { host }: Way, error: string): Finding {
  const what = path.reach ?? 'the outside';
  const family = familyOf(path.address);
  const addressed = [...host.links.values()].filter(
    (link) => link.kind !== 'tun' && link.kind !== 'bridge' && link.name !== 'lo' && global(link, family),
  );
  const down = addressed.filter(({ up }) => !up);
  const candidate =
    down.find((link) => leadsTo(link, path.reach)) ?? (down.length === 1 ? down[0] : undefined);
  if (candidate)
    return failed('uplink-down', `${candidate.name} is down, and no other way leads to ${what}`, {
      remedy: sudo('ip link set dev', candidate.name, 'up'),
    });
  const trouble = path.reach === undefined ? limited : failed;
  return trouble(
    'uplink-route',
    `this host has no route to ${what} (${error})`,
    routeCure(addressed, family),
  );
}

function routeCure(addressed: readonly Link[], family: 4 | 6): Cure {
  const [only] = addressed;
  const name = only && addressed.length === 1 ? only.name : 'INTERFACE';
  return {
    advice: `'sudo ip ${family === 6 ? '-6 ' : ''}route add default via ROUTER dev ${name}', with your router's address`,
  };
}

function global({ addresses }: Link, family: 4 | 6): boolean {
  return addresses.some((text) => familyOf(text) === family && !text.startsWith('fe80'));
}

function leadsTo({ addresses }: Link, reach: string | undefined): boolean {
  const target = reach === undefined ? undefined : parseAddress(reach);
  return addresses.some((text) => {
    const prefix = parsePrefix(text);
    return prefix !== undefined && target !== undefined && contains(prefix, target);
  });
}
