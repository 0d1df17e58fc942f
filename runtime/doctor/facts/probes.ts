// Asking the kernel where packets would go, and sending some: by ip(8) and ping(8), which need no root.
import type { Exec } from '../../network/exec.ts';
import { firstLine } from '../../network/host.ts';

/** Where the kernel would send a packet, or why nowhere. */
export type RouteAnswer =
  { readonly dev: string; readonly gateway?: string; readonly source?: string } | { readonly error: string };

export interface Neighbour {
  readonly address: string;
  readonly dev: string;
  readonly mac?: string;
  readonly state: string;
}

/** How long somebody may take to answer, in seconds: busy machines are slow, and who is there answers in milliseconds. */
const PATIENCE = '2';

/** The route to `to`; with `from` and `iif` that of a packet which comes in there and passes through. */
export function routeTo(exec: Exec, to: string, through?: { from: string; iif: string }): RouteAnswer {
  const family = to.includes(':') ? '-6' : '-4';
  const more = through ? ['from', through.from, 'iif', through.iif] : [];
  const { status, out, err } = exec('ip', ['-j', family, 'route', 'get', to, ...more]);
  if (status !== 0) return { error: firstLine(err).replace(/^RTNETLINK answers: /, '') };
  const [route] = parsed(out) as readonly {
    dev?: string;
    gateway?: string;
    prefsrc?: string;
    type?: string;
  }[];
  if (route?.dev === undefined) return { error: route?.type ?? 'no answer' };
  const { dev, gateway, prefsrc } = route;
  return {
    ...{ dev },
    ...(gateway !== undefined && { gateway }),
    ...(prefsrc !== undefined && { source: prefsrc }),
  };
}

/** The gateway of the best default route. */
export function defaultRoute(exec: Exec, family: 4 | 6): { dev: string; gateway?: string } | undefined {
  const { out } = exec('ip', ['-j', `-${family}`, 'route', 'show', 'default']);
  const routes = parsed(out) as readonly { dev?: string; gateway?: string; metric?: number }[];
  const [best] = [...routes].sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
  if (best?.dev === undefined) return undefined;
  return { dev: best.dev, ...(best.gateway !== undefined && { gateway: best.gateway }) };
}

/** All routes that lead to `address`, as their words are for `ip route del`, the best one first. */
export function routesMatching(
  exec: Exec,
  address: string,
): readonly { words: readonly string[]; dev?: string; length: number }[] {
  const family = address.includes(':') ? '-6' : '-4';
  const { out } = exec('ip', ['-j', family, 'route', 'show', 'table', 'all', 'to', 'match', address]);
  const routes = parsed(out) as readonly {
    dst?: string;
    dev?: string;
    gateway?: string;
    metric?: number;
    type?: string;
    table?: string;
  }[];
  return routes
    .filter(({ table, type }) => table !== 'local' && type !== 'local' && type !== 'broadcast')
    .map(({ dst = 'default', dev, gateway, metric, type, table }) => ({
      words: [
        ...(type === undefined ? [] : [type]),
        dst,
        ...(gateway === undefined ? [] : ['via', gateway]),
        ...(dev === undefined ? [] : ['dev', dev]),
        ...(metric === undefined ? [] : ['metric', String(metric)]),
        ...(table === undefined ? [] : ['table', table]),
      ],
      ...(dev !== undefined && { dev }),
      length: dst === 'default' ? 0 : Number(dst.split('/')[1] ?? 128),
    }))
    .sort((a, b) => b.length - a.length);
}

/** Whether `to` answers a ping. */
export function pings(
  exec: Exec,
  to: string,
  { from, size }: { from?: string; size?: number } = {},
): boolean {
  const source = from === undefined ? [] : ['-I', from];
  const full = size === undefined ? [] : ['-M', 'do', '-s', String(size)];
  return exec('ping', ['-n', '-q', '-c', '1', '-w', PATIENCE, ...source, ...full, to]).status === 0;
}

export function neighbours(exec: Exec): Neighbour[] {
  const { out } = exec('ip', ['-j', 'neigh', 'show']);
  const list = parsed(out) as readonly { dst?: string; dev?: string; lladdr?: string; state?: string[] }[];
  return list.flatMap(({ dst, dev, lladdr, state = [] }) =>
    dst === undefined || dev === undefined
      ? []
      : { address: dst, dev, state: state.join(' '), ...(lladdr !== undefined && { mac: lladdr }) },
  );
}

function parsed(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text.trim() === '' ? '[]' : text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
