// How code blocks are rendered and checked. In a file of its own, since the <Code> component reads it too.
import { shellBlocks } from './src/lib/shell-blocks.ts';
import { wholeWords } from './src/lib/whole-words.ts';

export default {
  plugins: [shellBlocks(), wholeWords()],
  // What is typed wraps, so that all of it is seen; a picture of a terminal window around it says nothing.
  defaultProps: { wrap: true, overridesByLang: { 'sh,bash,console': { frame: 'none' } } },
  styleOverrides: {
    borderRadius: 'var(--kw-radius)',
    borderColor: 'var(--kw-hairline)',
    codeBackground: 'var(--kw-code)',
    codePaddingBlock: '0.75rem',
    codePaddingInline: '1rem',
  },
};
