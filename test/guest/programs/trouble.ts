// Does what its argument says, each of which must end as a trap that names the function it happened in.
import { commandLine } from '../../../runtime/libos/args/args';
import * as out from '../../../runtime/libos/log/line';

let depth = 0;
let zero = 0;

function wildLoad(): i32 {
  return load<i32>(0xfffffff0 + zero);
}

function wildStore(): i32 {
  store<i32>(0x7ffffff0 + zero, 1);
  return 0;
}

function divide(): i32 {
  return 1 / zero;
}

function overflow(): i32 {
  return (i32.MIN_VALUE + zero) / (zero - 1);
}

function unreachableCode(): i32 {
  unreachable();
  return 0;
}

function indexBeyond(): i32 {
  const list: i32[] = [1, 2, 3];
  return list[3 + zero];
}

function throwError(): i32 {
  if (zero == 0) throw new Error('on purpose');
  return 0;
}

function assertion(): i32 {
  assert(zero == 1);
  return 0;
}

function recurse(n: i32): i32 {
  depth++;
  return recurse(n + 1) + recurse(n + 2);
}

function exhaustMemory(): i32 {
  const keep: Uint8Array[] = [];
  while (true) keep.push(new Uint8Array(1 << 16));
  return keep.length;
}

/** Takes all the memory there is, page by page, and writes to each end of it. */
function useMemory(): i32 {
  while (memory.grow(1) >= 0) store<u8>((<usize>memory.size() << 16) - 1, 1);
  out.text('pages ');
  out.number(memory.size());
  out.end();
  return 0;
}

export function main(): i32 {
  const what = commandLine().rest();
  if (what == 'load') return wildLoad();
  if (what == 'store') return wildStore();
  if (what == 'divide') return divide();
  if (what == 'overflow') return overflow();
  if (what == 'unreachable') return unreachableCode();
  if (what == 'index') return indexBeyond();
  if (what == 'throw') return throwError();
  if (what == 'assert') return assertion();
  if (what == 'recurse') return recurse(0);
  if (what == 'exhaust') return exhaustMemory();
  if (what == 'memory') return useMemory();
  out.line('nothing to do');
  return 3;
}
