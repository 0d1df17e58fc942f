// Paths as words of other programs' languages: a cache folder's name may hold anything.

/** One word for sh. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A value within one of QEMU's comma-separated options, where a doubled comma stands for one. */
export function optionValue(text: string): string {
  return text.replaceAll(',', ',,');
}
