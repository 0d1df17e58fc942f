// A bad wire, the same both ways: link.c between two ends, each a tap of the host's kernel, an interface, or this process.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { compileC } from '../../scripts/setup/compile.ts';
import type { Namespace } from './namespace.ts';

/** What the wire does to frames, in percent of the frames of each direction; delay is in milliseconds, one way. */
export interface Impairment {
  readonly seed?: number;
  readonly delay?: number;
  readonly loss?: number;
  /** Frames that overtake those being delayed; means nothing without delay. */
  readonly reorder?: number;
  readonly duplicate?: number;
  /** IP packets with one bit flipped. */
  readonly corrupt?: number;
}

/** Starts a wire between two ends as link.c names them, and waits until it carries frames. Closed with the namespace. */
export async function wire(
  namespace: Namespace,
  ends: readonly [string, string],
  impairment: Impairment = {},
): Promise<ChildProcess> {
  const options = Object.entries(impairment).map(([name, value]) => `--${name}=${value}`);
  const link = namespace.start([compileC('test/net/link.c'), ...options, ...ends], ['pipe', 'pipe', 'pipe']);
  const ready = await Promise.race([once(link.stderr ?? link, 'data'), once(link, 'exit')]);
  if (String(ready[0]) !== 'ready\n')
    throw new Error(`the wire between ${ends.join(' and ')}: ${ready.join(' ')}`);
  return link;
}

/** The guest's end of a wire: a namespace with `tap0` for the tender to hold, and the program that carries the frames. */
export interface Far {
  readonly namespace: Namespace;
  readonly link: ChildProcess;
}

/**
 * A tap for a guest behind a bad wire: the guest's `tap0` is in a namespace of its own, bridged with the wire's end, the host's addresses
 * are on `wan0` in `namespace`, and every frame between them goes over the wire. The bridge is there because a guest may leave
 * segments uncut and checksums unmade (FEATURE_NET_OFFLOAD): the kernel does both on the way to a tap that cannot.
 */
export async function impairedTap(
  namespace: Namespace,
  addresses: readonly string[],
  impairment: Impairment,
): Promise<Far> {
  const far = await namespace.another();
  // The kernel there must answer nothing itself, and must pass on multicast nobody subscribed to where it could see it.
  await far.shell('echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6');
  await far.tap('tap0');
  await far.tap('wire0');
  await far.shell(`ip link add br0 type bridge mcast_snooping 0
ip link set tap0 master br0
ip link set wire0 master br0
ip link set br0 up`);
  await namespace.tap('wan0', ...addresses);
  const link = await wire(namespace, ['tap:wan0', `tap:wire0@${far.pid}`], impairment);
  return { namespace: far, link };
}

/** The same wire to Linux's own stack, at `address` in a namespace of its own: the peer to compare with. */
export async function impairedLinux(
  namespace: Namespace,
  hostAddress: string,
  address: string,
  impairment: Impairment,
): Promise<Namespace> {
  const far = await namespace.another();
  await far.tap('wan1', address);
  await namespace.tap('wan1', hostAddress);
  await wire(namespace, ['tap:wan1', `tap:wan1@${far.pid}`], impairment);
  return far;
}
