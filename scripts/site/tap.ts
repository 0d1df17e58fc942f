// The tap interface a unikernel is reached by: one that is there, or one of our own that is taken away afterwards.
import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { freeWire, wireOf, type Wire } from './subnet.ts';

export interface Tap {
  readonly name: string;
  readonly wire: Wire;
  /** Takes it away, if it is our own. */
  readonly close: () => void;
}

/** The name of the tap we make. */
const NAME = 'kittiwake0';

/** Runs ip(8); what it complained about, undefined if it did not. */
function ip(...args: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (error) return `ip(8) cannot be run (${error.message}); install iproute2`;
  return status === 0 ? undefined : stderr.trim();
}

/** The command by which an administrator makes the tap for this user. */
function byHand({ host, prefix }: Wire): string {
  const user = userInfo().username;
  const steps = [
    `ip tuntap add ${NAME} mode tap user ${user}`,
    `ip addr add ${host}/${prefix} dev ${NAME}`,
    `ip link set ${NAME} up`,
  ];
  return `sudo sh -c '${steps.join(' && ')}'`;
}

/** A tap of our own, up, at the host's end of an unused network. @throws Error with the command that helps. */
export function makeTap(): Tap {
  const wire = freeWire();
  if (ip('link', 'show', 'dev', NAME) === undefined) {
    throw new Error(
      `the interface ${NAME} is there already; use it with --net ${NAME}, or remove it: sudo ip link delete ${NAME}`,
    );
  }
  const refused = ip('tuntap', 'add', NAME, 'mode', 'tap');
  if (refused !== undefined) {
    throw new Error(
      `you may not make a tap interface (${refused}); make one once, then name it with --net ${NAME}:\n  ${byHand(wire)}`,
    );
  }
  const close = (): void => void ip('link', 'delete', NAME);
  const failed =
    ip('addr', 'add', `${wire.host}/${wire.prefix}`, 'dev', NAME) ?? ip('link', 'set', NAME, 'up');
  if (failed !== undefined) {
    close();
    throw new Error(`the tap ${NAME} could not be set up: ${failed}`);
  }
  return { name: NAME, wire, close };
}

/** The IPv4 address of interface `name` with its prefix, if it is up and has one; a tap nobody has opened has no carrier, but is up. */
function addressOf(name: string): string | undefined {
  const { status, stdout } = spawnSync('ip', ['-json', '-4', 'address', 'show', 'up', 'dev', name], {
    encoding: 'utf8',
  });
  if (status !== 0 || stdout.trim() === '') return undefined;
  const found = JSON.parse(stdout) as { addr_info?: { local: string; prefixlen: number }[] }[];
  const first = found.flatMap((one) => one.addr_info ?? [])[0];
  return first && `${first.local}/${first.prefixlen}`;
}

/** The tap `name` that somebody made. @throws Error with a remedy when it is not there, down, or has no IPv4 address. */
export function useTap(name: string): Tap {
  const address = addressOf(name);
  if (address === undefined) {
    throw new Error(
      `${name}: no interface of this name is up with an IPv4 address; make one:\n  ${byHand(freeWire()).replaceAll(NAME, name)}`,
    );
  }
  return { name, wire: wireOf(address), close: () => undefined };
}
