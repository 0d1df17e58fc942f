// Texts as words of other programs' languages: a cache folder's name, or what a part runs, may hold anything.

/** One word for sh. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const CONTROL = /[\\'\u0000-\u001f\u007f]/g;

/** One word for bash, on one line, whatever the text has; but for NUL, which no word of a shell can hold. */
export function lineWord(text: string): string {
  const escaped = text.replaceAll('\0', '').replaceAll(CONTROL, (character) => {
    if (character === '\\' || character === "'") return `\\${character}`;
    if (character === '\n') return '\\n';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `$'${escaped}'`;
}

/** A value within one of QEMU's comma-separated options, where a doubled comma stands for one. */
export function optionValue(text: string): string {
  return text.replaceAll(',', ',,');
}
