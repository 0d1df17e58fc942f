// No command reaches a page unless it is part of a lab, which CI runs, or says why it cannot be. An Expressive Code plugin.
import { definePlugin, type ExpressiveCodePlugin } from '@expressive-code/core';
import { LAB_META, partOfMeta } from './handbook-labs.ts';

const SHELLS = [
  'sh',
  'bash',
  'shell',
  'zsh',
  'console',
  'shellsession',
  'shellscript',
  'ansi',
  'powershell',
  'fish',
];

/** Fails the build at a shell block that is neither the commands of a lab's part nor marked with skip="reason". */
export function shellBlocks(): ExpressiveCodePlugin {
  return definePlugin({
    name: 'Shell blocks come from labs',
    hooks: {
      async preprocessMetadata({ codeBlock }) {
        if (!SHELLS.includes(codeBlock.language)) return;
        const where = codeBlock.parentDocument?.sourceFilePath ?? 'a component';
        const begin = codeBlock.code.split('\n')[0] ?? '';
        const named = codeBlock.metaOptions.getString(LAB_META);
        if (named !== undefined) {
          const part = await partOfMeta(named);
          if (part?.commands !== codeBlock.code) {
            throw new Error(
              `${where}: the shell block '${begin}' is not what ${LAB_META}="${named}" says; use <Lab>`,
            );
          }
        } else if ((codeBlock.metaOptions.getString('skip') ?? '').trim() === '') {
          throw new Error(
            `${where}: the shell block '${begin}' comes from no lab, so nothing proves it; put it into a lab and show it by <Lab>, or say why not: \`\`\`sh skip="reason"`,
          );
        }
      },
    },
  });
}
