// Which block devices somebody began to fill and did not: between making a device and putting data on it a command can be killed.
import { open } from 'node:fs/promises';
import { dumpBlock } from '../../client/blocks.ts';
import type { Client } from '../../client/socket.ts';
import { formatName } from '../../protocol/name.ts';
import type { Observed } from './observed.ts';
import type { Wanted, WantedBlock } from './wanted.ts';

/**
 * Devices that hold the beginning of their contents, or nothing, and then only zeros. Writing the contents takes nothing from those. What else is on a
 * device is somebody's data. One that a unikernel has was filled before it got it.
 */
export async function unfilled(client: Client, wanted: Wanted, { blocks }: Observed): Promise<Set<string>> {
  const found = new Set<string>();
  for (const block of wanted.blocks) {
    const name = formatName(block.name);
    const there = blocks.get(name);
    if (there && !there.inUse && block.contents !== undefined && (await isUnfilled(client, block)))
      found.add(name);
  }
  return found;
}

async function isUnfilled(client: Client, { name, contents = '' }: WantedBlock): Promise<boolean> {
  await using file = await open(contents);
  let position = 0;
  let same = true;
  for await (const piece of dumpBlock(client, name)) {
    let at = 0;
    if (same) {
      const expected = Buffer.alloc(piece.length);
      const { bytesRead } = await file.read(expected, 0, piece.length, position);
      // Beyond its contents a device has zeros, as the buffer does.
      expected.fill(0, bytesRead);
      while (at < piece.length && piece[at] === expected[at]) at += 1;
      same = at === piece.length;
    }
    if (!same && piece.subarray(at).some((byte) => byte !== 0)) return false;
    position += piece.length;
  }
  return !same;
}
