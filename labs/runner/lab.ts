// A lab's script and its recording: the format of labs/README.md as parsed records. Pure; the site reads labs through it too.
import { createHash } from 'node:crypto';
import {
  endsWell,
  LAB_BUDGET,
  parseLabMarker,
  MACHINE,
  parseMachineMarker,
  parsePartMarker,
  parseRecordedMarker,
  parseSectionMarker,
  type PartOptions,
  type RecordedOptions,
} from './options.ts';
import { linePattern, PlaceholderError } from './placeholders.ts';

/** One named piece of a lab: what the reader runs and what must come of it. */
export interface Part extends PartOptions {
  readonly name: string;
  /** Line of the marker in the script, from 1. */
  readonly line: number;
  /** The commands as written, without the marker, without blank lines around them. */
  readonly commands: string;
  /** What runs in fact, where that is more than the commands. */
  readonly runs?: string;
  /** Why nothing goes red when the part is left out, where that is so. */
  readonly unchecked?: string;
}

export interface Lab {
  /** `<chapter>/<lab>`, the script's path under labs/ without `.sh`. */
  readonly id: string;
  /** The file it was read from, as messages name it. */
  readonly file: string;
  readonly title: string;
  /** The most its parts may take together, in seconds. */
  readonly budget: number;
  /** The machines it needs, by their host names; the first is `lab`. Two are joined by a link. */
  readonly machines: readonly string[];
  /** What is set up before the first part, and put back after the last one, or one that failed: none of the reader's steps. */
  readonly prepare?: Part;
  readonly restore?: Part;
  readonly parts: readonly Part[];
}

/** What a part printed, and how it ended, when it was recorded. */
export interface Recorded extends RecordedOptions {
  /** The output's lines joined by newlines, without a last newline. */
  readonly output: string;
}

/** Recorded output by part name, in the file's order. */
export type Recording = ReadonlyMap<string, Recorded>;

/** A lab or recording that does not follow the format; the message begins with `file:line`. */
export class LabError extends Error {
  override readonly name = 'LabError';
}

const MARKER = /^#:\s*(\S+)\s*(.*)$/;
/** An output line that looks like a marker, or like such a line escaped, has one more backslash in a recording. */
const ESCAPED = /^\\+#:/;

/**
 * Reads a lab script.
 * @param id `<chapter>/<lab>`, used in messages and results.
 * @throws LabError with the line that breaks the format.
 */
export function parseLab(id: string, source: string): Lab {
  const file = `labs/${id}.sh`;
  const lines = source.split('\n');
  const fail = (line: number, what: string): never => {
    throw new LabError(`${file}:${line}: ${what}`);
  };
  let title = '';
  let budget = LAB_BUDGET;
  let other: string | undefined;
  const parts: Part[] = [];
  const around: { prepare?: Part; restore?: Part } = {};
  let open: (Omit<Part, 'commands'> & { unchecked?: string; from: number; kind: string }) | undefined;
  const close = (end: number): void => {
    if (!open) return;
    const { from, kind, ...options } = open;
    const commands = lines
      .slice(from, end)
      .filter((text) => !MARKER.test(text))
      .join('\n')
      .replace(/^\s*\n|\s+$/g, '');
    if (commands === '') fail(options.line, `${kind} '${options.name}' has no commands`);
    const part = { ...options, commands };
    if (kind === 'part') parts.push(part);
    else around[kind as keyof typeof around] = part;
  };

  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    const failHere = (what: string): never => fail(line, what);
    const marker = MARKER.exec(text);
    if (!marker) {
      if (!open && text.trim() !== '' && !text.startsWith('#')) {
        fail(line, `a command before the first '#: part NAME' belongs to no part`);
      }
      continue;
    }
    const [, kind = '', rest = ''] = marker;
    if (kind === 'lab') {
      if (title !== '' || open) fail(line, `'#: lab' comes once, before the first part`);
      ({ title, budget } = parseLabMarker(rest, failHere));
    } else if (kind === 'machine') {
      if (other !== undefined || open) fail(line, `'#: machine' comes once, before the first part`);
      other = parseMachineMarker(rest, failHere);
    } else if (kind === 'part') {
      close(index);
      if (around.restore) fail(line, `'#: restore' comes last`);
      const { name, options } = parsePartMarker(rest, failHere);
      if (options.on !== MACHINE && options.on !== other)
        fail(line, `'on=${options.on}': no '#: machine ${options.on}' stands before the first part`);
      if (parts.some((part) => part.name === name)) fail(line, `part '${name}' is there twice`);
      open = { ...options, name, line, kind, from: index + 1 };
    } else if (kind === 'prepare' || kind === 'restore') {
      close(index);
      if (kind === 'prepare' && open) fail(line, `'#: prepare' comes once, before the first part`);
      if (around.restore) fail(line, `'#: restore' comes once, after the last part`);
      open = { ...parseSectionMarker(rest, failHere), name: kind, line, kind, from: index + 1 };
    } else if (kind === 'unchecked') {
      if (!open || rest.trim() === '') return fail(line, `'#: unchecked REASON' belongs into a part`);
      open.unchecked = rest.trim();
    } else {
      fail(
        line,
        `'#: ${kind}' is no marker; there are '#: lab TITLE', '#: machine NAME', '#: prepare', '#: part NAME', '#: unchecked REASON' and '#: restore'`,
      );
    }
  }
  close(lines.length);
  if (title === '') fail(1, `'#: lab TITLE' is missing`);
  if (parts.length === 0) fail(1, `the lab has no '#: part NAME'`);
  const taken = parts.find(({ name }) => name in around);
  if (taken) fail(taken.line, `part '${taken.name}' is called like the section of that name`);
  const machines = other === undefined ? [MACHINE] : [MACHINE, other];
  return { id, file, title, budget, machines, ...around, parts };
}

