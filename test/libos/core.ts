// Compiles core.as.ts and instantiates it in Node: the same WebAssembly an image is made from.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileModule } from '../../scripts/images/module.ts';

export interface Core {
  readonly memory: WebAssembly.Memory;
  readonly frame: { readonly value: number };
  readonly answer: { readonly value: number };
  open(address: number, gateway: number): number;
  receive(size: number): number;
  dropped(): number;
  checksum(size: number): number;
  ipv4(text: number): bigint;
  number(text: number, max: number): number;
  pages(): number;
  option(line: number, name: number): number;
  __new(size: number, id: number): number;
  __pin(pointer: number): number;
}

/** AssemblyScript's runtime id of strings. */
const STRING = 2;

export async function loadCore(): Promise<Core> {
  const folder = await mkdtemp(join(tmpdir(), 'kittiwake-libos-'));
  try {
    const wasm = join(folder, 'core.wasm');
    await compileModule('test/libos/core.as.ts', wasm, '--exportRuntime');
    const { instance } = await WebAssembly.instantiate(await readFile(wasm), {
      guest: {
        abort: (message: number, file: number, line: number) => {
          throw new Error(`abort ${message} ${file} line ${line}`);
        },
        console_write: () => undefined,
        arguments_size: () => 0,
        arguments_read: () => undefined,
      },
    });
    return instance.exports as unknown as Core;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A string in the module's memory. */
export function toModule(core: Core, text: string): number {
  const pointer = core.__pin(core.__new(text.length * 2, STRING));
  new Uint16Array(core.memory.buffer, pointer, text.length).set(Array.from(text, (c) => c.charCodeAt(0)));
  return pointer;
}

export function fromModule(core: Core, pointer: number): string {
  const size = new DataView(core.memory.buffer).getUint32(pointer - 4, true);
  return Buffer.from(core.memory.buffer, pointer, size).toString('utf16le');
}
