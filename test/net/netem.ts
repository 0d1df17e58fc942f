// A bad wire, the same both ways: link.c between two ends, each a tap of the host's kernel, an interface, or this process.
import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../../scripts/setup/root.ts';
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

const source = join(root, 'test', 'net', 'link.c');
const program = join(root, 'build', 'net', 'link');

/** Compiles link.c where it has changed. The file appears whole, for tests run in parallel. */
export function buildLink(): string {
  const built = statSync(program, { throwIfNoEntry: false });
  if (built && built.mtimeMs > statSync(source).mtimeMs) return program;
  mkdirSync(dirname(program), { recursive: true });
  const next = `${program}.${process.pid}`;
  const flags = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Werror'];
  const gcc = spawnSync('gcc', [...flags, '-o', next, source], { encoding: 'utf8' });
  if (gcc.error) throw new Error(`gcc: ${gcc.error.message}; install the Debian package gcc`);
  if (gcc.status !== 0) throw new Error(`test/net/link.c does not compile:\n${gcc.stderr}`);
  renameSync(next, program);
  return program;
}

/** Starts a wire between two ends as link.c names them, and waits until it carries frames. Closed with the namespace. */
export async function wire(
  namespace: Namespace,
  ends: readonly [string, string],
  impairment: Impairment = {},
): Promise<ChildProcess> {
  const options = Object.entries(impairment).map(([name, value]) => `--${name}=${value}`);
  const link = namespace.start([buildLink(), ...options, ...ends], ['pipe', 'pipe', 'pipe']);
  const ready = await Promise.race([once(link.stderr ?? link, 'data'), once(link, 'exit')]);
  if (String(ready[0]) !== 'ready\n')
    throw new Error(`the wire between ${ends.join(' and ')}: ${ready.join(' ')}`);
  return link;
}

/** Addresses at the host's side of a wire to a guest, and the namespace with the tap the tender is to hold. */
export interface Far {
  readonly namespace: Namespace;
  readonly tap: string;
}

/**
 * A tap for a guest behind a bad wire: the guest's tap `tap0` is alone in a namespace of its own, the host's addresses are on
 * `wan0` in `namespace`, and every frame between them goes over the wire.
 */
export async function impairedTap(
  namespace: Namespace,
  addresses: readonly string[],
  impairment: Impairment,
): Promise<Far> {
  const far = await namespace.another();
  // The kernel there must answer nothing itself.
  await far.shell('echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6');
  await far.tap('tap0');
  await namespace.tap('wan0', ...addresses);
  await wire(namespace, ['tap:wan0', `packet:tap0@${far.pid}`], impairment);
  return { namespace: far, tap: 'tap0' };
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
