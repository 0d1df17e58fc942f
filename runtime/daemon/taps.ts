// The interfaces of unikernels, made and taken away by ip(8). Bridges are made by others: one that is missing is an error that says so.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { toolEnvironment } from '../network/exec.ts';
import { formatName, type Name } from '../protocol/name.ts';

export interface Tap {
  readonly tap: string;
  readonly bridge: string;
}

/** Runs ip(8) to its end; what it printed. */
export type Ip = (args: readonly string[], input?: string) => Promise<string>;

const LIMIT_MS = 30_000;

export const systemIp: Ip = (args, input = '') =>
  new Promise((resolve, reject) => {
    const child = execFile(
      'ip',
      args,
      { timeout: LIMIT_MS, maxBuffer: 64 << 20, env: toolEnvironment },
      (error, out, complaint) => {
        const [line = ''] = complaint.trim().split('\n');
        if (error) reject(new Error(`ip ${args.join(' ')}: ${line || error.message}`));
        else resolve(out);
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });

/** The name of the interface of a unikernel's `device`: the same each time, and as long as Linux allows. */
export function tapName(name: Name, device: string): string {
  const digest = createHash('sha256')
    .update(`${formatName(name)} ${device}`)
    .digest('hex');
  return `kwd${digest.slice(0, 12)}`;
}

/** The host's bridges. */
export async function bridges(ip: Ip): Promise<string[]> {
  const links = JSON.parse((await ip(['-json', 'link', 'show', 'type', 'bridge'])) || '[]') as {
    ifname?: string;
  }[];
  return links.flatMap(({ ifname }) => (ifname === undefined ? [] : [ifname]));
}

/** Makes `taps`, each a port of its bridge. @throws Error with one line; some may have been made then. */
export async function addTaps(taps: readonly Tap[], ip: Ip): Promise<void> {
  if (taps.length === 0) return;
  const lines = taps.flatMap(({ tap, bridge }) => [
    `tuntap add dev ${tap} mode tap`,
    // The host has nothing to say there itself.
    `link set dev ${tap} addrgenmode none`,
    `link set dev ${tap} master ${bridge} up`,
  ]);
  try {
    await ip(['-batch', '-'], `${lines.join('\n')}\n`);
  } catch (error) {
    // Asked only now: it is a process more, and mostly there is nothing to find.
    const known = await bridges(ip);
    const missing = taps.find(({ bridge }) => !known.includes(bridge));
    if (!missing) throw error;
    throw new Error(
      `bridge ${missing.bridge}: there is none on this host; make it with 'ip link add name ${missing.bridge} type bridge', or 'kittiwake net create'`,
      { cause: error },
    );
  }
}

/** Takes `taps` away, those that are there. */
export async function removeTaps(taps: readonly string[], ip: Ip): Promise<void> {
  if (taps.length === 0) return;
  const lines = taps.map((tap) => `link del dev ${tap}`);
  // Those that are gone already are no reason to keep the others.
  await ip(['-force', '-batch', '-'], `${lines.join('\n')}\n`).catch(() => undefined);
  const left = JSON.parse((await ip(['-json', 'link', 'show', 'type', 'tun'])) || '[]') as {
    ifname?: string;
  }[];
  const kept = left.find(({ ifname }) => taps.includes(ifname ?? ''));
  if (kept)
    throw new Error(`tap ${kept.ifname}: it cannot be removed; 'ip link del dev ${kept.ifname}' says why`);
}
