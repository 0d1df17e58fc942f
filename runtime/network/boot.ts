// That networks are there again after the host restarts: a unit of systemd's that runs `kittiwake net up`. It is there while there are networks.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NetworkError } from './errors.ts';
import type { Exec } from './exec.ts';
import { syncFolder } from './store.ts';
import { firstLine } from './host.ts';

export const UNIT = 'kittiwake-networks.service';

export interface Boot {
  /** Whether systemd runs this host. */
  readonly systemd: boolean;
  /** Where units of the administrator's lie. */
  readonly folder: string;
  /** The installed command; undefined where it is not installed, or where networks are remembered elsewhere than the unit would look. */
  readonly command: string | undefined;
}

/** The unit. Units of unikernels put `After=kittiwake-networks.service` in theirs. */
export function unitText(command: string): string {
  return `# Written by kittiwake net create, removed with the last network.
[Unit]
Description=Networks of unikernels
# nftables.service empties the ruleset when it starts and when it is reloaded: the networks' tables come after, again each time.
After=systemd-sysctl.service systemd-modules-load.service network.target nftables.service firewalld.service
Wants=network.target
Before=network-online.target
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${command} net up
ExecReload=${command} net up

[Install]
WantedBy=multi-user.target
`;
}

/** Where systemd finds, when the host starts, that the unit is wanted. */
function wants({ folder }: Boot): string {
  return join(folder, 'multi-user.target.wants');
}

function enabled(boot: Boot): boolean {
  return existsSync(join(wants(boot), UNIT));
}

/** What `systemctl enable` does, without its reading all units anew: on a slow host that takes longer than all else together. */
function enable(boot: Boot): void {
  mkdirSync(wants(boot), { recursive: true, mode: 0o755 });
  const link = join(wants(boot), UNIT);
  rmSync(link, { force: true });
  symlinkSync(join(boot.folder, UNIT), link);
  syncFolder(wants(boot));
}

/** Sees to it that networks come back. Returns what the person should know where they will not. */
export function persist(boot: Boot, exec: Exec): string[] {
  if (!boot.systemd)
    return [
      `networks do not survive a restart of the host, which has no systemd; let it run 'kittiwake net up' when it starts`,
    ];
  if (boot.command === undefined) return [];
  const path = join(boot.folder, UNIT);
  const text = unitText(boot.command);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (before === text && enabled(boot)) return [];
  if (before !== text) writeFileSync(path, text, { mode: 0o644, flush: true });
  // Of a unit that was there, systemd may remember what it said; one it has never seen it reads by itself.
  if (before !== undefined && before !== text) systemctl(exec, 'daemon-reload');
  systemctl(exec, 'start', '--no-block', UNIT);
  // At last: where it is enabled all of this has been done, also if a command was killed.
  if (!enabled(boot)) enable(boot);
  return [];
}

/** Takes the unit away, with the last network. */
export function forget(boot: Boot, exec: Exec): void {
  const path = join(boot.folder, UNIT);
  if (!boot.systemd || boot.command === undefined || !existsSync(path)) return;
  // Since the host started with it, or units were read anew, systemd remembers the unit for who wants it; else it forgets it as it ends.
  const { status, out } = exec('systemctl', ['show', '--property=WantedBy', '--value', UNIT]);
  systemctl(exec, 'disable', '--now', '--no-block', '--no-reload', UNIT);
  rmSync(path);
  if (status !== 0 || out.trim() !== '') systemctl(exec, 'daemon-reload');
}

function systemctl(exec: Exec, ...args: readonly string[]): void {
  const { status, err } = exec('systemctl', args);
  if (status !== 0)
    throw new NetworkError(
      'host',
      `systemctl ${args.join(' ')}: ${firstLine(err)}; mend that and run this again`,
    );
}
