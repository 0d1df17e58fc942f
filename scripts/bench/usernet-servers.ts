// Who is measured behind a user-mode network: a unikernel behind ours, a Linux process behind slirp4netns, each with ports of this machine's
// loopback that lead to it. No client is in a namespace: the way in is what is measured.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Namespace } from '../../test/net/namespace.ts';
import { prebuilt, tender } from '../../test/net/unikernel.ts';
import { runtimeTree } from '../runtime.ts';
import { freePort } from '../setup/free-port.ts';
import { ON_SERVER_CPU } from './net-servers.ts';

/** How long anything may take to be there. */
const READY_MS = 20_000;

export interface Behind extends AsyncDisposable {
  readonly name: string;
  /** The port of 127.0.0.1 that leads to `guest`. */
  readonly port: (guest: number) => number;
}

async function portsFor(guests: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const ports = new Map<number, number>();
  for (const guest of guests) ports.set(guest, await freePort());
  return ports;
}

const lookUp =
  (ports: ReadonlyMap<number, number>) =>
  (guest: number): number => {
    const port = ports.get(guest);
    if (port === undefined) throw new Error(`port ${guest} is not published`);
    return port;
  };

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Resolves when a connection to `port` brings something or stays open: whoever is behind it has taken it. @throws Error when it is late. */
async function reachable(port: number): Promise<void> {
  const late = performance.now() + READY_MS;
  while (performance.now() < late) {
    const socket = createConnection(port, '127.0.0.1');
    const open = await Promise.race([
      once(socket, 'connect').then(async () => {
        // A network without its guest takes the connection, and ends it when it finds nobody.
        return Promise.race([
          once(socket, 'data').then(() => true),
          once(socket, 'close').then(() => false),
          delay(200, true),
        ]);
      }),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    await delay(20);
  }
  throw new Error(`nobody answers at port ${port}`);
}

/** A prebuilt image of ours under spt, in the network that kittiwake run makes. */
export async function behindOurs(
  image: string,
  guests: readonly number[],
  more: { readonly options?: readonly string[]; readonly args?: readonly string[] } = {},
): Promise<Behind> {
  const ports = await portsFor(guests);
  const publish = [...ports].map(([guest, port]) => `--publish=${port}:${guest}`);
  const start = [tender, '--mem=16', ...(more.options ?? []), prebuilt(image), ...(more.args ?? [])];
  const [program = '', ...args] = ON_SERVER_CPU;
  const usernet = join(runtimeTree, 'bin/kittiwake-usernet');
  const child = spawn(program, [...args, usernet, '--net=service', ...publish, '--', ...start], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    for (const port of ports.values()) await reachable(port);
  } catch (error) {
    await end(child);
    throw error;
  }
  return { name: `${image}.spt`, port: lookUp(ports), [Symbol.asyncDispose]: () => end(child) };
}

/** slirp4netns(1)'s own address for the namespace. */
const SLIRP_GUEST = '10.0.2.100';

/** The programs of `commands` in a namespace of their own, behind slirp4netns as rootless Podman starts it. */
export async function behindSlirp4netns(
  name: string,
  guests: readonly number[],
  commands: readonly (readonly string[])[],
): Promise<Behind> {
  const ports = await portsFor(guests);
  const namespace = await Namespace.open();
  const folder = mkdtempSync(join(tmpdir(), 'kittiwake-slirp-'));
  const api = join(folder, 'api');
  const [program = '', ...args] = ON_SERVER_CPU;
  const slirp = spawn(
    program,
    [
      ...[...args, 'slirp4netns', '--configure', '--mtu=65520', '--disable-host-loopback'],
      ...['--ready-fd=3', `--api-socket=${api}`, String(namespace.pid), 'tap0'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const dispose = async (): Promise<void> => {
    await end(slirp);
    await namespace.close();
    rmSync(folder, { recursive: true });
  };
  try {
    const complaint = slirp.stderr ? text(slirp.stderr) : Promise.resolve('');
    const ready = slirp.stdio[3];
    const [first] = (await Promise.race([
      ready ? once(ready, 'data') : Promise.reject(new Error('no pipe')),
      once(slirp, 'exit'),
    ])) as [unknown];
    if (!(first instanceof Buffer)) throw new Error(`slirp4netns ended: ${(await complaint).trim()}`);
    for (const command of commands)
      namespace.start([...ON_SERVER_CPU, ...command], ['ignore', 'ignore', 'inherit']);
    for (const [guest, port] of ports) await forward(api, port, guest);
    for (const port of ports.values()) await reachable(port);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { name, port: lookUp(ports), [Symbol.asyncDispose]: dispose };
}

/** Has slirp4netns publish a port, by its API. */
async function forward(api: string, port: number, guest: number): Promise<void> {
  const socket = createConnection(api);
  const to = {
    proto: 'tcp',
    host_addr: '127.0.0.1',
    host_port: port,
    guest_addr: SLIRP_GUEST,
    guest_port: guest,
  };
  socket.end(JSON.stringify({ execute: 'add_hostfwd', arguments: to }));
  const answer = await text(socket);
  if (!answer.includes('"return"')) throw new Error(`slirp4netns does not publish ${port}: ${answer}`);
}
