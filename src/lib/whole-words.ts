// A browser breaks a line after a hyphen, which makes `-` and `l` of `-l`. Words with hyphens stay whole, on a page as in a terminal.
import { definePlugin, ExpressiveCodeAnnotation, type ExpressiveCodePlugin } from '@expressive-code/core';
import { h } from '@expressive-code/core/hast';

const WORD = /\S+/g;

/** Whether a browser would see a place to break in a word. */
const breaks = (word: string): boolean => word.length > 1 && word.includes('-');

/** The class of what is kept whole; src/styles/theme.css says how. */
const CLASS = 'whole';

/** Marks the words of HTML text that stay whole. */
export function keepWordsWhole(html: string): string {
  return html.replace(WORD, (word) => (breaks(word) ? `<span class="${CLASS}">${word}</span>` : word));
}

class WholeWord extends ExpressiveCodeAnnotation {
  override render({
    nodesToTransform,
  }: Parameters<ExpressiveCodeAnnotation['render']>[0]): ReturnType<ExpressiveCodeAnnotation['render']> {
    return nodesToTransform.map((node) => h(`span.${CLASS}`, node));
  }
}

/** The same for code blocks. */
export function wholeWords(): ExpressiveCodePlugin {
  return definePlugin({
    name: 'Words with hyphens stay whole',
    hooks: {
      postprocessAnnotations({ codeBlock }) {
        for (const line of codeBlock.getLines()) {
          for (const { index, 0: word } of line.text.matchAll(WORD)) {
            if (!breaks(word)) continue;
            const inlineRange = { columnStart: index, columnEnd: index + word.length };
            line.addAnnotation(new WholeWord({ inlineRange, renderPhase: 'latest' }));
          }
        }
      },
    },
  });
}
