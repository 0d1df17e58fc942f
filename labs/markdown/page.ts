// A page as a lab: each shell fence a part, the output fence that follows it what it is to print.
import { parse as parseYaml } from 'yaml';
import { ELLIPSIS } from '../runner/align.ts';
import { LabError, type Lab, type Part, type Recorded, type Recording } from '../runner/lab.ts';
import { MACHINE, PART_FORMS, parsePartMarker } from '../runner/options.ts';
import { linePattern, PlaceholderError } from '../runner/placeholders.ts';
import { blocksOf, type Block, type Fence } from './blocks.ts';
import { commandsOf, type Command } from './commands.ts';
import { readWords } from './words.ts';

/** Lines of the page that show what a part prints: those from line `from` to before line `to`, from 1. */
export interface Place {
  readonly from: number;
  readonly to: number;
  readonly margin: string;
  /** The mark of the fence they are in. */
  readonly fence: number;
}

export interface Skipped {
  readonly line: number;
  readonly reason: string;
}

export interface Page {
  readonly lab: Lab;
  readonly recording: Recording;
  /** By part, where the page shows what it prints. */
  readonly places: ReadonlyMap<string, Place>;
  /** Fences that say why they are not run. */
  readonly skipped: readonly Skipped[];
}

/** Of a fence with several commands each is a part; what is said of one of them cannot be said of all. */
const OF_ONE = /^(?:exit=.*|expect-fail|until|times=.*|restarts|ready=.*)$/;

/** What may stand behind the language of a fence, for messages. */
const FORMS = ['name=NAME', 'skip="REASON"', ...PART_FORMS.filter((form) => !form.startsWith('on='))];

/** Reads `source`, the page `file`. @throws LabError with the line that breaks the format. */
export function parsePage(file: string, source: string): Page {
  const fail = (line: number, what: string): never => {
    throw new LabError(`${file}:${line}: ${what}`);
  };
  const blocks = blocksOf(file, source);
  const parts: Part[] = [];
  const recording = new Map<string, Recorded>();
  const places = new Map<string, Place>();
  const skipped: Skipped[] = [];
  const outputs = new Set<Block>();
  for (const [index, block] of blocks.entries()) {
    if (block.kind !== 'fence' || outputs.has(block)) continue;
    const commands = commandsOf(block, fail);
    if (!commands) {
      if (block.language === 'output')
        fail(block.line, `this output follows no command; put it behind the fence of the one that prints it`);
      continue;
    }
    const words = readWords(block.meta, (what) => fail(block.line, what));
    const shown = outputAfter(blocks, index);
    if (shown) outputs.add(shown);
    if (words.skip !== undefined) {
      skipped.push({ line: block.line, reason: words.skip });
      continue;
    }
    const several = commands.length > 1;
    const single = several ? words.options.find((word) => OF_ONE.test(word)) : undefined;
    if (single !== undefined)
      fail(
        block.line,
        `'${single}' is about one command, and there are ${commands.length}; cut the fence in pieces`,
      );
    for (const [nth, command] of commands.entries()) {
      const given =
        words.name === undefined ? undefined : nth === 0 ? words.name : `${words.name}-${nth + 1}`;
      const name = given ?? `step-${parts.length + 1}`;
      if (parts.some((part) => part.name === name)) fail(command.line, `part '${name}' is there twice`);
      const root = command.root && !words.options.some((word) => word.startsWith('user='));
      const { options } = parsePartMarker(
        [name, ...words.options, ...(root ? ['user=root'] : [])].join(' '),
        (what) => fail(block.line, what),
        FORMS,
      );
      const last = nth === commands.length - 1;
      const place = placeOf(block, command) ?? (last && shown ? placeIn(shown) : undefined);
      const output = command.output?.text ?? (last && shown ? shown.lines.join('\n') : ELLIPSIS);
      if (place) {
        if (command.output && last && shown)
          fail(shown.line, `what '${name}' prints stands in its own fence already; keep one of them`);
        places.set(name, place);
        checkPlaceholders(output, place.from, fail);
      }
      if (options.on !== MACHINE)
        fail(block.line, `'on=${options.on}': a page has one machine; leave it out`);
      if (options.exit === 'failure' && !place)
        fail(block.line, `'expect-fail' says nothing without the message; show it in an output fence`);
      const exit = options.exit === 'failure' ? 1 : options.exit;
      // Where its shell goes is the reader's to see; no page says it.
      recording.set(name, { exit, output, endsIn: ELLIPSIS });
      parts.push({
        ...options,
        name,
        line: command.line,
        commands: command.text,
        ...(exit === 0 && !options.restarts && !options.ready ? { runs: watched(file, command) } : {}),
      });
    }
  }
  const lab: Lab = {
    id: file,
    file,
    title: titleOf(blocks) ?? file,
    // A page has as much time as all it asks for.
    budget: parts.reduce((sum, { budget }) => sum + budget, 0),
    machines: [MACHINE],
    parts,
  };
  return { lab, recording, places, skipped };
}

/** The fence with what the commands at `index` print: 'output' anywhere before the next command or heading, 'text' only as what comes next. */
function outputAfter(blocks: readonly Block[], index: number): Fence | undefined {
  for (const [nth, block] of blocks.slice(index + 1).entries()) {
    if (block.kind === 'heading') return undefined;
    if (block.kind !== 'fence') continue;
    if (block.language === 'output' || (block.language === 'text' && nth === 0)) return block;
    if (commandsOf(block, () => undefined as never)) return undefined;
  }
  return undefined;
}

function placeOf(fence: Fence, { output }: Command): Place | undefined {
  if (!output) return undefined;
  const top = fence.line + 1;
  return { from: top + output.from, to: top + output.to, margin: fence.margin, fence: fence.line };
}

function placeIn({ line, lines, margin }: Fence): Place {
  return { from: line + 1, to: line + 1 + lines.length, margin, fence: line };
}

function checkPlaceholders(output: string, line: number, fail: (line: number, what: string) => never): void {
  for (const [index, text] of output.split('\n').entries()) {
    try {
      linePattern(text);
    } catch (error) {
      if (!(error instanceof PlaceholderError)) throw error;
      fail(line + index, error.message);
    }
  }
}

/**
 * A reader who pastes several lines sees each of them fail; bash tells the status of the last only. So the first failure counts, and each is
 * told with its line on the page. What an `if`, `&&` or `||` asks for is no failure, as under `set -e`.
 */
function watched(file: string, { text, line }: Command): string {
  const where = `'${file.replaceAll("'", `'\\''`)}'`;
  return `lab_page=${where} lab_line=$LINENO lab_exit=
trap 'lab_last=$?; lab_exit=\${lab_exit:-$lab_last}; echo "$lab_page:$((LINENO - lab_line + ${line - 2})): ended with status $lab_last"' ERR
${text}
trap - ERR; (exit "\${lab_exit:-0}")`;
}

/** As the front matter says it, else the first heading. */
function titleOf(blocks: readonly Block[]): string | undefined {
  const [first] = blocks;
  if (first?.kind === 'other' && first.text !== '') {
    try {
      const data: unknown = parseYaml(first.text, { maxAliasCount: 0 });
      if (typeof data === 'object' && data !== null && 'title' in data && typeof data.title === 'string')
        return data.title;
    } catch {
      // Front matter is its renderer's to judge.
    }
  }
  const heading = blocks.find((block) => block.kind === 'heading');
  return heading?.kind === 'heading' ? heading.text : undefined;
}
