// How code blocks are rendered and checked. In a file of its own, since the <Code> component reads it too.
import { shellBlocks } from './src/lib/shell-blocks.ts';

export default {
  plugins: [shellBlocks()],
  defaultProps: { wrap: true },
  styleOverrides: { borderRadius: '0.4rem' },
};
