// Who is measured: servers at 10.0.0.2, each in network namespaces of its own, its client at 10.0.0.1.
// Clients run on processor 0 and servers on processor 1, so that a noisy scheduler mixes nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Namespace } from '../../test/net/namespace.ts';
import { impairedLinux, impairedTap, type Impairment } from '../../test/net/netem.ts';
import { command, tender as ours, Unikernel } from '../../test/net/unikernel.ts';

export const ADDRESS = '10.0.0.2';
const CLIENT = '10.0.0.1/24';
const SERVER = `${ADDRESS}/24`;
export const ON_CLIENT_CPU = ['taskset', '--cpu-list', '0'];
export const ON_SERVER_CPU = ['taskset', '--cpu-list', '1'];

/** An image and who starts it. */
export interface Guest {
  readonly image: string;
  readonly tender?: string;
  readonly args?: readonly string[];
  readonly mem?: number;
  readonly data?: string;
}

export interface Server extends AsyncDisposable {
  readonly name: string;
  /** Where its clients run. */
  readonly client: Namespace;
  /** The process that does the serving. */
  readonly pid: number;
}

export function guestName({ image, tender = ours }: Guest): string {
  return tender === ours ? basename(image) : `${basename(image)} under ${basename(tender)}`;
}

/**
 * What a namespace inherits from this machine and should not: the congestion control. BBR paces every stream by a timer, which costs
 * where nothing is lost; Reno is allowed everywhere. Where something is lost, the streams ask for CUBIC themselves.
 */
const PLAIN_TCP = 'echo reno >/proc/sys/net/ipv4/tcp_congestion_control';

/** A namespace for clients, with ports for many connections. */
async function clients(): Promise<Namespace> {
  const namespace = await Namespace.open();
  await namespace.shell(`${PLAIN_TCP}\necho 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range`);
  return namespace;
}

/** The start of `guest` at 10.0.0.2. */
export function startOf(guest: Guest): Parameters<typeof command>[0] {
  return { mem: 16, ...guest, args: [`--ipv4=${SERVER}`, ...(guest.args ?? [])], by: ON_SERVER_CPU };
}

/** How far away a server is: across a bad wire, or a good one with an MTU of its own; as the kernel makes it otherwise. */
export interface Path {
  readonly impairment?: Impairment;
  readonly mtu?: number | undefined;
}

/** A client's namespace with a tap for a guest. */
export async function withTap({ impairment, mtu }: Path = {}): Promise<{
  client: Namespace;
  guest: Namespace;
}> {
  const client = await clients();
  if (impairment) return { client, guest: (await impairedTap(client, [CLIENT], impairment)).namespace };
  await client.tap('tap0', CLIENT);
  if (mtu !== undefined) await client.shell(`ip link set tap0 mtu ${mtu}`);
  return { client, guest: client };
}

/** `guest`, once it answers a ping. */
export async function unikernel(guest: Guest, path: Path = {}): Promise<Server> {
  const namespaces = await withTap(path);
  try {
    const running = new Unikernel(namespaces.guest, startOf(guest));
    const { status } = await namespaces.client.run(['ping', '-q', '-c', '1', '-w', '10', ADDRESS]);
    if (status !== 0)
      throw new Error(`${guestName(guest)} answers no ping at ${ADDRESS}; it said:\n${running.console}`);
    return {
      name: guestName(guest),
      client: namespaces.client,
      pid: running.pid,
      [Symbol.asyncDispose]: () => namespaces.client.close(),
    };
  } catch (error) {
    await namespaces.client.close();
    throw error;
  }
}

/** The kernel's own stack, across a veth pair where the wire is good; `start` runs what serves there, if anything. */
export async function linux(
  name: string,
  { impairment, mtu }: Path = {},
  start: readonly string[] = ['sleep', 'infinity'],
): Promise<Server & { readonly server: Namespace }> {
  const client = await clients();
  try {
    let server: Namespace;
    if (impairment) server = await impairedLinux(client, CLIENT, SERVER, impairment);
    else {
      server = await client.another();
      await client.veth('veth0', CLIENT, server, 'veth1', SERVER);
      if (mtu !== undefined) {
        await client.shell(`ip link set veth0 mtu ${mtu}; ip link set lo mtu ${mtu}`);
        await server.shell(`ip link set veth1 mtu ${mtu}`);
      }
    }
    await server.shell(PLAIN_TCP);
    const running = server.start([...ON_SERVER_CPU, ...start], ['ignore', 'ignore', 'inherit']);
    return {
      name,
      client,
      server,
      pid: running.pid ?? 0,
      [Symbol.asyncDispose]: () => client.close(),
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/**
 * nginx as one process, which is the worker: no log, files kept open, the answer in one segment. sendfile is off because a body of 1 KiB is faster
 * without: one writev of head and body instead of a write and a sendfile under a cork.
 */
const nginxConfig = (folder: string): string => `
user root; daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 4096; use epoll; multi_accept on; }
http {
  access_log off; sendfile off; tcp_nodelay on; default_type text/html; server_tokens off; etag on;
  keepalive_timeout 75s; keepalive_requests 1000000000; output_buffers 1 64k; reset_timedout_connection off;
  open_file_cache max=64 inactive=1h; open_file_cache_valid 1h; open_file_cache_min_uses 1;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 80 backlog=4096; root ${folder}; }
}
`;

/** A new folder with `files`, and the command that serves them on port 80. */
export function nginxCommand(files: Readonly<Record<string, string | Uint8Array>>): {
  folder: string;
  program: readonly string[];
} {
  const folder = mkdtempSync(join(tmpdir(), 'kittiwake-nginx-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig(folder));
  return { folder, program: ['nginx', '-e', 'stderr', '-c', join(folder, 'nginx.conf')] };
}

/** nginx that serves `files` across a veth pair. */
export async function nginx(files: Readonly<Record<string, string | Uint8Array>>): Promise<Server> {
  const { folder, program } = nginxCommand(files);
  const server = await linux('nginx, 1 worker', {}, program);
  const dispose = async (): Promise<void> => {
    await server.client.close();
    rmSync(folder, { recursive: true });
  };
  try {
    await answers(server.client, `http://${ADDRESS}/`);
    return { ...server, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Waits until `url` is served. @throws Error when it is not within 10 s. */
export async function answers(client: Namespace, url: string): Promise<void> {
  const retry = ['--retry', '100', '--retry-all-errors', '--retry-delay', '0', '--retry-max-time', '10'];
  const options = ['--silent', '--show-error', '--fail', '--output', '/dev/null', '--max-time', '2'];
  const { status, err } = await client.run(['curl', '-q', '--noproxy', '*', ...retry, ...options, url]);
  if (status !== 0) throw new Error(`${url} is not served: ${err.trim().split('\n').at(-1)}`);
}

/** The Debian packages of `programs` that are not here. */
export function missingPackages(programs: Readonly<Record<string, string>>): string[] {
  return Object.entries(programs)
    .filter(([program]) => spawnSync(program, ['-v'], { stdio: 'ignore' }).error)
    .map(([, name]) => name);
}
