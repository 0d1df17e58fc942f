// A guest that does everything it should not, one case a run: its command line says which. Both tenders get one.
import { assemble } from './assemble.ts';
import { guestElf, type Segment } from './guest-elf.ts';

/**
 * What becomes of a run: the process is killed by its filter; the guest faults and the tender says so in one line; either of these;
 * or the call fails or does no harm, and the guest goes on; or the processor decides which of a fault and that.
 */
export type Outcome = 'killed' | 'fault' | 'ends' | 'goes on' | 'either';

export interface Case {
  readonly what: string;
  /** Assembly, AT&T syntax; where it reaches its end, the guest goes on and ends with status 42. */
  readonly code: string;
  readonly outcome: Outcome;
}

/** The guest's data, its constants, and a segment it may not touch. */
export const [DATA, CONSTANTS, NOTHING] = [0x200000, 0x210000, 0x211000];
/** With --mem=4. */
export const MEMORY = 0x400000;

const SEGMENTS: readonly Segment[] = [
  { address: DATA, flags: 6, bytes: [0], memory: 0x10000 },
  { address: CONSTANTS, flags: 4, bytes: [0], memory: 0x1000 },
  { address: NOTHING, flags: 0, bytes: [0], memory: 0x1000 },
];

/** Three letters for a number below 4096, four bits each from 'a'. */
export function letters(number: number): string {
  return [8, 4, 0].map((shift) => String.fromCharCode(97 + ((number >> shift) & 15))).join('');
}

/** Reads three letters at `at`(%rbx) into %r15. */
const number = (at: number): string => `
  xor %r15d, %r15d
  .irp index, ${at}, ${at + 1}, ${at + 2}
  shl $4, %r15d
  movzbl \\index(%rbx), %eax
  lea -97(%r15, %rax), %r15d
  .endr`;

/**
 * The image: `before` runs first, with boot info in %rdi, and must leave it; then the case with the number its command line begins with.
 * `end` ends with the status in %edi.
 */
export function hostileGuest(
  target: 'hvt' | 'spt',
  cases: readonly Case[],
  { before, end }: { readonly before: string; readonly end: string },
  devices: readonly { readonly name: string; readonly type: number }[],
): Buffer {
  const code = assemble(`
  .set DATA, ${DATA}
  .set CONSTANTS, ${CONSTANTS}
  .set NOTHING, ${NOTHING}
  .set MEMORY, ${MEMORY}
  mov ${target === 'hvt' ? 24 : 16}(%rdi), %rbx
  ${before}
  ${number(0)}
  jmp *table(, %r15, 8)
survived:
  mov $42, %edi
end:
  ${end}
parameter: /* the number behind the case's own */
  ${number(3)}
  ret
table:
  ${cases.map((_, index) => `.quad case${index}`).join('\n')}
  ${cases.map(({ code: body }, index) => `case${index}:\n${body}\n  jmp survived`).join('\n')}`);
  return guestElf({ target, code, more: SEGMENTS, devices });
}

/**
 * Shell that runs the cases one after the other, each for at most `seconds`; a line for each: its words, its status, what was said.
 * Those that nobody listens to cost less: they end by signals or in silence.
 */
export function runCases(command: string, words: readonly string[], seconds: number, listen = true): string {
  const one = listen
    ? `said=$(timeout ${seconds} ${command} $words 2>&1 >/dev/null)\necho "$words $? $said"`
    : `${command} $words >/dev/null 2>&1\necho "$words $?"`;
  return `for words in ${words.map((word) => `'${word}'`).join(' ')}; do\n${one}\ndone 2>/dev/null`;
}

/** What came of each run: its words, and the outcome; anything that is none is given as it was. */
export function outcomes(out: string, program: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of out.trimEnd().split('\n')) {
    const [, words = line, status = '', said = ''] = /^([a-p]+) (\d+) ?(.*)$/.exec(line) ?? [];
    const faulted = new RegExp(`^${program}: guest fault: [ -~]+; report it to whoever made the image$`).test(
      said,
    );
    if (status === '159' && said === '') found.set(words, 'killed');
    else if (status === '255' && faulted) found.set(words, 'fault');
    else if (status === '42' && said === '') found.set(words, 'goes on');
    else found.set(words, `status ${status}: ${said}`);
  }
  return found;
}

/** The runs that did not come out as they should, as text. */
export function astray(
  expected: ReadonlyMap<string, readonly [what: string, outcome: Outcome]>,
  found: ReadonlyMap<string, string>,
): string[] {
  return [...expected].flatMap(([words, [what, outcome]]) => {
    const came = found.get(words) ?? 'did not run';
    const allowed = { ends: ['killed', 'fault'], either: ['fault', 'goes on'] }[outcome as string] ?? [
      outcome,
    ];
    const right = allowed.includes(came);
    return right ? [] : [`${what}: ${came}`];
  });
}
