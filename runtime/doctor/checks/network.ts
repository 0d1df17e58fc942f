// What of the host's network concerns every unikernel: not wrong in itself, but good to know before one is connected.
import type { Host } from '../../network/host.ts';
import { IP_FORWARD, IPV6_FORWARDING } from '../../network/sysctl.ts';
import type { RouteAnswer } from '../facts/probes.ts';
import { ok, unseen, type Finding } from '../finding.ts';

export function forwarding({ settings }: Host): Finding {
  const words = [IP_FORWARD, IPV6_FORWARDING].map(
    (key, at) => `IPv${at === 0 ? 4 : 6} ${settings.get(key) === '1' ? 'on' : 'off'}`,
  );
  return ok('forward', `${words.join(', ')}; networks switch on what they need`);
}

export function firewall({ firewall: rules, settings }: Host): Finding {
  if (!rules)
    return unseen(
      'firewall',
      'the rules of the firewall may only be read by root',
      'sudo kittiwake doctor looks at them, too',
    );
  const bridged = ['ip', 'ip6'].filter((ip) => settings.get(`net.bridge.bridge-nf-call-${ip}tables`) === '1');
  const also = bridged.length === 0 ? '' : `; what is bridged passes it, too (${bridged.join(', ')}tables)`;
  const [first] = rules.hurdles;
  if (!first) return ok('firewall', `nothing keeps unikernels' packets from being forwarded${also}`);
  const { family, table, chain } = first;
  return ok(
    'firewall',
    `${family} ${table} ${chain} drops what nothing lets through; 'kittiwake doctor NETWORK' says whether a network is let through${also}`,
  );
}

export function reversePath({ settings, links }: Host): Finding {
  const all = Number(settings.get('net.ipv4.conf.all.rp_filter') ?? 0);
  const strict = [...links.keys()].filter(
    (name) => Math.max(all, Number(settings.get(`net.ipv4.conf.${name}.rp_filter`) ?? 0)) === 1,
  );
  if (strict.length === 0) return ok('rp_filter', 'answers may come in by any interface');
  return ok('rp_filter', `strict at ${strict.join(', ')}: answers must come in by the way that leads back`);
}

export function uplink({ links }: Host, route: RouteAnswer | undefined): Finding {
  if (!route || !('dev' in route)) return ok('uplink', 'no default route: unikernels reach this host only');
  const { dev, gateway } = route;
  return ok(
    'uplink',
    `${dev}${gateway === undefined ? '' : ` to ${gateway}`}, MTU ${links.get(dev)?.mtu ?? 'unknown'}`,
  );
}
