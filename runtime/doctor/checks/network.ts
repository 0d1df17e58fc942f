// What of the host's network concerns every unikernel: not wrong in itself, but good to know before one is connected.
import type { Host } from '../../network/host.ts';
import { IP_FORWARD, IPV6_FORWARDING } from '../../network/sysctl.ts';
import type { NameServers } from '../facts/nameservers.ts';
import type { RouteAnswer } from '../facts/probes.ts';
import { limited, ok, unseen, type Cure, type Finding } from '../finding.ts';
import { quoted } from '../remedy.ts';

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

/** Whom unikernels without a tap ask by way of this host, and a managed network's own server. */
export function names({ own, answering }: NameServers): Finding {
  if (own.length === 0)
    return ok('dns', 'no name server: unikernels find names only by a server that they are told');
  const silent = own.filter((server) => !answering.has(server));
  if (silent.length === 0)
    return ok('dns', `${own.join(', ')} answer${own.length > 1 ? '' : 's'} questions for names`);
  const says = `${silent.join(', ')} of /etc/resolv.conf answer${silent.length > 1 ? '' : 's'} nothing`;
  return limited(
    'resolver-silent',
    `${says}: names are found late, or not at all`,
    resolverCure(silent, own),
  );
}

function resolverCure(silent: readonly string[], own: readonly string[]): Cure {
  // Programs of the host's try the next one; libslirp, which gives unikernels their network without a tap, asks the first one only.
  if (silent.length < own.length)
    return {
      remedy: `sudo sed -i --follow-symlinks ${silent.map((server) => `-e ${quoted(`/^nameserver[[:space:]]*${server.replaceAll('.', '\\.')}$/d`)}`).join(' ')} /etc/resolv.conf`,
    };
  if (silent.includes('127.0.0.53')) return { remedy: 'sudo systemctl restart systemd-resolved.service' };
  return { advice: "write a name server that answers into /etc/resolv.conf, as 'nameserver ADDRESS'" };
}
