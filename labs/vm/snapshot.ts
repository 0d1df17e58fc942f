// A lab machine that has booted, with the runtime installed, frozen: what every lab starts from.
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { $ } from 'zx';
import type { Accelerator } from './accelerator.ts';
import { digestOf, layer } from './cache.ts';
import { VmError } from './errors.ts';
import { readShells, save, writeShells } from './freeze.ts';
import { Qemu, type Agent, type Hardware } from './qemu.ts';
import { rootfs, type Rootfs } from './rootfs.ts';
import { Shell } from './shell.ts';
import { wake } from './wake.ts';

/** Booting takes 20 to 40 s where the processor is emulated. */
const BOOT_LIMIT_MS = 300_000;
/** Each of a machine's signs of life has so long to come once the system is up. */
const SIGN_LIMIT_MS = 30_000;

/** The shells of a machine that was frozen: the words by which each is taken up again. */
export type Shells = Readonly<Record<Agent, string>>;

export interface Snapshot {
  /** Of everything the machine was made from. */
  readonly digest: string;
  readonly accelerator: Accelerator;
  /** QEMU's version. */
  readonly qemu: string;
  /** It was frozen as it ran (freeze.ts), later than the one all labs begin with. */
  readonly frozen: boolean;
  /** How far its clock was ahead of the host's, in seconds, where a lab has set it. */
  readonly aheadS?: number;
  readonly shells: Shells;
  readonly hardware: Hardware & { readonly state: string };
}

/**
 * The snapshot with `runtime` (the tree that is unpacked to /usr/local) and more `packages` of Debian's installed, built if it is not in the cache.
 * `progress` hears of each long step.
 */
export async function snapshot(
  runtime: string,
  accelerator: Accelerator,
  progress: (line: string) => void,
  packages: readonly string[] = [],
): Promise<Snapshot> {
  return snapshotOn(
    await rootfs(progress, packages),
    await digestOf(import.meta.dirname),
    runtime,
    accelerator,
    progress,
  );
}

/** The same, on a root file system that is there. `code` is the digest of what makes it. */
export async function snapshotOn(
  base: Rootfs,
  code: string,
  runtime: string,
  accelerator: Accelerator,
  progress: (line: string) => void,
): Promise<Snapshot> {
  const version = (await $({ quiet: true })`qemu-system-x86_64 --version`).stdout.split('\n')[0] ?? '';
  const qemu = /version (\S+)/.exec(version)?.[1] ?? version;
  const digest = await digestOf(runtime, base.digest, accelerator.name, version, code);
  const folder = await layer('snapshot', digest, (target) =>
    build(target, runtime, { ...base, accelerator }, progress),
  );
  const { shells, ...made } = files(folder);
  return {
    digest,
    accelerator,
    qemu,
    frozen: false,
    shells: await readShells(shells),
    hardware: { ...made, ...base, accelerator, disk: join(folder, 'disk.qcow2') },
  };
}

function files(folder: string): { runtime: string; state: string; shells: string } {
  return {
    runtime: join(folder, 'runtime.tar'),
    state: join(folder, 'state'),
    shells: join(folder, 'shells.json'),
  };
}

async function build(
  target: string,
  runtime: string,
  base: Omit<Hardware, 'runtime'>,
  progress: (line: string) => void,
): Promise<void> {
  const { state, runtime: tar, shells } = files(target);
  // Names and times do not depend on who builds it, nor when.
  await $({
    quiet: true,
  })`tar --create --file ${tar} --owner=0 --group=0 --mtime=@0 --sort=name --directory ${runtime} .`;
  const disk = join(target, 'disk.qcow2');
  await overlay(base.disk, disk);
  progress(
    `lab VM: booting it once (${base.accelerator.name === 'kvm' ? 'a few seconds' : 'up to a minute'}) …`,
  );
  const machine = await Qemu.start({ ...base, disk, runtime: tar });
  try {
    const root = new Shell(await machine.line('root'));
    const operator = new Shell(await machine.line('operator'));
    const superuser = new Shell(await machine.line('superuser'));
    const resume = await machine.line('resume');
    await prepare({ root, operator, superuser }, resume, machine);
    progress('lab VM: freezing it …');
    await save(machine, state);
    await writeShells(shells, {
      root: root.nonce,
      operator: operator.nonce,
      superuser: superuser.nonce,
    });
  } finally {
    await machine.stop();
  }
}

/** What is done once, as root, before the machine is frozen. */
const PREPARATION = `set -e
tar --extract --file=/dev/vdb --directory=/usr/local --no-same-owner
# As each start of the machine does with what is installed.
systemd-sysusers
systemd-tmpfiles --create
udevadm settle
systemctl is-system-running --wait || systemctl --failed
test -e /dev/net/tun
# What networks need of the kernel. It would start a program for each that is first wanted, and nft its transaction again.
/sbin/modprobe --all bridge veth nft_chain_nat nft_fib_inet nft_ct nft_masq nft_nat
sync
echo 3 > /proc/sys/vm/drop_caches
# What most labs start is in memory again, and not read from the disk by each machine anew. What it says does not matter.
(cat /usr/local/lib/kittiwake/*.cjs; kittiwake doctor; kittiwake run hello.spt; sudo true; systemctl list-units
  curl --version; ping -V; ps; sed --version; awk 1; tar --version; diff --version; nc -h) < /dev/null > /dev/null 2>&1 || true
# Memory that is free holds what it held last. Full of zeros, it takes no room in a state, and no time.
mount -t tmpfs -o size=100% zeros /mnt
head -c "$(awk '/^MemFree:/ { print ($2 - 64 * 1024) * 1024 }' /proc/meminfo)" /dev/zero > /mnt/zeros
umount /mnt
set +e`;

/** Prepares the machine, and waits for each sign that it is ready: its system, its shells, and what wakes it. */
async function prepare(
  { root, operator, superuser }: Readonly<Record<Agent, Shell>>,
  resume: Duplex,
  machine: Qemu,
): Promise<void> {
  let said = '';
  const onOutput = (text: string): void => void (said = (said + text).slice(-4096));
  const answers = async (shell: Shell, commands: string, timeoutMs: number): Promise<void> => {
    const { exit } = await shell.run(commands, { timeoutMs, onOutput });
    if (exit !== 0) throw new VmError(exit === null ? 'no answer' : `exit status ${exit}`);
  };
  const signs: readonly (readonly [string, () => Promise<void>])[] = [
    ["the host's shell", () => answers(root, ':', BOOT_LIMIT_MS)],
    ['the system', () => answers(root, PREPARATION, BOOT_LIMIT_MS)],
    ["operator's shell", () => answers(operator, ':', SIGN_LIMIT_MS)],
    ["root's shell", () => answers(superuser, ':', SIGN_LIMIT_MS)],
    ['what wakes it', () => wake(resume, SIGN_LIMIT_MS)],
  ];
  for (const [sign, came] of signs) {
    await came().catch(async (error: unknown) => {
      const what = `the lab VM did not become ready: ${sign}: ${(error as Error).message}`;
      throw new VmError([what, said, await machine.console(4000)].join('\n'));
    });
  }
}

/** Makes `disk` a copy-on-write copy of `base`. */
export async function overlay(base: string, disk: string): Promise<void> {
  await $({ quiet: true })`qemu-img create -q -f qcow2 -F qcow2 -b ${base} ${disk}`;
}
