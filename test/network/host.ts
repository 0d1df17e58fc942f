// A host to manage networks on: a network namespace with a way out, its state in a folder, and a picture of it to compare with.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { running } from '../../runtime/network/dhcp.ts';
import type { Exec } from '../../runtime/network/exec.ts';
import type { Surroundings } from '../../runtime/network/manager.ts';
import { folderStore, type Store } from '../../runtime/network/store.ts';
import { Namespace, noNamespaces } from '../net/namespace.ts';

function whyNoTools(): string | undefined {
  for (const [program, name] of [
    ['nft', 'nftables'],
    ['sysctl', 'procps'],
  ] as const) {
    if (spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${program}`]).status !== 0)
      return `${name} is not installed`;
  }
  return undefined;
}

/** Why DHCP cannot be tested here, for a test's title. */
export const noDnsmasq: string | undefined =
  spawnSync('dnsmasq', ['--version'], {
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  }).status === 0
    ? undefined
    : 'dnsmasq-base is not installed';

/** Why networks cannot be tested here, for a test's title. */
export const noHost: string | undefined = noNamespaces ?? whyNoTools();

/** The kill that a test gives a command: whatever had been done stays done. */
export class Killed extends Error {}

/** MAC addresses are made of a random seed: the same letter each for the same address. */
export function masked(picture: string): string {
  const seen = new Map<string, string>();
  return picture.replace(
    /\b(02|[0-9a-f]{2})(:[0-9a-f]{2}){5}\b|fe80::[0-9a-f:]+|0xfe80[0-9a-f]+|8000\.[0-9a-f:]+/g,
    (each) => {
      if (!seen.has(each)) seen.set(each, `‹${seen.size}›`);
      return seen.get(each) ?? '';
    },
  );
}

export class Host implements AsyncDisposable {
  readonly namespace: Namespace;
  /** What lies beyond the uplink: another host, at 192.0.2.2 and 2001:db8::2. */
  readonly outside: Namespace;
  readonly folder: string;

  private constructor(namespace: Namespace, outside: Namespace, folder: string) {
    this.namespace = namespace;
    this.outside = outside;
    this.folder = folder;
  }

  /** A host at 192.0.2.1 and 2001:db8::1 on `eth0`, with its default routes to the outside. */
  static async open(): Promise<Host> {
    const namespace = await Namespace.open();
    const outside = await namespace.another();
    // Addresses are there at once, not when their duplicates have been looked for.
    for (const each of [namespace, outside])
      await each.shell(`PATH=$PATH:/sbin sysctl -qw net.ipv6.conf.default.accept_dad=0
# As on a host where nothing has loaded br_netfilter.
sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 net.bridge.bridge-nf-call-arptables=0 || true`);
    await namespace.veth('eth0', '192.0.2.1/24', outside, 'eth0', '192.0.2.2/24');
    await namespace.shell(`ip addr add 2001:db8::1/64 dev eth0 nodad
ip route add default via 192.0.2.2
ip -6 route add default via 2001:db8::2`);
    await outside.shell('ip addr add 2001:db8::2/64 dev eth0 nodad');
    return new Host(namespace, outside, mkdtempSync(join(tmpdir(), 'kittiwake-host-')));
  }

  get exec(): Exec {
    return (program, args, input = '') => {
      // Nobody else is there for it to become.
      const more = program === 'dnsmasq' ? ['--user=', '--group='] : [];
      const [enter = '', ...rest] = this.namespace.enter([program, ...args, ...more]);
      const path = `${process.env['PATH']}:/usr/sbin:/sbin`;
      const { status, stdout, stderr } = spawnSync(enter, rest, {
        input,
        encoding: 'utf8',
        env: { ...process.env, PATH: path, LC_ALL: 'C' },
      });
      return { status: status ?? 1, out: stdout, err: stderr };
    };
  }

  get around(): Surroundings {
    return {
      ...{ store: folderStore(this.folder), exec: this.exec, dryRun: false, root: true },
      servers: { systemd: false, folder: this.folder },
      boot: { systemd: true, folder: this.folder, command: undefined },
    };
  }

  get dry(): Surroundings {
    return { ...this.around, dryRun: true };
  }

  /** Surroundings in which the process is killed before its `n`th write to the disk or change of the host. */
  killedAt(n: number): Surroundings {
    let left = n;
    const around = <Args extends readonly unknown[], Result>(action: (...args: Args) => Result) => {
      return (...args: Args): Result => {
        if (--left === 0) throw new Killed();
        return action(...args);
      };
    };
    const { store, exec } = this.around;
    const { write, remove, writeChanges } = store;
    const killing: Store = {
      ...store,
      write: around(write),
      remove: around(remove),
      writeChanges: around(writeChanges),
    };
    const changing = around(exec);
    const reads = (program: string, args: readonly string[]): boolean =>
      args[0] === '-j' || (program === 'sysctl' && args[0] === '-e') || program === 'getent';
    return {
      ...this.around,
      store: killing,
      exec: (program, args, input) => {
        if (reads(program, args)) return exec(program, args, input);
        // Each of what is done in one call by itself: the program may be killed in the middle, too.
        const each =
          program === 'ip' && args[0] === '-batch'
            ? (input ?? '')
                .trim()
                .split('\n')
                .map((line) => line.split(' '))
            : program === 'sysctl'
              ? args.slice(1).map((setting) => ['-w', setting])
              : [args];
        const ended = each.map((one) => changing(program, one, input));
        return ended.find(({ status }) => status !== 0) ?? { status: 0, out: '', err: '' };
      },
    };
  }

  /** Everything a network could leave behind, as the programs a person has show it. */
  async picture(): Promise<string> {
    const text = await this.namespace.shell(`export PATH=$PATH:/usr/sbin:/sbin
ip -d link; ip addr; ip route show table all; ip -6 route show table all; ip rule; ip neigh show dev lo
nft list ruleset
sysctl -a 2>/dev/null -r '^net\\.(ipv4|ipv6|bridge|netfilter)\\.' | grep -v -e nf_conntrack_count -e stable_secret -e fastopen_key`);
    // Numbers of interfaces count up and are nobody's; a route learned from a router runs down.
    return text
      .replace(/^\d+: /gm, '')
      .replace(/ (expires|valid_lft|preferred_lft) \w+/g, '')
      .replace(/_timer +[\d.]+| tso_max_size \d+|if\d+/g, '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.around.store.names()) {
      const server = running({ name }, this.around.servers);
      if (server) process.kill(server.pid, 'SIGKILL');
    }
    await this.namespace.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** Runs `action` with a kill at its first moment, its second, and so on, until it comes to its end; `check` after each kill. */
export async function killEverywhere(
  host: Host,
  action: (around: Host['around']) => unknown,
  check: (n: number) => Promise<void>,
): Promise<number> {
  for (let n = 1; ; n++) {
    try {
      action(host.killedAt(n));
      return n - 1;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    await check(n);
  }
}
