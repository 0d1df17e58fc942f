// Payloads cut into pieces and put together again, slowly and plainly.

export interface Piece {
  readonly at: number;
  readonly more: boolean;
  readonly bytes: Buffer;
}

/** Cuts a payload into pieces of `size` bytes, a multiple of 8. */
export function cut(payload: Buffer, size: number): Piece[] {
  const count = Math.ceil(payload.length / size);
  return Array.from({ length: count }, (_, i) => ({
    at: i * size,
    more: i < count - 1,
    bytes: payload.subarray(i * size, (i + 1) * size),
  }));
}

/** RFC 8200, 4.5. */
export function fragmentHeader(next: number, at: number, more: boolean, id: number): Buffer {
  const header = Buffer.from([next, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16BE(at | Number(more), 2);
  header.writeUInt32BE(id, 4);
  return header;
}

/** What pieces with fragment headers of IPv6 make together; throws if they do not. */
export function whole(pieces: { header: Buffer; bytes: Buffer }[]): Buffer {
  let payload = Buffer.alloc(0);
  for (const [index, { header, bytes }] of pieces.entries()) {
    const field = header.readUInt16BE(2);
    if ((field & 0xfff8) !== payload.length) throw new Error(`a hole before ${payload.length}`);
    if ((field & 1) !== Number(index < pieces.length - 1))
      throw new Error('more or fewer pieces than announced');
    payload = Buffer.concat([payload, bytes]);
  }
  return payload;
}

/** The same in another order, always the same for a seed. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const keyed = items.map((item, index) => ({ item, key: Math.imul(index + 1, 2654435761 * seed) >>> 0 }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
