// What the host is: its processor, devices, disk and programs.
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { release } from 'node:os';
import { arch, platform } from 'node:process';
import type { Exec } from '../../network/exec.ts';

/** Whether a device can be opened. */
export type Access = 'open' | 'missing' | 'forbidden';

/** What is known about KVM, in the words of whoever probed it. */
export interface KvmFact {
  readonly state: 'real' | 'emulating' | 'missing' | 'forbidden' | 'busy' | 'unsupported';
  readonly cause: string;
  readonly advice: string;
}

/** The installation, in the words of whoever knows where it lies. */
export interface InstallFact {
  readonly images: number;
  /** Prebuilt images that are missing or not as published. */
  readonly altered: readonly string[];
  /** What each program says of itself: `kittiwake-hvt` → `0.1.0`. */
  readonly versions: ReadonlyMap<string, string>;
  readonly usernet: boolean;
}

export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly kernel: string;
  /** The processor's virtualisation: the word in /proc/cpuinfo. */
  readonly virtualisation: 'vmx' | 'svm' | undefined;
  readonly tun: Access;
  /** Bytes that an ordinary user may still write where networks and images lie. */
  readonly free: number;
  readonly libslirp: boolean;
  readonly programs: ReadonlySet<string>;
}

/** What networks are made and looked at with, and what remedies may be for. */
const PROGRAMS = ['ip', 'nft', 'sysctl', 'ping', 'bridge', 'iptables', 'ip6tables', 'ufw', 'firewall-cmd'];

/** Prints those of its arguments that are programs. */
const INSTALLED = 'for name; do command -v -- "$name" >/dev/null && printf "%s\\n" "$name"; done';

export function readMachine(exec: Exec): Machine {
  const flags = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const { bavail, bsize } = statfsSync('/var/lib');
  return {
    ...{ platform, arch, kernel: release(), tun: accessTo('/dev/net/tun') },
    virtualisation: (['vmx', 'svm'] as const).find((word) => new RegExp(`\\b${word}\\b`).test(flags)),
    free: bavail * bsize,
    libslirp: exec('ldconfig', ['-p']).out.includes('libslirp.so.0'),
    programs: new Set(exec('sh', ['-c', INSTALLED, 'sh', ...PROGRAMS]).out.split('\n')),
  };
}

function accessTo(device: string): Access {
  if (!existsSync(device)) return 'missing';
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return 'open';
  } catch {
    return 'forbidden';
  }
}
