// The root file system: Debian 12 by mmdebstrap, made a lab machine by customize.sh, and its kernel.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { digestOf, layer } from './cache.ts';
import { VmError } from './errors.ts';
import { shellWord } from './quote.ts';
import { makeScratch, removeScratch } from './scratch.ts';

const SUITE = 'bookworm';
/** Of the disk inside the machine; the file on the host is as large as what is in it. */
const DISK_SIZE = '3G';

const PACKAGES = [
  ...['systemd-sysv', 'dbus', 'udev', 'kmod', 'linux-image-cloud-amd64', 'initramfs-tools', 'lz4'],
  ...['sudo', 'procps', 'psmisc', 'less', 'nano', 'file', 'xxd', 'ca-certificates'],
  ...[
    'iproute2',
    'iputils-ping',
    'bridge-utils',
    'nftables',
    'curl',
    'bind9-dnsutils',
    'tcpdump',
    'netcat-openbsd',
    'libslirp0',
  ],
  // What unikernels talk to: a DHCP server that also announces IPv6 prefixes, a syslog server, multicast DNS.
  ...['dnsmasq-base', 'rsyslog', 'avahi-daemon', 'libnss-mdns'],
];

export interface Rootfs {
  readonly digest: string;
  readonly kernel: string;
  readonly initrd: string;
  /** A qcow2 nobody writes to. */
  readonly disk: string;
}

/** The root file system, with `more` packages of Debian's, built if it is not in the cache. `progress` hears of each step. */
export async function rootfs(
  progress: (line: string) => void,
  more: readonly string[] = [],
): Promise<Rootfs> {
  const packages = [...PACKAGES, ...more];
  const digest = await digestOf(
    join(import.meta.dirname, 'root'),
    SUITE,
    DISK_SIZE,
    ...packages,
    await customizeDigest(),
  );
  const folder = await layer('rootfs', digest, (target) => build(target, packages, progress));
  return {
    digest,
    kernel: join(folder, 'vmlinuz'),
    initrd: join(folder, 'initrd'),
    disk: join(folder, 'disk.qcow2'),
  };
}

async function customizeDigest(): Promise<string> {
  const { stdout } = await $({ quiet: true })`sha256sum < ${join(import.meta.dirname, 'customize.sh')}`;
  return stdout;
}

async function build(
  target: string,
  packages: readonly string[],
  progress: (line: string) => void,
): Promise<void> {
  // Not in the cache itself: without root, the builder is another user there, who may not enter a home folder.
  const work = await makeScratch('rootfs');
  try {
    await chmod(work, 0o711);
    const results = join(work, randomUUID());
    await mkdir(results);
    await chmod(results, 0o777);
    progress('lab VM: fetching and unpacking Debian 12 (a few minutes, once) …');
    await mmdebstrap(packages, results, join(work, 'log'));
    progress('lab VM: writing its disk …');
    for (const name of ['vmlinuz', 'initrd'])
      await $({ quiet: true })`cp ${join(results, name)} ${join(target, name)}`;
    const draft = join(target, 'disk.qcow2.next');
    await $({ quiet: true })`qemu-img convert -f raw -O qcow2 ${join(results, 'disk.raw')} ${draft}`;
    await rename(draft, join(target, 'disk.qcow2'));
  } finally {
    await removeScratch(work);
  }
}

async function mmdebstrap(packages: readonly string[], results: string, log: string): Promise<void> {
  const here = import.meta.dirname;
  const hook = [join(here, 'customize.sh'), here, results, DISK_SIZE].map(shellWord);
  const command = [
    // As root it mounts /proc and the like into the tree; here nobody else sees them, and none outlives it.
    ...(process.getuid?.() === 0 ? ['unshare', '--mount'] : []),
    ...['mmdebstrap', '--variant=minbase', '--format=null', '--aptopt=APT::Install-Recommends "false"'],
    `--include=${packages.join(',')}`,
    `--customize-hook=${hook[0]} "$1" ${hook.slice(1).join(' ')}`,
    SUITE,
  ];
  // A file, since a pipe would be gone with this process, and mmdebstrap with the pipe, before it has cleaned up.
  const stderr = await open(log, 'w+');
  // A process group, since mmdebstrap ends in order when all of it is told to, as by Ctrl-C.
  const child = spawn('/usr/bin/env', command, {
    detached: true,
    stdio: ['ignore', 'ignore', stderr.fd],
    env: { ...process.env, TMPDIR: tmpdir() },
  });
  const end = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  };
  process.once('exit', end);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  process.off('exit', end);
  await stderr.close();
  if (status !== 0) {
    const last = (await readFile(log, 'utf8')).trim().split('\n').slice(-12).join('\n');
    throw new VmError(
      `mmdebstrap could not build the lab VM:\n${last}\nIt needs Debian's mirror and 3 GB in ${tmpdir()}; without root also a range in /etc/subuid.`,
    );
  }
}
