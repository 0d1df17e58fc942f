// What lies in the file a tender counts into (--stats=FILE; runtime/tender/stats.h says what lies where). Whoever owns the file may have written
// anything to it: its size, each index and each name are checked. Counters are exact up to 2^53.
import { readFileSync } from 'node:fs';

const MAGIC = 'KTWSTATS';
const VERSION = 1;
const DEVICES_AT = 496;
const DEVICE_SIZE = 192;
const ENTRIES_MAX = 64;
/** Bytes of the whole file. */
export const FILE_SIZE = DEVICES_AT + ENTRIES_MAX * DEVICE_SIZE;

const TENDERS = new Map([
  [1, 'kittiwake-hvt'],
  [2, 'kittiwake-spt'],
]);
const ENDS = new Map([
  [1, 'exited'],
  [2, 'fault'],
  [3, 'signal'],
]);
const EXITS = ['all', 'interrupted'];
/** By number; 0 is none. */
const CALLS = ['', 'walltime', 'puts', 'poll', 'block_write', 'block_read', 'net_write', 'net_read', 'halt'];
const NET = [
  'in_frames',
  'in_bytes',
  'out_frames',
  'out_bytes',
  'out_refused',
  'out_bad',
  'out_delayed',
  'in_delayed',
  'captured',
  'uncaptured',
];
const BLOCK = [
  'reads',
  'read_bytes',
  'read_errors',
  'writes',
  'written_bytes',
  'write_errors',
  'delayed',
  'delayed_ns',
];

/** Who counts, and with that which counters: all of them, those of the host's interface, or none. */
export type Source = 'tender' | 'interface' | 'calls' | 'none';
export type Counters = Readonly<Record<string, number>>;

export interface DeviceStats {
  readonly name: string;
  readonly type: 'net' | 'block';
  readonly source: Source;
  readonly counters: Counters;
}

export interface Stats {
  readonly tender: string;
  readonly state: 'running' | 'ended' | 'killed';
  /** The process to send signals to, and the guest's own, which is another one where a keeper stands by. */
  readonly pid: number;
  readonly guestPid: number;
  /** Bytes the guest was given, and bytes of the guest's process that are in memory now; null once it has ended. */
  readonly memory: number;
  readonly resident: number | null;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly ended: number | null;
  readonly end: { readonly reason: string; readonly status: number } | null;
  /** Returns of KVM_RUN and hypercalls; null under spt, where nobody sees the guest's calls. */
  readonly exits: Counters | null;
  readonly hypercalls: Counters | null;
  readonly devices: readonly DeviceStats[];
}

/** What /proc says of a process: its name and its resident bytes; undefined if there is none. */
export type Look = (pid: number) => { readonly name: string; readonly resident: number } | undefined;

export const lookInProc: Look = (pid) => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const name = /^Name:\t(.*)$/m.exec(status)?.[1] ?? '';
    return { name, resident: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024 };
  } catch {
    return undefined;
  }
};

/** What a file holds is no statistics; the message says what of it. */
export class NoStatsError extends Error {
  override readonly name = 'NoStatsError';
}

/** What `bytes` say, checked. @throws NoStatsError */
export function parseStats(bytes: Buffer, look: Look): Stats {
  const wrong = (cause: string): NoStatsError => new NoStatsError(cause);
  if (bytes.length >= 8 && bytes.subarray(0, 8).every((byte) => byte === 0))
    throw wrong('holds no statistics yet, since its guest has not started');
  if (bytes.toString('latin1', 0, 8) !== MAGIC) throw wrong('holds no statistics');
  if (bytes.length < 16 || bytes.readUInt32LE(8) !== VERSION)
    throw wrong('holds statistics of another version');
  const tender = bytes.length > 16 + 8 ? TENDERS.get(bytes.readUInt32LE(16)) : undefined;
  if (bytes.length !== FILE_SIZE || bytes.readUInt32LE(12) !== FILE_SIZE || tender === undefined)
    throw wrong('is damaged');
  const entries = bytes.readUInt32LE(20);
  if (entries < 1 || entries > ENTRIES_MAX) throw wrong('is damaged');

  const number = (at: number): number => Number(bytes.readBigUInt64LE(at));
  const pid = bytes.readUInt32LE(24);
  const guestPid = bytes.readUInt32LE(28);
  const ended = number(48) > 0;
  const process = ended ? undefined : look(guestPid);
  const alive = process !== undefined && process.name === tender;
  const hvt = tender === 'kittiwake-hvt';
  const devices: DeviceStats[] = [];
  for (let handle = 1; handle < entries; handle++) {
    const device = parseDevice(bytes.subarray(DEVICES_AT + handle * DEVICE_SIZE));
    if (device === 'damaged') throw wrong('is damaged');
    if (device) devices.push(device);
  }
  return {
    tender,
    state: ended ? 'ended' : alive ? 'running' : 'killed',
    pid,
    guestPid,
    memory: number(32),
    resident: alive ? process.resident : null,
    started: Math.floor(number(40) / 1e6),
    ended: ended ? Math.floor(number(48) / 1e6) : null,
    end: ended ? { reason: ENDS.get(number(56)) ?? 'unknown', status: number(64) } : null,
    exits: hvt ? counters(bytes, 72, EXITS) : null,
    hypercalls: hvt ? counters(bytes, 136, CALLS) : null,
    devices,
  };
}

/** The counters at `at` by their names; those without a name are left out. */
function counters(bytes: Buffer, at: number, names: readonly string[]): Counters {
  const found: Record<string, number> = {};
  for (const [index, name] of names.entries())
    if (name !== '') found[name] = Number(bytes.readBigUInt64LE(at + 8 * index));
  return found;
}

/** A device's entry; undefined for one that is none. */
function parseDevice(bytes: Buffer): DeviceStats | 'damaged' | undefined {
  const end = bytes.indexOf(0);
  const name = bytes.toString('latin1', 0, end);
  const type = bytes.readUInt32LE(68);
  const kept = bytes.readUInt32LE(72);
  if (type !== 1 && type !== 2) return undefined;
  if (end > 67 || !/^[A-Za-z0-9]+$/.test(name)) return 'damaged';
  const source = kept === 1 ? 'tender' : kept === 2 ? 'interface' : kept === 4 ? 'calls' : 'none';
  const all = type === 2 ? NET : BLOCK;
  const known: readonly string[] =
    source === 'tender'
      ? all
      : source === 'interface'
        ? NET.slice(0, 5)
        : source === 'calls'
          ? BLOCK.map((counter) => (counter.endsWith('_errors') ? '' : counter))
          : [];
  return {
    name,
    type: type === 2 ? 'net' : 'block',
    source,
    counters: counters(bytes, 80, type === 2 && source === 'calls' ? [] : known),
  };
}
