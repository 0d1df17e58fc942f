// Starting the host's programs: without a shell, with a time limit, by their names.
import { spawnSync } from 'node:child_process';
import { NetworkError } from './errors.ts';

export interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. The only way this folder touches the host's network, so a test can stand in for it. */
export type Exec = (program: string, args: readonly string[], input?: string) => Ended;

/** The Debian package of each program. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  sysctl: 'procps',
  dnsmasq: 'dnsmasq-base',
  flock: 'util-linux',
  id: 'coreutils',
  getent: 'libc-bin',
  kill: 'procps',
  systemctl: 'systemd',
  'systemd-run': 'systemd',
};

/** systemd on a slow, busy host takes its time. */
const LIMIT_MS = 180_000;
const OUTPUT_MAX = 64 << 20;

/** An ordinary user's PATH lacks the folders these programs lie in; messages are to be in one language. */
export const toolEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`,
  LC_ALL: 'C',
};

export function missingTool(program: string, error: Error): NetworkError {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
    return new NetworkError('host', `${program}: cannot be run (${error.message}); try it by hand`);
  const name = PACKAGES[program] ?? program;
  return new NetworkError('tools', `${program}: not installed; 'sudo apt-get install ${name}'`);
}

export const systemExec: Exec = (program, args, input = '') => {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    ...{ input, encoding: 'utf8', timeout: LIMIT_MS, maxBuffer: OUTPUT_MAX, env: toolEnvironment },
  });
  if (error) throw missingTool(program, error);
  return { status: status ?? 1, out: stdout, err: stderr };
};
