// The root file system: Debian 12 by mmdebstrap, made a lab machine by customize.sh, and its kernel.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { digestOf, layer } from './cache.ts';
import { VmError } from './errors.ts';
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
  ],
];

export interface Rootfs {
  readonly digest: string;
  readonly kernel: string;
  readonly initrd: string;
  /** A qcow2 nobody writes to. */
  readonly disk: string;
}

/** The root file system, built if it is not in the cache. `progress` hears of each step. */
export async function rootfs(progress: (line: string) => void): Promise<Rootfs> {
  const digest = await digestOf(
    join(import.meta.dirname, 'root'),
    SUITE,
    DISK_SIZE,
    ...PACKAGES,
    await customizeDigest(),
  );
  const folder = await layer('rootfs', digest, (target) => build(target, progress));
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

async function build(target: string, progress: (line: string) => void): Promise<void> {
  // Not in the cache itself: without root, the builder is another user there, who may not enter a home folder.
  const work = await makeScratch('rootfs');
  try {
    await chmod(work, 0o711);
    const results = join(work, randomUUID());
    await mkdir(results);
    await chmod(results, 0o777);
    progress('lab VM: fetching and unpacking Debian 12 (a few minutes, once) …');
    await mmdebstrap(results);
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

async function mmdebstrap(results: string): Promise<void> {
  const here = import.meta.dirname;
  const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
  const hook = [join(here, 'customize.sh'), here, results, DISK_SIZE].map(quote);
  const child = spawn(
    'mmdebstrap',
    [
      ...['--variant=minbase', '--format=null', '--aptopt=APT::Install-Recommends "false"'],
      `--include=${PACKAGES.join(',')}`,
      `--customize-hook=${hook[0]} "$1" ${hook.slice(1).join(' ')}`,
      SUITE,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: tmpdir() } },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-8192)));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (status !== 0) {
    const last = said.trim().split('\n').slice(-12).join('\n');
    throw new VmError(
      `mmdebstrap could not build the lab VM:\n${last}\nIt needs Debian's mirror and 3 GB in ${tmpdir()}; without root also a range in /etc/subuid.`,
    );
  }
}
