// Of the storm: one client that adds, fills and removes a block device, and what must be found of it after each kill.
import { expect } from 'vitest';
import { ClientError } from '../../runtime/client/socket.ts';
import type { Command } from '../../runtime/protocol/command.ts';
import { formatName, parseName } from '../../runtime/protocol/name.ts';
import type { DaemonHost } from './host.ts';

type BlockCommand = Extract<Command, { kind: 'block' }>['value'];

const DEVICE = ':disk';
const MB = 1 << 20;
const NONE = 'none';

/** A device of `size` MB with nothing but the byte `filled` in it. */
const holds = (size: number, filled: number): string => `${size} MB of ${filled}`;

export class BlockStorm {
  readonly #host: DaemonHost;
  /** What may be: more than one where nobody was told how the last request came out. */
  #known: readonly string[] = [NONE];

  constructor(host: DaemonHost) {
    this.#host = host;
  }

  /** Requests until the daemon is gone. Returns how many were acknowledged. */
  async client(choices: (bound: number) => number): Promise<number> {
    for (let acknowledged = 0; ; acknowledged += 1) {
      const [before] = this.#known;
      if (before === undefined || this.#known.length > 1) throw new Error(`not known: ${this.#known.join()}`);
      const [command, then] = this.#next(before, choices);
      this.#known = [before, then];
      try {
        await this.#ask(command);
        this.#known = [then];
      } catch (error) {
        if (!(error instanceof ClientError) || error.failure === 'refused') throw error;
        return acknowledged;
      }
    }
  }

  /** The device is as it was acknowledged: all of it. */
  async check(where: string): Promise<void> {
    const found = await this.#found();
    expect(this.#known, `block device ${where}`).toContain(found);
    this.#known = [found];
  }

  #next(before: string, choices: (bound: number) => number): [BlockCommand, string] {
    const filled = choices(256);
    const data = (size: number): Uint8Array => new Uint8Array(size * MB).fill(filled);
    if (before === NONE) {
      const size = 1 + choices(3);
      const command = { kind: 'addWithData', value: { size, compressed: false, data: data(size) } } as const;
      return [command, holds(size, filled)];
    }
    if (choices(3) === 0) return [{ kind: 'remove' }, NONE];
    const size = parseInt(before);
    const command = { kind: 'setWithData', value: { compressed: false, data: data(size) } } as const;
    return [command, holds(size, filled)];
  }

  async #found(): Promise<string> {
    const devices = await this.#ask({ kind: 'info' });
    if (devices.kind !== 'blocks') throw new Error(`answered with ${devices.kind}`);
    const [device] = devices.value;
    if (device === undefined) return NONE;
    expect(devices.value.map(({ name }) => formatName(name))).toEqual([DEVICE]);
    const dump = await this.#ask({ kind: 'dumpWhole', value: 0 });
    if (dump.kind !== 'blockData') throw new Error(`answered with ${dump.kind}`);
    const { data } = dump.value;
    expect(data).toHaveLength(device.size * MB);
    const filled = data[0] ?? -1;
    return data.every((byte) => byte === filled) ? holds(device.size, filled) : 'a device torn in two';
  }

  #ask(value: BlockCommand) {
    return this.#host.client.ask(parseName(DEVICE), { kind: 'block', value });
  }
}
