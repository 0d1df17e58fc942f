// Two lab machines joined by a link: an interface link0 in each, down and without an address, and a wire between the two QEMUs.
import { readFile } from 'node:fs/promises';
import { VmError } from './errors.ts';
import type { Machine } from './machine.ts';
import { waitFor } from './wait.ts';

const LIMIT_MS = 60_000;

/** Joins two machines that run. Their interfaces are plugged in, so no snapshot has them. @throws VmError where that does not work */
export async function join(one: Machine, other: Machine): Promise<void> {
  await wire(one, other);
  for (const [index, { qemu }] of [one, other].entries())
    await qemu.control.run('device_add', {
      ...{ driver: 'virtio-net-pci', netdev: 'link', bus: 'spare', romfile: '' },
      mac: `52:54:00:00:00:0${index + 1}`,
    });
  await Promise.all(
    [one, other].map(({ root }) =>
      did(root.run('until test -e /sys/class/net/link0; do sleep 0.05; done', options), 'has no link0'),
    ),
  );
}

/**
 * Lays the wire between the two QEMUs, and waits until it has both its ends. Not before may anything be plugged into it: a machine that has just
 * gone on with a saved state tells all networks so, and QEMU 7.2 dies of a packet for a wire that nobody has taken the other end of.
 */
async function wire(one: Machine, other: Machine): Promise<void> {
  const addr = { type: 'unix', path: one.qemu.path('link') };
  const laid = Promise.all(
    [one, other].map(({ qemu }) => qemu.control.event('NETDEV_STREAM_CONNECTED', LIMIT_MS)),
  );
  laid.catch(() => undefined);
  await one.qemu.control.run('netdev_add', { type: 'stream', id: 'link', server: true, addr });
  // QEMU tells neither that it listens, nor that nobody did.
  await waitFor(() => listening(addr.path), LIMIT_MS);
  await other.qemu.control.run('netdev_add', { type: 'stream', id: 'link', server: false, addr });
  await laid;
}

/** @throws VmError while nobody listens at the Unix socket `path`; the kernel's list (unix(7)) has the flag of who does, SO_ACCEPTCON, in hexadecimal */
async function listening(path: string): Promise<void> {
  const sockets = (await readFile('/proc/net/unix', 'utf8')).split('\n');
  if (!sockets.some((line) => line.split(' ')[3] === '00010000' && line.endsWith(` ${path}`)))
    throw new VmError(`QEMU does not listen at ${path}`);
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
