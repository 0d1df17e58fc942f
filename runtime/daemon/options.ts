// The daemon's command line.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const HELP = `Keep unikernels running on this host: start them, watch them, start them again,
and do what 'kittiwake create', 'ps', 'logs', 'stop' and others ask for.

Usage: kittiwaked [OPTIONS]

It needs root, for interfaces and KVM. Unikernels are processes of their own:
they run on when the daemon ends, however it does, and the next one finds them.

Options:
  --sockets FOLDER   where clients find it, by Albatross's names: vmmd.sock,
                     console.sock and stat.sock
                     (default: /run/albatross/util)
  --state FOLDER     what is to run, policies, images
                     (default: /var/lib/kittiwaked)
  --run FOLDER       what runs now; must be empty after the host's start
                     (default: /run/kittiwaked)
  --policies own     only the policy of a unikernel's own path limits it, as in
                     Albatross, and not those above as well
  --cgroup FOLDER    where each unikernel gets a control group (cgroup v2) of its
                     own, which limits its memory and CPU; it has to be
                     delegated (default: none)
  --stats-interval SECONDS
                     how often whoever asked for statistics is sent some
                     (default: 2)
  --help             show this text
  --version          show the version

Sockets that systemd has opened (kittiwaked.socket) are taken over. What happens
is written to standard error, a line each. SIGTERM and SIGINT end the daemon.

Examples:
  sudo systemctl enable --now kittiwaked.socket
  sudo kittiwaked
  kittiwaked --sockets /tmp/k --state /tmp/k/state --run /tmp/k/run
`;

/** Seconds. */
const INTERVAL_MAX = 86_400;

export interface Options {
  readonly sockets: string;
  readonly state: string;
  readonly run: string;
  readonly reach: 'ancestors' | 'own';
  /** Where control groups are made; undefined: nowhere. */
  readonly cgroup: string | undefined;
  /** Milliseconds from one sending of statistics to the next. */
  readonly statsMs: number;
}

/** @throws Error with one line about what makes no sense. */
export function parseOptions(args: readonly string[]): Options | 'help' | 'version' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sockets: { type: 'string', default: '/run/albatross/util' },
      state: { type: 'string', default: '/var/lib/kittiwaked' },
      run: { type: 'string', default: '/run/kittiwaked' },
      policies: { type: 'string', default: 'ancestors' },
      cgroup: { type: 'string' },
      'stats-interval': { type: 'string', default: '2' },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
  });
  if (values.help) return 'help';
  if (values.version) return 'version';
  const { sockets, state, run, policies, cgroup } = values;
  if (policies !== 'ancestors' && policies !== 'own')
    throw new Error(`option '--policies': '${policies}' is neither ancestors nor own`);
  const interval = values['stats-interval'];
  const seconds = Number(interval);
  if (!/^\d{1,5}$/.test(interval) || seconds < 1 || seconds > INTERVAL_MAX)
    throw new Error(`option '--stats-interval': '${interval}' is not a number from 1 to ${INTERVAL_MAX}`);
  // Tenders are started in another folder.
  const folders = { sockets: resolve(sockets), state: resolve(state), run: resolve(run) };
  return { ...folders, reach: policies, cgroup, statsMs: seconds * 1000 };
}
