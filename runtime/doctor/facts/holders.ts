// Which processes hold taps, and what they told the unikernel: read from /proc, where an ordinary user sees only part of it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface Holder {
  readonly pid: number;
  readonly tap: string;
  readonly command: readonly string[];
  /** By a signal: it goes on at SIGCONT. */
  readonly stopped: boolean;
}

const TENDERS = /^(kittiwake|solo5)-(hvt|spt)$/;

/** Whoever holds a tap, one process for each. */
export function readHolders(proc = '/proc'): Holder[] {
  const holders = new Map<string, Holder>();
  const pids = readdirSync(proc).flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
  for (const pid of pids.sort((a, b) => a - b)) {
    const folder = join(proc, String(pid));
    const command = textOf(join(folder, 'cmdline')).split('\0').slice(0, -1);
    const taps = new Set([...tapsHeld(folder), ...tapsGiven(command)]);
    if (taps.size === 0) continue;
    const stopped = /^State:\s*T/m.test(textOf(join(folder, 'status')));
    for (const tap of taps) if (!holders.has(tap)) holders.set(tap, { pid, tap, command, stopped });
  }
  return [...holders.values()];
}

/** What a descriptor leads to that is no device, or not that of taps: most do, and there are many. */
const OTHERS = /^(socket|pipe|anon_inode):|^\/dev\/null$/;

/** What the kernel says: /proc/PID/fdinfo of a descriptor of /dev/net/tun names its interface. */
function tapsHeld(folder: string): string[] {
  const fds = list(join(folder, 'fdinfo')).filter((fd) => !OTHERS.test(target(join(folder, 'fd', fd))));
  return fds.flatMap((fd) => /^iif:\s*(\S+)$/m.exec(textOf(join(folder, 'fdinfo', fd)))?.[1] ?? []);
}

/** What a tender's command line says, which everybody may read. */
function tapsGiven(command: readonly string[]): string[] {
  if (!isTender(command)) return [];
  return command.flatMap((word) => /^--net:[^=]+=([^@].*)$/.exec(word)?.[1] ?? []);
}

export function isTender([program = '']: readonly string[]): boolean {
  return TENDERS.test(basename(program));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Another user's, or it has ended.
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
