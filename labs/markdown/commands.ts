// A shell fence as commands: one piece that is run as a whole, or a transcript whose prompts say where each begins and who runs it.
import type { Fence } from './blocks.ts';

export interface Command {
  /** As a reader types it, without prompts. */
  readonly text: string;
  /** Line of its first line on the page. */
  readonly line: number;
  /** Behind a `#`: root runs it. */
  readonly root: boolean;
  /** What the transcript shows it to print; missing where it shows nothing. `lines` are of the fence, from 0. */
  readonly output?: { readonly text: string; readonly from: number; readonly to: number };
}

const SHELLS = new Set(['sh', 'bash', 'shell', 'zsh', 'shellscript']);
const CONSOLES = new Set(['console', 'shellsession', 'sh-session', 'terminal']);
const PLAIN = new Set(['', 'text', 'txt', 'plaintext']);
const PROMPT = /^([$#]) (.*)$/;

/** The commands of `fence`; undefined where it is none a reader would type. Calls `fail` with the line that is wrong, and why. */
export function commandsOf(
  fence: Fence,
  fail: (line: number, what: string) => never,
): readonly Command[] | undefined {
  const { language, lines, line } = fence;
  const first = lines.find((text) => text.trim() !== '') ?? '';
  // In a script a line that begins with '#' is a comment; so there only '$' tells that it is a transcript.
  const prompted = first.startsWith('$ ') && (SHELLS.has(language) || PLAIN.has(language));
  if (CONSOLES.has(language) || prompted) return transcript(lines, line + 1, fail);
  if (!SHELLS.has(language)) return undefined;
  const text = lines.join('\n').replace(/^(?:\s*\n)+|\s+$/g, '');
  if (text === '') return fail(line, 'the fence has no commands; remove it, or write some');
  return [{ text, line: line + 1 + lines.findIndex((one) => one.trim() !== ''), root: false }];
}

function transcript(
  lines: readonly string[],
  top: number,
  fail: (line: number, what: string) => never,
): Command[] {
  const commands: Command[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? '';
    const [, sign, text] = PROMPT.exec(line) ?? [];
    if (sign === undefined || text === undefined) {
      if (line.trim() !== '')
        fail(top + at, `'${line}' stands before the first prompt; begin with '$ ' or '# '`);
      at++;
      continue;
    }
    const typed = [text];
    const begin = at++;
    // As a shell shows it: '> ' in front of each further line; or a backslash at the end of the line before.
    while (at < lines.length) {
      const next = lines[at] ?? '';
      if (next.startsWith('> ') || next === '>') typed.push(next.slice(2));
      else if (typed.at(-1)?.endsWith('\\')) typed.push(next);
      else break;
      at++;
    }
    const from = at;
    while (at < lines.length && !PROMPT.test(lines[at] ?? '')) at++;
    let to = at;
    while (to > from && lines[to - 1]?.trim() === '') to--;
    commands.push({
      text: typed.join('\n'),
      line: top + begin,
      root: sign === '#',
      ...(to > from ? { output: { text: lines.slice(from, to).join('\n'), from, to } } : {}),
    });
  }
  if (commands.length === 0) fail(top - 1, `the fence has no prompt; begin each command with '$ ' or '# '`);
  return commands;
}
