// Compiles an AssemblyScript entry of the tests and instantiates it in Node: the same WebAssembly an image is made from.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { compileModule } from '../../scripts/images/module.ts';
import { root } from '../../scripts/setup/root.ts';

/** What every module of the tests exports. */
export interface Module {
  readonly memory: WebAssembly.Memory;
  __new(size: number, id: number): number;
  __pin(pointer: number): number;
}

/** AssemblyScript's runtime id of strings. */
const STRING = 2;

/** Of all sources a module of the tests can be made from. */
async function digestSources(): Promise<string> {
  const hash = createHash('sha256');
  const files = ['package-lock.json', 'scripts/images/module.ts'];
  for (const folder of ['runtime/libos', 'test/libos']) {
    for (const file of await readdir(join(root, folder), { recursive: true })) {
      if (folder === 'runtime/libos' ? file.endsWith('.ts') : file.endsWith('.as.ts'))
        files.push(join(folder, file));
    }
  }
  for (const file of files.toSorted()) hash.update(`${file}\0`).update(await readFile(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}

/**
 * Compiles `entry`, a path from the project's root; instances of it share nothing. What was compiled stays in build/libos while the sources
 * are the same: most test files share an entry.
 */
export async function compileEntry(entry: string): Promise<WebAssembly.Module> {
  const folder = join(root, 'build', 'libos', await digestSources());
  const wasm = join(folder, `${entry.replaceAll('/', '-')}.wasm`);
  const compiled = await readFile(wasm).catch(() => undefined);
  if (compiled) return new WebAssembly.Module(compiled);
  await mkdir(folder, { recursive: true });
  const fresh = `${wasm}.${String(process.pid)}`;
  await compileModule(entry, fresh, '--exportRuntime');
  await rename(fresh, wasm); // whole, or not there
  return new WebAssembly.Module(await readFile(wasm));
}

/** An instance; `functions` take the place of imports called `guest.NAME`, `others` of whole modules. */
// Which exports it has only the caller knows.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
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
