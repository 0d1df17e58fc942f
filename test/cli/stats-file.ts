// The file a tender counts into, as runtime/tender/stats.h has it, for tests.

/** The file of a guest that ended with status 42, with a network and a block device. */
export function statsFile(target = 1): Buffer {
  const bytes = Buffer.alloc(496 + 64 * 192);
  bytes.write('KTWSTATS', 'latin1');
  for (const [at, value] of [
    [8, 1],
    [12, bytes.length],
    [16, target],
    [20, 3],
    [24, 100],
    [28, 101],
  ] as const)
    bytes.writeUInt32LE(value, at);
  for (const [at, value] of [
    [32, 4194304],
    [40, 1_000_000_000],
    [48, 3_000_000_000],
    [56, 1],
    [64, 42],
    [72, 17],
    [136 + 8 * 3, 5],
  ] as const)
    bytes.writeBigUInt64LE(BigInt(value), at);
  for (const [handle, name, type] of [
    [1, 'service', 2],
    [2, 'disk', 1],
  ] as const) {
    const at = 496 + handle * 192;
    bytes.write(name, at, 'latin1');
    bytes.writeUInt32LE(type, at + 68);
    bytes.writeUInt32LE(target === 1 ? 1 : type === 2 ? 2 : 0, at + 72);
    for (let i = 0; i < 10; i++) bytes.writeBigUInt64LE(BigInt(10 * handle + i), at + 80 + 8 * i);
  }
  return bytes;
}
