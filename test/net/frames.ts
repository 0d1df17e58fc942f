// Frames by hand: a wire whose other end is this process, for what no kernel would send.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Namespace } from './namespace.ts';
import { wire } from './netem.ts';

export class Wire {
  readonly #link: ChildProcess;
  #pending = Buffer.alloc(0);
  readonly #received: Buffer[] = [];

  private constructor(link: ChildProcess) {
    this.#link = link;
    link.stdout?.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  /** A wire to the interface `name` of `namespace`: frames we send leave by it, frames that come in at it reach us. */
  static async to(namespace: Namespace, name: string): Promise<Wire> {
    return new Wire(await wire(namespace, ['stdio', `packet:${name}`]));
  }

  /** A wire to the tap `name` of `namespace`, held open as a tender does: what the host sends to the tap reaches us. */
  static async behind(namespace: Namespace, name: string): Promise<Wire> {
    return new Wire(await wire(namespace, ['stdio', `tap:${name}`]));
  }

  /** Sends `frames`; resolves once the link has room for more. */
  async send(frames: readonly Uint8Array[]): Promise<void> {
    const stdin = this.#link.stdin;
    if (!stdin || this.#link.exitCode !== null) throw new Error('the wire has gone');
    const parts = frames.flatMap((frame) => [Uint8Array.of(frame.length >> 8, frame.length & 255), frame]);
    if (!stdin.write(Buffer.concat(parts))) await once(stdin, 'drain');
  }

  /** Frames received since the last call that satisfy `match`, waiting until there are `count` or `limitMs` have passed. */
  async receive(match: (frame: Buffer) => boolean, count: number, limitMs = 2000): Promise<Buffer[]> {
    const found: Buffer[] = [];
    const late = AbortSignal.timeout(limitMs);
    for (;;) {
      found.push(...this.#received.splice(0).filter(match));
      if (found.length >= count || late.aborted) return found;
      await once(this.#link.stdout ?? this.#link, 'data', { signal: late }).catch(() => undefined);
    }
  }

  #take(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    let at = 0;
    while (this.#pending.length - at >= 2) {
      const size = this.#pending.readUInt16BE(at);
      if (this.#pending.length - at - 2 < size) break;
      this.#received.push(this.#pending.subarray(at + 2, at + 2 + size));
      at += 2 + size;
    }
    this.#pending = this.#pending.subarray(at);
  }
}
