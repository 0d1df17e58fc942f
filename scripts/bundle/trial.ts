// Tries a bundle where nothing of this machine is but its kernel: in a network namespace without an interface but loopback, in the lab VM's own
// file system, as an ordinary user, out of a folder that nobody may write to.
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { VM_FILES } from './carried/files.ts';
import { insideDisk } from './machine.ts';

/** Of the whole trial; a lab in an emulated machine takes most of it. */
const LIMIT = '15m';
const STICK = 'media/stick';
const DRIVER = 'trial.ts';
/** What the bundle brings itself and a plain Debian has not. */
const TAKEN_AWAY = /^lib(slirp|glib)[-.\d]/;

/** Run as root of new namespaces: builds what the trial sees from the folder $1 and the bundle $2, and runs the driver there, as nobody special. */
const JAIL = `set -e
root=$1 bundle=$2
mount --bind "$root" "$root"
mount --bind "$bundle" "$root/${STICK}"
mount -o remount,bind,ro "$root/${STICK}"
mount -t tmpfs none "$root/dev"
for device in null zero full random urandom; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t proc none "$root/proc"
mount -t tmpfs none "$root/tmp"
ip link set lo up
cd "$root"
pivot_root . mnt
cd /
umount --lazy /mnt
exec env -i PATH=/usr/bin:/bin HOME=/tmp unshare --user --map-user=1000 --map-group=1000 \\
  /${STICK}/runtime/lib/kittiwake/node --disable-warning=ExperimentalWarning /${DRIVER} /${STICK}`;

/** Tries the bundle in `folder`. @throws Error where anything of it does not do what it should; what that is has been printed. */
export async function tryBundle(folder: string): Promise<void> {
  await insideDisk(join(folder, 'vm', VM_FILES.rootfs), '/', async (root) => {
    const libraries = join(root, 'usr', 'lib', 'x86_64-linux-gnu');
    for (const name of await readdir(libraries)) if (TAKEN_AWAY.test(name)) await rm(join(libraries, name));
    await mkdir(join(root, STICK), { recursive: true });
    await copyFile(join(import.meta.dirname, 'trial', 'driver.ts'), join(root, DRIVER));
    const jail = [
      ...['timeout', LIMIT],
      ...['unshare', '--map-root-user', '--mount', '--net', '--pid', '--kill-child', '--fork'],
      ...['sh', '-c', JAIL, 'sh', root, folder],
    ];
    const { exitCode } = await $({ nothrow: true, stdio: ['ignore', 'inherit', 'inherit'] })`${jail}`;
    if (exitCode !== 0) throw new Error(`the trial of ${folder} failed (status ${exitCode}), see above`);
  });
}
