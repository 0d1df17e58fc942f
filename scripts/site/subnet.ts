// Chooses addresses for the wire between this host and a unikernel.
import { readFileSync } from 'node:fs';

/** The two ends of a wire, as 10.0.42.1 and 10.0.42.2 of 10.0.42.0/24. */
export interface Wire {
  readonly host: string;
  readonly guest: string;
  readonly prefix: number;
}

/** One of each range for private use (RFC 1918): where a VPN has all of one, the others are free. */
const CANDIDATES: readonly string[] = ['10.0.42.0', '172.30.42.0', '192.168.242.0'];
const PREFIX = 24;

const toNumber = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

const maskOf = (prefix: number): number => (prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);

/** The networks the kernel has routes to, from the text of /proc/net/route; a default route takes no network. */
function routed(table: string): { network: number; mask: number }[] {
  // Addresses stand there in hexadecimal, in the byte order of the machine.
  const swapped = (hex: string): number => Buffer.from(hex, 'hex').readUInt32LE();
  return table
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .map((fields) => ({ network: swapped(fields[1] ?? ''), mask: swapped(fields[7] ?? '') }))
    .filter(({ mask }) => mask !== 0);
}

/**
 * A wire in a network that no route of this host overlaps.
 * @param table the text of /proc/net/route
 * @throws Error that says what to do, when all are taken
 */
export function freeWire(table: string = readFileSync('/proc/net/route', 'utf8')): Wire {
  const routes = routed(table);
  const mask = maskOf(PREFIX);
  const free = CANDIDATES.map(toNumber).find(
    (network) => !routes.some((route) => ((network ^ route.network) & mask & route.mask) >>> 0 === 0),
  );
  if (free === undefined) {
    throw new Error(
      `the networks ${CANDIDATES.map((one) => `${one}/${PREFIX}`).join(', ')} are all in use here; make a tap with an address ` +
        'of your own choice and name it with --net',
    );
  }
  return { host: toText(free + 1), guest: toText(free + 2), prefix: PREFIX };
}

/**
 * The wire of an interface that has the address `cidr`, as 10.0.42.1/24: the guest gets the first other address of the network.
 * @throws Error when the network has no room for two
 */
export function wireOf(cidr: string): Wire {
  const [host = '', length = ''] = cidr.split('/');
  const prefix = Number(length);
  if (prefix > 30)
    throw new Error(`the network of ${cidr} has no room for a guest; give the tap a /30 or larger`);
  const first = ((toNumber(host) & maskOf(prefix)) >>> 0) + 1;
  return { host, guest: toText(first === toNumber(host) ? first + 1 : first), prefix };
}
