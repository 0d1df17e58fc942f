// What is done for each command about block devices. Data comes and goes while other commands are done; meanwhile nobody else may use the device.
import type { Command } from '../protocol/command.ts';
import { formatName, type Name } from '../protocol/name.ts';
import type { Success } from '../protocol/reply.ts';
import { inflated, type Blocks } from './blocks.ts';
import { Refusal } from './refusal.ts';
import { mayAddBlock, type Reach } from './resources.ts';
import type { Client } from './server.ts';
import { changed, userOf, within, type Block, type Table } from './table.ts';

type BlockCommand = Extract<Command, { kind: 'block' }>['value'];

/** Largest device that is dumped in one message. */
const WHOLE_MAX_MB = 64;

/** What the orchestrator lends. */
export interface Lent {
  readonly table: () => Promise<Table>;
  readonly setBlocks: (blocks: Table['blocks']) => void;
  readonly alone: <T>(action: () => Promise<T>) => Promise<T>;
  readonly reach: Reach;
}

async function* once(data: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield await Promise.resolve(data);
}

export class BlockCommands {
  readonly #blocks: Blocks;
  readonly #lent: Lent;
  /** Devices that are being written or read, by their canonical names. */
  readonly #busy = new Set<string>();

  constructor(blocks: Blocks, lent: Lent) {
    this.#blocks = blocks;
    this.#lent = lent;
  }

  /** Why a unikernel may not have the device `name` now. */
  busy(name: Name): string | undefined {
    return this.#busy.has(formatName(name))
      ? `block device ${formatName(name)}: its data is on its way; try again when that is done`
      : undefined;
  }

  async execute(name: Name, command: BlockCommand, client: Client | undefined): Promise<Success | undefined> {
    switch (command.kind) {
      case 'info': {
        const table = await this.#lent.table();
        const value = within(table.blocks, name).map((block) => ({
          name: block.name,
          size: block.size,
          inUse: userOf(table, block.name) !== undefined,
        }));
        return { kind: 'blocks', value };
      }
      case 'add':
        return this.#add(name, command.value);
      case 'addWithData': {
        const { size, compressed, data } = command.value;
        return this.#add(name, size, data && (compressed ? inflated(once(data)) : once(data)));
      }
      case 'remove':
        return this.#lent.alone(async () => {
          await this.#unused(name, 'remove block');
          const { blocks } = await this.#lent.table();
          await this.#blocks.remove(name);
          this.#lent.setBlocks(changed(blocks, formatName(name), undefined));
          return { kind: 'text', value: 'removed block' };
        });
      case 'setWithData':
        return this.#set(name, command.value.compressed, once(command.value.data));
      case 'set':
        if (!client) throw new Refusal('set block: there is no data');
        return this.#set(name, command.value, client.raw());
      case 'dumpWhole':
        return this.#using(name, 'dump block', async ({ size }) => {
          if (size > WHOLE_MAX_MB)
            throw new Refusal(`dump block: ${size} MB are too much for one message; ask for a stream`);
          const pieces: Uint8Array[] = [];
          for await (const piece of this.#blocks.read(name, command.value)) pieces.push(piece);
          const data = new Uint8Array(Buffer.concat(pieces));
          return { kind: 'blockData', value: { compressed: command.value > 0, data } };
        });
      case 'dump':
        if (!client) throw new Refusal('dump block: there is nobody to send it to');
        return this.#using(name, 'dump block', () => this.#dump(name, command.value, client));
    }
  }

  #add(name: Name, size: number, data?: AsyncIterable<Uint8Array>): Promise<Success> {
    return this.#lent.alone(async () => {
      if (name.label === undefined)
        throw new Refusal(`add block: ${formatName(name)} is a path; give a name`);
      if (size === 0) throw new Refusal('add block: a device has 1 MB at least');
      const table = await this.#lent.table();
      const cause = mayAddBlock(table, { name, size }, this.#lent.reach);
      if (cause !== undefined) throw new Refusal(cause);
      await this.#blocks.write({ name, size }, data);
      this.#lent.setBlocks(changed(table.blocks, formatName(name), { name, size }));
      return { kind: 'text', value: 'added block device' };
    });
  }

  #set(name: Name, compressed: boolean, data: AsyncIterable<Uint8Array>): Promise<Success> {
    return this.#using(name, 'set block', async (block) => {
      await this.#blocks.write(block, compressed ? inflated(data) : data);
      return { kind: 'text', value: 'set block device' };
    });
  }

  async #dump(name: Name, level: number, client: Client): Promise<undefined> {
    client.send({ kind: 'success', value: { kind: 'blockDump', value: level > 0 } });
    for await (const piece of this.#blocks.read(name, level)) {
      const value = { kind: 'piece', value: new Uint8Array(piece) } as const;
      if (!client.send({ kind: 'data', value: { kind: 'block', value } })) return undefined;
      await client.drained();
    }
    client.send({ kind: 'data', value: { kind: 'block', value: { kind: 'end' } } });
    return undefined;
  }

  /** Does `action` while nobody else has the device. */
  async #using<T>(name: Name, what: string, action: (block: Block) => Promise<T>): Promise<T> {
    const block = await this.#lent.alone(async () => {
      const found = await this.#unused(name, what);
      this.#busy.add(formatName(name));
      return found;
    });
    try {
      return await action(block);
    } finally {
      this.#busy.delete(formatName(name));
    }
  }

  async #unused(name: Name, what: string): Promise<Block> {
    const table = await this.#lent.table();
    const block = table.blocks.get(formatName(name));
    if (!block) throw new Refusal(`${what}: not found`);
    if (userOf(table, name) || this.#busy.has(formatName(name))) throw new Refusal(`${what}: is in use`);
    return block;
  }
}
