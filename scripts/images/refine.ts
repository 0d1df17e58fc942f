// wasm2c's output, made smaller and faster. It is text of one known version of wasm2c; what is not found there is an error, never a guess.
import { pack } from './pack.ts';

/** Data segments with at most this many bytes between them become one: memory is zero where no segment is. */
const GAP = 512;

/** Replaces every occurrence of `from`, of which there must be some. */
function replaceAll(source: string, from: RegExp, to: string): string {
  const result = source.replace(from, to);
  if (result === source)
    throw new Error(`the translated module has nothing like ${String(from)}; is this wasm2c 1.0.32?`);
  return result;
}

/**
 * Lets accesses of linear memory use its address, which is known when the image is linked, without checking bounds: linear memory is the
 * last thing in the guest's memory, and an address of WebAssembly is unsigned, so what lies out of bounds lies beyond the guest's memory.
 * There the processor refuses it. Loads whose result nobody uses may go.
 */
function fixMemory(source: string): string {
  const fixed = replaceAll(source, /&mem->data\[addr\]/g, '&linear_memory[addr]');
  return replaceAll(fixed, /^ *wasm_asm\("" ::"r"\(result\)\); *\\\n/gm, '');
}

interface Segment {
  readonly at: number;
  readonly bytes: readonly number[];
}

function merge(segments: readonly Segment[]): Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments.toSorted((a, b) => a.at - b.at)) {
    const last = merged.at(-1);
    const gap = last === undefined ? Infinity : segment.at - last.at - last.bytes.length;
    if (last === undefined || gap > GAP) merged.push(segment);
    else {
      const zeroes = Array<number>(gap).fill(0);
      merged[merged.length - 1] = { at: last.at, bytes: [...last.bytes, ...zeroes, ...segment.bytes] };
    }
  }
  return merged;
}

/** Few large packed data segments instead of one for each string: each costs 45 bytes of code besides its own. */
function mergeData(source: string): string {
  const arrays = new Map<string, number[]>();
  const declared = /^static const u8 data_segment_data_(\w+)\[\] = \{([^}]*)\};\n/gm;
  for (const [, name = '', list = ''] of source.matchAll(declared)) {
    arrays.set(name, (list.match(/0x[0-9a-f]+/g) ?? []).map(Number));
  }
  const used = /^ {2}LOAD_DATA\(instance->w2c_memory, (\d+)u, data_segment_data_(\w+), (\d+)\);\n/gm;
  const segments = [...source.matchAll(used)].map(([, at, name = '', size]) => {
    const bytes = arrays.get(name);
    if (bytes?.length !== Number(size))
      throw new Error(`the data segment ${name} is not ${String(size)} bytes long`);
    return { at: Number(at), bytes };
  });
  if (segments.length !== arrays.size)
    throw new Error('the translated module uses data segments in an unknown way');
  if (segments.length === 0) return source;
  const merged = merge(segments);
  const definitions = merged.map(
    ({ bytes }, i) => `static const u8 data_${String(i)}[] = {${pack(bytes).join()}};\n`,
  );
  const loads = merged.map(
    ({ at }, i) => `  unpack(&linear_memory[${String(at)}u], data_${String(i)}, sizeof data_${String(i)});\n`,
  );
  let first = true;
  const start = (text: string) => (): string => {
    const result = first ? text : '';
    first = false;
    return result;
  };
  const defined = source.replace(declared, start(definitions.join('')));
  first = true;
  return defined.replace(used, start(loads.join('')));
}

/** The module's C source as it is compiled. */
export function refine(source: string): string {
  return mergeData(fixMemory(source));
}
