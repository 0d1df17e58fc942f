// Compiles an AssemblyScript entry of the tests and instantiates it in Node: the same WebAssembly an image is made from.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileModule } from '../../scripts/images/module.ts';

/** What every module of the tests exports. */
export interface Module {
  readonly memory: WebAssembly.Memory;
  __new(size: number, id: number): number;
  __pin(pointer: number): number;
}

/** AssemblyScript's runtime id of strings. */
const STRING = 2;

/** Compiles `entry`, a path from the project's root; instances of it share nothing. */
export async function compileEntry(entry: string): Promise<WebAssembly.Module> {
  const folder = await mkdtemp(join(tmpdir(), 'kittiwake-libos-'));
  try {
    const wasm = join(folder, 'module.wasm');
    await compileModule(entry, wasm, '--exportRuntime');
    return new WebAssembly.Module(await readFile(wasm));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An instance; `functions` take the place of imports called `guest.NAME`, `others` of whole modules. */
export function instantiate<T extends Module>(
  module: WebAssembly.Module,
  functions: WebAssembly.ModuleImports = {},
  others: WebAssembly.Imports = {},
): T {
  const instance = new WebAssembly.Instance(module, {
    guest: {
      abort: (message: number, file: number, line: number) => {
        const text = (pointer: number): string => (pointer === 0 ? '' : fromModule(exports, pointer));
        throw new Error(`abort: ${text(message)} at ${text(file)}:${line}`);
      },
      console_write: () => undefined,
      arguments_size: () => 0,
      arguments_read: () => undefined,
      ...functions,
    },
    ...others,
  });
  const exports = instance.exports as unknown as T;
  return exports;
}

/** A string in the module's memory. */
export function toModule(module: Module, text: string): number {
  const pointer = module.__pin(module.__new(text.length * 2, STRING));
  new Uint16Array(module.memory.buffer, pointer, text.length).set(Array.from(text, (c) => c.charCodeAt(0)));
  return pointer;
}

export function fromModule(module: Module, pointer: number): string {
  const size = new DataView(module.memory.buffer).getUint32(pointer - 4, true);
  return Buffer.from(module.memory.buffer, pointer, size).toString('utf16le');
}
