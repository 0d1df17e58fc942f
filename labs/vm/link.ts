// Two lab machines joined by a link: an interface link0 in each, down and without an address, and a wire between the two QEMUs.
import { VmError } from './errors.ts';
import type { Machine } from './machine.ts';

const LIMIT_MS = 60_000;

/** Joins two machines that run. Their interfaces are plugged in, so no snapshot has them. @throws VmError where that does not work */
export async function join(one: Machine, other: Machine): Promise<void> {
  const addr = { type: 'unix', path: one.qemu.path('link') };
  // Who listens comes first.
  for (const [index, { qemu }] of [one, other].entries()) {
    await qemu.control.run('netdev_add', { type: 'stream', id: 'link', server: index === 0, addr });
    await qemu.control.run('device_add', {
      ...{ driver: 'virtio-net-pci', netdev: 'link', bus: 'spare', romfile: '' },
      mac: `52:54:00:00:00:0${index + 1}`,
    });
  }
  await Promise.all(
    [one, other].map(({ root }) =>
      did(root.run('until test -e /sys/class/net/link0; do sleep 0.05; done', options), 'has no link0'),
    ),
  );
}

/** Gives a machine another host name than the snapshot's. */
export async function rename({ root }: Machine, name: string): Promise<void> {
  const script = `hostname ${name} && echo ${name} > /etc/hostname && sed -i 's/\\tlab$/\\t${name}/' /etc/hosts`;
  await did(root.run(script, options), `does not take the name ${name}`);
}

const options = { timeoutMs: LIMIT_MS, onOutput: () => undefined };

async function did(running: Promise<{ readonly exit: number | null }>, what: string): Promise<void> {
  const { exit } = await running;
  if (exit !== 0) throw new VmError(`a lab VM ${what} (exit status ${exit})`);
}
