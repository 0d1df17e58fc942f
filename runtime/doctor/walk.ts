// The hops in a packet's order. A hop that cannot be judged since an earlier one is broken says nothing.
import type { Way } from './facts/way.ts';
import type { Finding } from './finding.ts';
import { bridgeHop } from './hops/bridge.ts';
import { dnsHop } from './hops/dns.ts';
import { forwardHop } from './hops/forward.ts';
import { guestHop } from './hops/guest.ts';
import { hostHop } from './hops/host.ts';
import { natHop } from './hops/nat.ts';
import { replyHop } from './hops/reply.ts';
import { tapHop } from './hops/tap.ts';
import { uplinkHop } from './hops/uplink.ts';
import type { Path } from './path.ts';

const HARD: readonly string[] = ['tap-missing', 'tap-not-tap'];

export function walk(path: Path, way: Way): Finding[] {
  const tap = tapHop(path, way);
  // Without it there is neither a unikernel nor a subnet.
  if (tap.some(({ cause }) => cause !== undefined && HARD.includes(cause))) return tap;
  const bridge = bridgeHop(path, way);
  // Who asks a server for an address will be told one that fits.
  if (path.address === '') return [...tap, ...bridge];
  const host = hostHop(path, way);
  const near = [...tap, ...bridge, ...host];
  const guest = guestHop(
    path,
    way,
    near.every(({ grade }) => grade === 'ok'),
  );
  const dns = dnsHop(path, way);
  if (!way.beyond) return [...guest, ...near, ...replyHop(path, way, false), ...dns];
  const forward = forwardHop(path, way);
  const forwards = forward.every(({ grade }) => grade === 'ok');
  return [
    ...[...guest, ...near, ...forward],
    ...[...natHop(path, way), ...uplinkHop(path, way), ...replyHop(path, way, forwards), ...dns],
  ];
}
