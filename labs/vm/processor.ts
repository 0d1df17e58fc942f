// A second processor for a machine that runs: what depends on having several is tried in it, and no other machine pays for it.
import { VmError } from './errors.ts';
import type { Machine } from './machine.ts';

const LIMIT_MS = 30_000;

interface Slot {
  readonly type: string;
  readonly props: Readonly<Record<string, number>>;
  /** Missing where there is no processor yet. */
  readonly 'qom-path'?: string;
}

/** Adds the processor there is room for. Whatever starts in the machine from then on may run on both. */
export async function addProcessor({ qemu, root }: Machine): Promise<void> {
  const slots = (await qemu.control.run('query-hotpluggable-cpus')) as readonly Slot[];
  const free = slots.find((slot) => slot['qom-path'] === undefined);
  if (free === undefined) throw new VmError('the lab VM has no room for another processor');
  await qemu.control.run('device_add', { driver: free.type, id: 'second', ...free.props });
  // The kernel finds it by itself, and leaves it switched off.
  const { exit } = await root.run(
    'until echo 1 > /sys/devices/system/cpu/cpu1/online; do sleep 0.05; done 2> /dev/null; test "$(nproc)" = 2',
    { timeoutMs: LIMIT_MS, onOutput: () => undefined },
  );
  if (exit !== 0) throw new VmError('the lab VM did not take its second processor into use');
}
