// The unikernel: behind its tap, with the address and gateway it is to have, alone with it, and answering.
import { guestWords, retold, told, type Told } from '../facts/guest.ts';
import { isTender, type Holder } from '../facts/holders.ts';
import { familyOf, goesBeyond, type Way } from '../facts/way.ts';
import { failed, limited, ok, type Finding } from '../finding.ts';
import type { Path } from '../path.ts';
import { quoted, sudo } from '../remedy.ts';
import { hostPrefix } from './subnet.ts';
import { newHostPrefix } from './tap.ts';

/** `whole`: nothing else between the unikernel and the host is wrong, so it should answer. */
export function guestHop(path: Path, way: Way, whole: boolean): Finding[] {
  const link = way.host.links.get(path.tap);
  if (!path.running || !link) return [];
  const holder = way.holders.find(({ tap }) => tap === path.tap);
  if (!link.carrier && holder === undefined) return link.up ? [absent(path, way)] : [];
  const own = holder && tender(holder, path);
  const troubles = [...address(path, way, holder, own), ...duplicates(path, way)];
  if (troubles.length === 0 && whole) troubles.push(...silence(path, way, holder));
  if (troubles.length === 0 && whole) troubles.push(...gateway(path, way, holder, own));
  if (troubles.length > 0) return troubles;
  return way.guestAnswers ? [ok('guest', `${path.address} answers`)] : [];
}

function tender({ command }: Holder, { address: at }: Path): Told | undefined {
  return isTender(command) ? told(guestWords(command), familyOf(at)) : undefined;
}

/** The prefix the unikernel is to be told with its address. */
function ownPrefix(path: Path, { host, via }: Way): string {
  const length = (hostPrefix(host.links.get(via), path.address) ?? newHostPrefix(path)).split('/')[1];
  return `${path.address}/${length}`;
}

function routerOf(path: Path, { host, via }: Way): string {
  return (
    path.gateway ?? (hostPrefix(host.links.get(via), path.address) ?? newHostPrefix(path)).split('/')[0] ?? ''
  );
}

function absent(path: Path, way: Way): Finding {
  const ip = `--ipv${familyOf(path.address)}`;
  const router = goesBeyond(path) ? ` ${ip}-gateway=${routerOf(path, way)}` : '';
  const mac = path.mac === undefined ? '' : ` --net-mac:service=${path.mac}`;
  return failed(
    'guest-absent',
    `no unikernel is behind ${path.tap}; run yours, or netcheck, which answers in its place`,
    {
      remedy: `kittiwake run --net:service=${path.tap}${mac} netcheck -- ${ip}=${ownPrefix(path, way)}${router}`,
    },
  );
}

/** Ends it, waits until the tap is free, and starts it with other words. */
export function restarted({ pid, command }: Holder, words: Readonly<Record<string, string>>): string {
  const line = Object.entries(words).reduce<readonly string[]>(
    (so, [option, text]) => retold(so, option, text),
    command,
  );
  return `sudo kill ${pid}; tail --pid=${pid} -f /dev/null; ${line.map(quoted).join(' ')}`;
}

function address(path: Path, way: Way, holder: Holder | undefined, own: Told | undefined): Finding[] {
  const [text] = own?.address?.split('/') ?? [];
  if (text === undefined || text === path.address || !holder) return [];
  const option = `--ipv${familyOf(path.address)}`;
  return [
    failed('guest-address', `the unikernel was told ${own?.address}, not ${path.address}`, {
      // A gateway that it was told belongs to the other address.
      remedy: restarted(holder, {
        [option]: ownPrefix(path, way),
        ...(own?.gateway !== undefined && { [`${option}-gateway`]: routerOf(path, way) }),
      }),
    }),
  ];
}

/** Another on the same link with the same address: now one answers and now the other. */
function duplicates(path: Path, { host, holders, neighbour, via }: Way): Finding[] {
  const twin = holders.find(
    (each) =>
      each.tap !== path.tap &&
      host.links.get(each.tap)?.master === via &&
      tender(each, path)?.address?.split('/')[0] === path.address,
  );
  if (twin)
    return [
      failed(
        'guest-duplicate',
        `the unikernel behind ${twin.tap} (pid ${twin.pid}) has ${path.address}, too`,
        {
          // What the host believed of the one that ends it would believe for some seconds more.
          remedy: `${sudo('kill', String(twin.pid))}; tail --pid=${twin.pid} -f /dev/null; ${sudo('ip neigh flush to', path.address)}`,
        },
      ),
    ];
  if (path.mac === undefined || neighbour?.mac === undefined || neighbour.mac === path.mac) return [];
  return [
    failed('guest-duplicate', `${path.address} is answered for by ${neighbour.mac}, not by ${path.mac}`, {
      advice: `run the unikernel with --net-mac, as 'kittiwake net inspect' shows, and find out who ${neighbour.mac} is`,
    }),
  ];
}

function silence(path: Path, way: Way, holder: Holder | undefined): Finding[] {
  if (way.guestAnswers) return [];
  if (holder?.stopped)
    return [
      failed('guest-silent', `the unikernel (pid ${holder.pid}) has been stopped`, {
        remedy: sudo('kill -CONT', String(holder.pid)),
      }),
    ];
  if (way.neighbour)
    return [
      limited('guest-silent', `${path.address} is there (${way.neighbour.mac}), but answers no ping`, {
        advice: 'images of ours and of MirageOS answer; its console may say more',
      }),
    ];
  return [
    failed('guest-silent', `nobody behind ${path.tap} has ${path.address}`, {
      advice: "its console says which address it has; netcheck's '-l debug' writes a line about every frame",
    }),
  ];
}

function gateway(path: Path, way: Way, holder: Holder | undefined, own: Told | undefined): Finding[] {
  const router = routerOf(path, way);
  const option = `--ipv${familyOf(path.address)}-gateway`;
  if (way.answersOutside !== false) return [];
  const says =
    own?.gateway === undefined
      ? `${path.address} has no gateway: it answers its own subnet only`
      : `${path.address} sends to the gateway ${own.gateway}, which is not this host's ${router}`;
  return [
    failed(
      'guest-gateway',
      says,
      holder && own
        ? { remedy: restarted(holder, { [option]: router }) }
        : { advice: `tell it ${option}=${router}` },
    ),
  ];
}
