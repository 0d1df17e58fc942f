// Fields of a snapshot's file, for tests that change them: runtime/tender/snapshot.h says where they are.

export const AT = {
  version: 8,
  target: 12,
  checksum: 16,
  memorySize: 24,
  kernelEnd: 32,
  segmentCount: 52,
  extentCount: 56,
  execHeap: 60,
  processor: 64,
  machineSize: 108,
  segments: 112,
  manifest: 3184,
  extents: 9848,
  machine: 42_624,
} as const;
const EXTENTS_MAX = 4096;
const MACHINE_MAX = 0x6000;
/** Where memory begins. */
export const MEMORY = 0x18000;

/** Offsets in the part of an spt guest. */
export const SPT = {
  epoll: AT.machine,
  descriptors: AT.machine + 8,
  monotonic: AT.machine + 272,
  xstate: AT.machine + 512,
} as const;

/** A copy of `snapshot` that `change` has changed, with a checksum that fits: of what is used, as far as there is room for it. */
export function forged(snapshot: Buffer, change: (head: Buffer) => void): Buffer {
  const copy = Buffer.from(snapshot);
  change(copy);
  const extents = Math.min(copy.readUInt32LE(AT.extentCount), EXTENTS_MAX);
  const machine = Math.min(copy.readUInt32LE(AT.machineSize), MACHINE_MAX);
  const parts = [
    [0, AT.checksum],
    [AT.memorySize, AT.extents + 8 * extents],
    [AT.machine, AT.machine + machine - (machine % 8)],
  ] as const;
  let sum = 0xcbf29ce484222325n;
  for (const [from, to] of parts)
    for (let at = from; at < to; at += 8)
      sum = ((sum ^ copy.readBigUInt64LE(at)) * 0x100000001b3n) & 0xffffffffffffffffn;
  copy.writeBigUInt64LE(sum, AT.checksum);
  return copy;
}
