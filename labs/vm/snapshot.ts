// A lab machine that has booted, with the runtime installed, frozen: what every lab starts from.
import { join } from 'node:path';
import { $ } from 'zx';
import type { Accelerator } from './accelerator.ts';
import { digestOf, layer } from './cache.ts';
import { VmError } from './errors.ts';
import { Qemu, type Hardware } from './qemu.ts';
import { shellWord } from './quote.ts';
import { rootfs } from './rootfs.ts';
import { Shell } from './shell.ts';

/** Booting takes 20 to 40 s where the processor is emulated. */
const BOOT_LIMIT_MS = 300_000;
const SAVE_LIMIT_MS = 120_000;

export interface Snapshot {
  /** Of everything the machine was made from. */
  readonly digest: string;
  readonly accelerator: Accelerator;
  /** QEMU's version. */
  readonly qemu: string;
  readonly hardware: Hardware & { readonly state: string };
}

/**
 * The snapshot with `runtime` (the tree that is unpacked to /usr/local) installed, built if it is not in the cache.
 * `progress` hears of each long step.
 */
export async function snapshot(
  runtime: string,
  accelerator: Accelerator,
  progress: (line: string) => void,
): Promise<Snapshot> {
  const base = await rootfs(progress);
  const version = (await $({ quiet: true })`qemu-system-x86_64 --version`).stdout.split('\n')[0] ?? '';
  const qemu = /version (\S+)/.exec(version)?.[1] ?? version;
  const code = await digestOf(import.meta.dirname);
  const digest = await digestOf(runtime, base.digest, accelerator.name, version, code);
  const folder = await layer('snapshot', digest, (target) =>
    build(target, runtime, { ...base, accelerator }, progress),
  );
  return {
    digest,
    accelerator,
    qemu,
    hardware: { ...files(folder), ...base, accelerator, disk: join(folder, 'disk.qcow2') },
  };
}

function files(folder: string): { runtime: string; state: string } {
  return { runtime: join(folder, 'runtime.tar'), state: join(folder, 'state') };
}

async function build(
  target: string,
  runtime: string,
  base: Omit<Hardware, 'runtime'>,
  progress: (line: string) => void,
): Promise<void> {
  const { state, runtime: tar } = files(target);
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
    const shell = new Shell(await machine.line('root'));
    await prepare(shell, machine);
    progress('lab VM: freezing it …');
    await save(machine, state);
  } finally {
    await machine.stop();
  }
}

/** What is done once, as root, before the machine is frozen. */
async function prepare(shell: Shell, machine: Qemu): Promise<void> {
  let said = '';
  const { exit } = await shell.run(
    `set -e
tar --extract --file=/dev/vdb --directory=/usr/local --no-same-owner
udevadm settle
systemctl is-system-running --wait || systemctl --failed
test -e /dev/net/tun
sync
echo 3 > /proc/sys/vm/drop_caches
set +e`,
    { timeoutMs: BOOT_LIMIT_MS, onOutput: (text) => (said = (said + text).slice(-4096)) },
  );
  if (exit === null || exit !== 0) {
    throw new VmError(`the lab VM did not become ready:\n${said}\n${await machine.console(2000)}`);
  }
  // The agent then waits for the greeting of whoever wakes the machine.
  await shell.run('exit', { timeoutMs: 10_000, onOutput: () => undefined });
}

/** Freezes the machine and writes its memory and devices to `file`. */
async function save(machine: Qemu, file: string): Promise<void> {
  await machine.control.run('stop');
  await machine.control.run('migrate-set-parameters', { 'max-bandwidth': 0 });
  await machine.control.run('migrate', { uri: `exec:cat > ${shellWord(file)}` });
  const end = performance.now() + SAVE_LIMIT_MS;
  for (;;) {
    const { status } = (await machine.control.run('query-migrate')) as { status?: string };
    if (status === 'completed') return;
    if (status === 'failed' || performance.now() > end) {
      throw new VmError(`the lab VM could not be frozen (${status}); is there space for its snapshot?`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Makes `disk` a copy-on-write copy of `base`. */
export async function overlay(base: string, disk: string): Promise<void> {
  await $({ quiet: true })`qemu-img create -q -f qcow2 -F qcow2 -b ${base} ${disk}`;
}