/**
 * Reads a recording.
 * @throws LabError with the line that breaks the format.
 */
export function parseRecording(id: string, source: string): Recording {
  const recording = new Map<string, Recorded>();
  let open: { name: string; recorded: RecordedOptions; lines: string[] } | undefined;
  const close = (): void => {
    if (open) recording.set(open.name, { ...open.recorded, output: open.lines.join('\n') });
  };
  for (const [index, text] of source.replace(/\n$/, '').split('\n').entries()) {
    const fail = (what: string): never => {
      throw new LabError(`labs/${id}.out:${index + 1}: ${what}`);
    };
    const marker = MARKER.exec(text);
    if (marker?.[1] === 'part') {
      close();
      const { name, recorded } = parseRecordedMarker(marker[2] ?? '', fail);
      if (recording.has(name)) fail(`part '${name}' is there twice`);
      open = { name, recorded, lines: [] };
    } else if (open) {
      open.lines.push(ESCAPED.test(text) ? text.slice(1) : text);
      try {
        linePattern(text);
      } catch (error) {
        if (!(error instanceof PlaceholderError)) throw error;
        fail(error.message);
      }
    } else if (text !== '') {
      fail(`output before the first '#: part NAME exit=N'`);
    }
  }
  close();
  return recording;
}

/**
 * Whether `recording` belongs to `lab` as it is now: nothing recorded of a part that is not there, no other exit status.
 * @throws LabError that names the part.
 */
export function checkRecording(lab: Lab, recording: Recording): void {
  const again = `; correct it, or record again: npm run labs -- --record ${lab.id}`;
  for (const [name, { exit, output }] of recording) {
    const part = lab.parts.find((one) => one.name === name);
    const fail = (what: string): never => {
      throw new LabError(`labs/${lab.id}.out: part '${name}' ${what}${again}`);
    };
    if (!part) return fail('is not in the script');
    if (!endsWell(part.exit, exit))
      fail(`has exit=${exit}, the script expects ${part.exit === 'failure' ? 'another than 0' : part.exit}`);
    if (part.exit === 'failure' && output === '') fail('is to fail with a message, and none is recorded');
  }
}

/** Writes a recording in the form `parseRecording` reads; the two are each other's inverse. */
export function formatRecording(recording: Recording): string {
  return [...recording]
    .map(([name, { exit, endsIn, output }]) => {
      const lines = output === '' ? [] : output.split('\n');
      return [
        `#: part ${name} exit=${exit}${endsIn === undefined ? '' : ` ends-in=${endsIn}`}`,
        ...lines.map((line) => (/^\\*#:/.test(line) ? `\\${line}` : line)),
      ];
    })
    .flat()
    .map((line) => `${line}\n`)
    .join('');
}

/**
 * What each part's result depends on: its own text and expectation and those of all parts before it. A result whose
 * digest differs was made before somebody edited the lab.
 */
export function partDigests(lab: Lab, recording: Recording): ReadonlyMap<string, string> {
  const digests = new Map<string, string>();
  const { prepare } = lab;
  let before = prepare ? JSON.stringify([prepare.commands, prepare.user, prepare.in]) : '';
  for (const part of lab.parts) {
    const expected = recording.get(part.name);
    const text = JSON.stringify([
      before,
      part.name,
      part.commands,
      part.exit,
      expected?.output ?? null,
      ...(part.until ? [part.times] : []),
      ...(part.user === 'root' ? ['root'] : []),
      ...(part.on === MACHINE ? [] : [part.on]),
      ...(part.in === undefined ? [] : [part.in]),
      ...(expected?.endsIn === undefined ? [] : [expected.endsIn]),
      ...(part.ready ? [String('port' in part.ready ? part.ready.port : part.ready.line)] : []),
    ]);
    before = createHash('sha256').update(text).digest('hex');
    digests.set(part.name, before);
  }
  return digests;
}
