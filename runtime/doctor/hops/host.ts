// The host's own end: its address in the unikernel's subnet, and the route to the unikernel.
import { familyOf, type Way } from '../facts/way.ts';
import { failed, ok, type Finding } from '../finding.ts';
import type { Path } from '../path.ts';
import { mend, sudo } from '../remedy.ts';
import { hostPrefix } from './subnet.ts';
import { newHostPrefix } from './tap.ts';

export function hostHop(path: Path, way: Way): Finding[] {
  const { via, host } = way;
  const link = host.links.get(via);
  // What is not there or not up has been told, and has no route.
  if (!link?.up) return [];
  const prefix = hostPrefix(link, path.address);
  if (prefix === undefined) return [withoutAddress(path, way)];
  if ('dev' in way.toGuest && way.toGuest.dev === via)
    return [ok('host', `${via} has ${prefix}, and the route to ${path.address} leads there`)];
  const [best] = way.routes;
  const where =
    'dev' in way.toGuest ? `to ${way.toGuest.dev}, not to ${via}` : `nowhere (${way.toGuest.error})`;
  const says = `the route to ${path.address} leads ${where}`;
  if (!best || best.dev === via)
    return [
      failed('host-route', says, {
        advice: `a rule of routing chooses it: 'ip rule' and 'ip route get ${path.address}' show which`,
      }),
    ];
  const family = familyOf(path.address) === 6 ? ['-6'] : [];
  return [
    failed('host-route', says, { remedy: ['sudo ip', ...family, 'route del', ...best.words].join(' ') }),
  ];
}

function withoutAddress(path: Path, way: Way): Finding {
  const { via, host } = way;
  const misplaced = via === path.tap ? undefined : hostPrefix(host.links.get(path.tap), path.address);
  if (misplaced !== undefined)
    return failed(
      'address-on-port',
      `${misplaced} is on ${path.tap}, which is only a port of ${via}`,
      mend(
        path,
        `${sudo('ip addr del', misplaced, 'dev', path.tap)} && ${sudo('ip addr add', misplaced, 'dev', via)}`,
      ),
    );
  return failed(
    'host-address',
    `${via} has no address in the subnet of ${path.address}`,
    mend(path, sudo('ip addr add', newHostPrefix(path), 'dev', via)),
  );
}
