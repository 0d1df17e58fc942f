// What the parts of a page printed, written back to where the page shows it; every other byte of the page stays.
import { LabError, type Recording } from '../runner/lab.ts';
import { parsePage, type Place } from './page.ts';

/**
 * `source`, the page `file`, with what `recording` has in the places that show it. What the page does not show is not added.
 * @throws LabError where a place cannot hold it: then nothing has been written.
 */
export function promote(file: string, source: string, recording: Recording): string {
  const page = parsePage(file, source);
  let text = source;
  // From the last to the first, so that the numbers of lines before stay what they are.
  for (const [name, place] of [...page.places].reverse()) {
    const next = recording.get(name);
    if (next === undefined || next.output === page.recording.get(name)?.output) continue;
    text = replaced(text, place, next.output);
    if (!shows(file, text, name, next.output))
      throw new LabError(
        `${file}:${place.fence}: what '${name}' prints cannot stand in this fence; give it a longer mark, or an output fence of its own`,
      );
  }
  return text;
}

function replaced(source: string, place: Place, output: string): string {
  const lines = source.split('\n');
  const end = lines[place.fence - 1]?.endsWith('\r') ? '\r' : '';
  const next = (output === '' ? [] : output.split('\n')).map((line) => marginOf(place, line) + line + end);
  lines.splice(place.from - 1, place.to - place.from, ...next);
  return lines.join('\n');
}

/** Whether the page `source` says that `name` prints `output`. Output may look like the end of its fence, or like a prompt. */
function shows(file: string, source: string, name: string, output: string): boolean {
  try {
    const { recording, places } = parsePage(file, source);
    return recording.get(name)?.output === output || (output === '' && !places.has(name));
  } catch (error) {
    if (error instanceof LabError) return false;
    throw error;
  }
}

/** A line without text has no blanks in front, as an editor leaves it. */
function marginOf({ margin }: Place, line: string): string {
  return line === '' ? margin.trimEnd() : margin;
}
