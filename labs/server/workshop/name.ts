// What attendees call themselves. The presenter reads it beside others, so it is nothing but a name.
import { NAME_MAX } from './protocol.ts';

/** Letters of any script with their marks, digits, and what stands between names. No control, no change of direction, no picture. */
const NAME = /^[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd} .'’-]*$/u;
/** No script needs more on one letter; more of them climb over the lines above. */
const PILED = /\p{M}{4}/u;

/** The name in `text`, its spaces tidied, in normal form C; undefined where it is none. */
export function nameOf(text: string): string | undefined {
  const name = text.normalize('NFC').replaceAll(/ +/g, ' ').trim();
  if (Array.from(name).length > NAME_MAX || !NAME.test(name) || PILED.test(name)) return undefined;
  return name;
}

/** `name`, with a number behind it where somebody has it already, in whatever letters. */
export function distinct(name: string, taken: readonly string[]): string {
  const same = (text: string): string => text.normalize('NFKC').toLowerCase();
  const all = new Set(taken.map(same));
  if (!all.has(same(name))) return name;
  for (let number = 2; ; number++) {
    const end = ` ${number}`;
    const numbered = `${Array.from(name)
      .slice(0, NAME_MAX - end.length)
      .join('')
      .trimEnd()}${end}`;
    if (!all.has(same(numbered))) return numbered;
  }
}
