// Machine code of little guests from assembly, by the GNU assembler that comes with gcc.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CODE } from './guest-elf.ts';

/** The bytes of `source` (AT&T syntax), placed at CODE as the segment of code is. @throws Error with what the assembler says. */
export function assemble(source: string): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'kittiwake-assemble-'));
  try {
    const object = join(folder, 'code.o');
    const code = join(folder, 'code');
    tool('as', ['-o', object, '-'], source + '\n');
    tool('ld', ['-e', '0', `-Ttext=0x${CODE.toString(16)}`, '--oformat=binary', '-o', code, object]);
    return [...readFileSync(code)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function tool(program: string, args: readonly string[], input?: string): void {
  const { status, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
}
