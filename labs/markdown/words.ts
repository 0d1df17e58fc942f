// What stands behind the language of a fence: options of labs, and words that are for whoever renders the page.

export interface Words {
  readonly name?: string;
  /** Why the fence is not run. */
  readonly skip?: string;
  /** The rest that is ours, as in a `#: part` line. */
  readonly options: readonly string[];
}

/** Attributes that renderers know, such as Expressive Code, Docusaurus, VitePress and mdBook. */
const RENDERED = new Set([
  ...[
    'title',
    'frame',
    'lang',
    'collapse',
    'ins',
    'del',
    'mark',
    'wrap',
    'nowrap',
    'icon',
    'filename',
    'file',
  ],
  ...[
    'showlinenumbers',
    'linenumbers',
    'startlinenumber',
    'hl_lines',
    'linenums',
    'copy',
    'theme',
    'tab',
    'group',
  ],
]);

/** A word, whose quotes and braces hold blanks. */
const WORD = /(?:[^\s"'{]|"[^"]*"|'[^']*'|\{[^}]*\})+/g;

/** Reads `meta`. Calls `fail` with what is wrong. */
export function readWords(meta: string, fail: (what: string) => never): Words {
  let name: string | undefined;
  let skip: string | undefined;
  const options: string[] = [];
  for (const [word] of meta.matchAll(WORD)) {
    const [, key = '', value] = /^([A-Za-z][\w-]*)(?:=(.*))?$/.exec(word) ?? [];
    if (key === 'skip') {
      skip = unquoted(value ?? '').trim();
      if (skip === '') fail(`'${word}' has no reason; write skip="why it cannot be run"`);
    } else if (key === 'name') name = unquoted(value ?? '');
    // A word that is no attribute marks lines or text for the renderer.
    else if (key !== '' && !RENDERED.has(key.toLowerCase())) options.push(word);
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(skip === undefined ? {} : { skip }),
    options,
  };
}

function unquoted(value: string): string {
  return /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value;
}
