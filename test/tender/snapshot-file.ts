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
  segments: 112,
  manifest: 3184,
  extents: 9848,
  machine: 42_624,
} as const;
const HEAD_SIZE = 67_200;
/** Where memory begins. */
export const MEMORY = 0x18000;

/** Offsets in the part of an spt guest. */
export const SPT = {
  epoll: AT.machine,
  descriptors: AT.machine + 8,
  monotonic: AT.machine + 272,
  xstate: AT.machine + 512,
} as const;

/** A copy of `snapshot` that `change` has changed, with a checksum that fits. */
export function forged(snapshot: Buffer, change: (head: Buffer) => void): Buffer {
  const copy = Buffer.from(snapshot);
  change(copy);
  let sum = 0xcbf29ce484222325n;
  for (let at = 0; at < HEAD_SIZE; at += 8)
    if (at !== AT.checksum) sum = ((sum ^ copy.readBigUInt64LE(at)) * 0x100000001b3n) & 0xffffffffffffffffn;
  copy.writeBigUInt64LE(sum, AT.checksum);
  return copy;
}
