// C to a static ELF image.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import type { Abi } from './manifest.ts';
import type { FunctionNames } from './module.ts';
import { pack } from './pack.ts';
import { guestFolder, tenderFolder } from './paths.ts';

/** No function of a module may use more bytes of stack at once: less than a page, so that no call steps over what lies below the stack. */
const STACK_FRAME = 1000;
const STACK_SIZE = 256 * 1024;

const FLAGS = [
  ...['-std=c11', '-O2', '-ffunction-sections'],
  // Bare metal: no libc, no position independence, nothing below the stack pointer.
  ...[
    '-ffreestanding',
    '-fno-pic',
    '-mno-red-zone',
    '-fcf-protection=none',
    '-fno-asynchronous-unwind-tables',
  ],
  // Some processors that are emulated know no vector instructions; string.c must not be compiled into calls of itself.
  ...['-fno-tree-vectorize', '-fno-tree-loop-distribute-patterns'],
  // Traps name functions by walking the frames.
  ...['-fno-omit-frame-pointer', '-fno-optimize-sibling-calls'],
  ...['-fstack-protector-strong', '-mstack-protector-guard=global'],
  // What is out of bounds, and a stack that overflows, faults by where memory lies (refine.ts, start.S): nothing is checked or counted.
  ...['-DWASM_RT_MEMCHECK_SIGNAL_HANDLER=1', '-DWASM_RT_USE_STACK_DEPTH_COUNT=0'],
  ...[`-I${join(guestFolder, 'include')}`, `-I${guestFolder}`, `-I${tenderFolder}`, '-I.'],
];

/** Our own C: checked, and without SSE, which an interpreting KVM does not know. */
const SUPPORT_FLAGS = ['-Wall', '-Wextra', '-Werror', '-mgeneral-regs-only'];

/** wasm2c's output: warnings are not ours to mend; functions stay functions, so that traps name the right one. */
const MODULE_FLAGS = [
  // The smaller code is hardly slower: what is hot is the host's network.
  ...['-Os', '-include', 'wasm_rt.h'],
  `-Werror=frame-larger-than=${STACK_FRAME}`,
  ...['-fno-inline-functions', '-fno-inline-functions-called-once', '-fno-inline-small-functions'],
];

const LINK_FLAGS = [
  ...[
    '-static',
    '-nostdlib',
    '-no-pie',
    '-Wl,--build-id=none',
    '-Wl,-z,noexecstack',
    '-Wl,-z,max-page-size=0x1000',
  ],
  ...[`-Wl,-L,${guestFolder}`, `-Wl,-T,${join(guestFolder, 'image.ld')}`],
];

/** Compiles everything in `folder` (module.c, notes.c) with the support code and links it to `image`. */
export async function linkImage(
  folder: string,
  abi: Abi,
  names: FunctionNames,
  image: string,
): Promise<void> {
  const run = $({ quiet: true, cwd: folder });
  const platform = abi === 'hvt' ? ['hvt', 'ring'] : ['spt'];
  const support = ['guest', 'imports', 'wasm_rt', 'trap', 'string', 'random', ...platform];
  for (const name of support) {
    await run`gcc ${FLAGS} ${SUPPORT_FLAGS} -c ${join(guestFolder, `${name}.c`)} -o ${name}.o`;
  }
  await run`gcc -DSTACK_SIZE=${STACK_SIZE} -c ${join(guestFolder, 'start.S')} -o start.o`;
  await run`gcc ${FLAGS} ${MODULE_FLAGS} -c module.c -o module.o`;
  await run`gcc ${FLAGS} ${SUPPORT_FLAGS} -c notes.c -o notes.o`;
  const objects = ['start', ...support, 'module', 'notes', 'names'].map((name) => `${name}.o`);

  // The table of names lies behind the code, so linking once with an empty one tells the addresses for the real one.
  const link = async (table: string, output: string, ...flags: string[]): Promise<string> => {
    await writeFile(join(folder, 'names.c'), table);
    await run`gcc ${FLAGS} ${SUPPORT_FLAGS} -c names.c -o names.o`;
    await run`gcc ${LINK_FLAGS} ${flags} -o ${output} ${objects}`;
    return output;
  };
  const draft = await addresses(folder, await link(namesSource([]), 'draft'));
  const table = namesSource(draft.map(({ at, symbol }) => ({ at, name: nameOf(symbol, names) })));
  const whole = await addresses(folder, await link(table, 'whole'));
  if (JSON.stringify(draft) !== JSON.stringify(whole)) {
    throw new Error(`${image}: its code moved when the table of function names was filled`);
  }
  await link(table, image, '-s');
}

/** Bytes of the largest function the table has a number for. */
const LAST = 0xffff;

interface Symbol {
  readonly at: string;
  readonly symbol: string;
}

/** The functions of an executable, in ascending order of address. */
async function addresses(folder: string, executable: string): Promise<Symbol[]> {
  const { stdout } = await $({ quiet: true, cwd: folder })`nm -n --defined-only ${executable}`;
  return [...stdout.matchAll(/^0*([0-9a-f]+) [tT] (\S+)$/gm)].map(([, at = '', symbol = '']) => ({
    at,
    symbol,
  }));
}

/** The WebAssembly function behind a symbol; undefined for support code. gcc adds suffixes to parts it splits off. */
function nameOf(symbol: string, names: FunctionNames): string | undefined {
  return names.get(symbol.replace(/\.(constprop|part|isra|cold)\b.*$/, ''));
}

function namesSource(table: readonly { at: string; name: string | undefined }[]): string {
  const starts = table.map(({ at }) => parseInt(at, 16));
  // Support code ends the image's code, so that the last one may be of any size.
  const sizes = starts.map((at, i) => (starts[i + 1] ?? at + LAST) - at);
  if (sizes.some((size) => size > LAST))
    throw new Error('a function of the image is larger than 65535 bytes');
  const names = table.map(({ name }) => `${name?.replace(/^runtime\//, '') ?? ''}\0`).join('');
  return `/* Which function is where. */
#include "abi.h"
#include "trap.h"

const uint32_t functions_start = ${starts[0] ?? 0}, function_count = ${table.length};
const uint16_t function_sizes[] = {${sizes.join()}};
const uint8_t function_names_packed[] = {${pack([...Buffer.from(names)]).join()}};
const uint32_t function_names_size = sizeof function_names_packed;
uint8_t function_names[${names.length + 1}];

/* For readers of the image: where all of this lies. */
static const struct {
    struct note_header header;
    uint32_t count, packed_size;
    uint64_t start;
    const void *sizes, *packed;
} __attribute__((packed)) names_note __attribute__((used, section(".note.kittiwake.names"), aligned(4))) = {
    .header = {sizeof NOTE_OWN_NAME, 32, NOTE_NAMES_TYPE, NOTE_OWN_NAME},
    .count = ${table.length},
    .packed_size = sizeof function_names_packed,
    .start = ${starts[0] ?? 0},
    .sizes = function_sizes,
    .packed = function_names_packed,
};
`;
}
