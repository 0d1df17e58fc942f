// The way back: through the firewall, past the kernel's look at where it came in, and in packets of every size.
import { familyOf, type Way } from '../facts/way.ts';
import { failed, limited, ok, type Finding } from '../finding.ts';
import type { Path } from '../path.ts';
import { sudo } from '../remedy.ts';
import { ofInterface } from '../../network/sysctl.ts';
import { uplinkOf, verdict } from './forward.ts';

/** `forwards`: what the unikernel sends leaves the host, so there may be an answer. */
export function replyHop(path: Path, way: Way, forwards: boolean): Finding[] {
  const troubles: Finding[] = [];
  const dropped = forwards ? verdict(path, way, 'reply-drop', 'established') : undefined;
  if (dropped) troubles.push(dropped);
  if (way.beyond && !way.beyond.answers && way.beyond.filtered > 0) troubles.push(filtered(way));
  if (way.answersLarge === false) troubles.push(large(path, way));
  if (troubles.length > 0) return troubles;
  const large_ = way.answersLarge === true ? ', packets of full size, too' : '';
  return way.guestAnswers ? [ok('reply', `${path.address} answers this host${large_}`)] : [];
}

/** The larger of the interface's setting and the one for all counts: 1 is strict, 2 loose, 0 off (ip-sysctl). */
function filtered(way: Way): Finding {
  const { settings, links } = way.host;
  const all = Number(settings.get('net.ipv4.conf.all.rp_filter') ?? 0);
  const strict = [...links.keys()].filter((name) => {
    const own = Number(settings.get(ofInterface(4, name, 'rp_filter')) ?? 0);
    return name !== 'lo' && name !== way.via && name !== uplinkOf(way) && Math.max(all, own) === 1;
  });
  const says = `answers come in by another interface than ${uplinkOf(way)}, and strict rp_filter drops them`;
  return failed('reply-filtered', says, {
    remedy: sudo('sysctl -w', ...strict.map((name) => `${ofInterface(4, name, 'rp_filter')}=2`)),
  });
}

function large(path: Path, { host }: Way): Finding {
  const mtu = host.links.get(path.tap)?.mtu ?? 0;
  return limited(
    'reply-large',
    `${path.address} answers small packets, but none of the tap's ${mtu} bytes (IPv${familyOf(path.address)})`,
    { advice: `start it again, so that it learns the MTU of ${path.tap}` },
  );
}
