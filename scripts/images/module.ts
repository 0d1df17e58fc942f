// AssemblyScript to WebAssembly to C, and the names of the module's functions for traps.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { root } from '../setup/root.ts';
import { refine } from './refine.ts';

/**
 * What images are compiled with. The minimal runtime never collects: managed memory is taken at set-up only and is needed to the end,
 * and without a collector's shadow stack an image is a tenth smaller.
 */
const OPTIONS = ['-O2', '--debug', '--runtime', 'minimal', '--use', 'abort=runtime/libos/guest/abort'];

/** Compiles the AssemblyScript `entry`, a path from the project's root, to `wasm`. */
export async function compileModule(entry: string, wasm: string, ...options: string[]): Promise<void> {
  const asc = join(root, 'node_modules', '.bin', 'asc');
  const { exitCode, stdall } = await $({
    quiet: true,
    nothrow: true,
    cwd: root,
  })`${asc} ${entry} --baseDir ${root} -o ${wasm} ${OPTIONS} ${options}`;
  if (exitCode !== 0) throw new Error(`${entry} does not compile:\n${stdall}`);
}

/** The module's functions by the C names wasm2c gives them. */
export type FunctionNames = ReadonlyMap<string, string>;

/** Translates `wasm` to `folder`/module.c and module.h. */
export async function translateModule(wasm: string, folder: string): Promise<FunctionNames> {
  const source = join(folder, 'module.c');
  await $({ quiet: true })`wasm2c ${wasm} -n image -o ${source}`;
  const translated = await readFile(source, 'utf8');
  await writeFile(source, refine(translated));
  const { imported, names } = readFunctionNames(await readFile(wasm));
  // wasm2c declares the module's own functions in the order of their indices.
  const declared = [...translated.matchAll(/^static \w+ (w2c_\w+)\(Z_image_instance_t\*.*\);$/gm)];
  return new Map(
    declared.map(([, c = ''], position) => [c, names.get(imported + position) ?? c.replace(/^w2c_/, '')]),
  );
}

/** What an image of the module `wasm` understands beyond Solo5, as names of abi.h: its support code, and it by what it imports. */
export async function featuresOf(wasm: string): Promise<readonly string[]> {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(await readFile(wasm)));
  const stops = imports.some(({ name }) => name === 'stop_requested');
  return ['FEATURE_NET_OFFLOAD', 'FEATURE_NOTICE', ...(stops ? ['FEATURE_STOP'] : [])];
}

/** Function names by index, from the name section (WebAssembly Core 2.0, appendix 7.4.1). */
function readFunctionNames(wasm: Uint8Array<ArrayBuffer>): { imported: number; names: Map<number, string> } {
  const module = new WebAssembly.Module(wasm);
  const imported = WebAssembly.Module.imports(module).filter(({ kind }) => kind === 'function').length;
  const names = new Map<number, string>();
  const [section] = WebAssembly.Module.customSections(module, 'name');
  const bytes = new Uint8Array(section ?? new ArrayBuffer(0));
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const end = number() + at;
    if (id === 1) {
      for (let left = number(); left > 0; left--) {
        const index = number();
        const size = number();
        names.set(index, new TextDecoder().decode(bytes.subarray(at, at + size)));
        at += size;
      }
    }
    at = end;
  }
  return { imported, names };
}
