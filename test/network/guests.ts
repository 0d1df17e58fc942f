// Linux hosts behind taps, where unikernels would be, and what they and others get to hear from each other.
import { once } from 'node:events';
import { findTap, type Network, type Tap } from '../../runtime/network/model.ts';
import type { Namespace } from '../net/namespace.ts';
import { wire } from '../net/netem.ts';
import type { Host } from './host.ts';

/** The server's program: its argument is the name it says. */
export const SERVER = `const server = (family, host) => require('node:http').createServer((request, response) =>
  response.end(process.argv[1] + ' ' + request.socket.remoteAddress.replace('::ffff:', ''))).listen(80, host);
server(4, '::').on('listening', () => console.log('up'))`;

export function tapOf(network: Network | undefined, name: string): Tap {
  const tap = network && findTap(network, name);
  if (!tap) throw new Error(`no tap ${name}`);
  return tap;
}

export interface Gateways {
  readonly ipv4: string;
  readonly ipv6: string;
}
const OWN: Gateways = { ipv4: '10.0.42.1', ipv6: 'fd00:42::1' };

/** A Linux host where a unikernel would be: behind the tap, with its addresses, serving its name and its client's address on port 80. */
export async function guest(host: Host, tap: Tap, gateways: Gateways = OWN): Promise<Namespace> {
  const namespace = await host.namespace.another();
  await namespace.shell(`PATH=$PATH:/sbin sysctl -qw net.ipv6.conf.default.accept_dad=0
ip tuntap add eth0 mode tap
ip link set eth0 address ${tap.mac}
ip addr add ${tap.address}/24 dev eth0
ip addr add ${tap.address6}/64 dev eth0 nodad
ip link set eth0 up
ip route add default via ${gateways.ipv4}
ip -6 route add default via ${gateways.ipv6}`);
  await wire(host.namespace, [`tap:${tap.name}`, `tap:eth0@${namespace.pid}`]);
  await serve(namespace, tap.name);
  return namespace;
}

export async function serve(namespace: Namespace, name: string): Promise<void> {
  const server = namespace.start([process.execPath, '-e', SERVER, name]);
  if (server.stdout) await once(server.stdout, 'data');
}

/** What a server says; undefined when it says nothing. */
export async function ask(from: Namespace, url: string): Promise<string | undefined> {
  const { status, out } = await from.run([
    'curl',
    '-q',
    '-sS',
    '-g',
    '--noproxy',
    '*',
    '--max-time',
    '5',
    url,
  ]);
  return status === 0 ? out : undefined;
}

/** Is not answered, nor refused: dropped. */
export async function dropped(from: Namespace, url: string): Promise<boolean> {
  return (
    (await from.run(['curl', '-q', '-s', '-g', '--noproxy', '*', '--connect-timeout', '1', url])).status ===
    28
  );
}

export const pings = (from: Namespace, to: string): Promise<string> =>
  from.shell(`ping -q -c 2 -i 0.2 -w 10 ${to}`);
