// No command reaches a page unless it is part of a lab, which CI runs, or says why it cannot be. An Expressive Code plugin.
import { definePlugin, type ExpressiveCodePlugin } from '@expressive-code/core';
import { handbookCommands } from './handbook-labs.ts';

/** The attribute of a code block that names the part it shows, as `lab="hvt/hello#run"`. */
export const LAB_META = 'lab';

const SHELLS = new Set([
  ...['sh', 'bash', 'zsh', 'fish', 'shell', 'shellscript', 'console', 'shellsession', 'terminal', 'ansi'],
  ...['powershell', 'ps1', 'bat', 'cmd'],
]);

/** Commands behind a prompt, in a block that calls itself something else or nothing. */
const PROMPT = /^\s*[$#%>] \S/;

/** Languages in which a line may begin like a prompt and mean something else. */
const PLAIN = new Set(['', 'plaintext', 'text', 'txt', 'plain']);

/** Whether the reader would take a block for something to type. */
function isShell(language: string, code: string): boolean {
  return SHELLS.has(language) || (PLAIN.has(language) && PROMPT.test(code));
}

/** Fails the build at a shell block that is neither the commands of a lab's part nor marked with skip="reason". */
export function shellBlocks(): ExpressiveCodePlugin {
  return definePlugin({
    name: 'Shell blocks come from labs',
    hooks: {
      async preprocessMetadata({ codeBlock }) {
        if (!isShell(codeBlock.language.toLowerCase(), codeBlock.code)) return;
        const where = codeBlock.parentDocument?.sourceFilePath ?? 'a component';
        const begin = codeBlock.code.split('\n')[0] ?? '';
        const named = codeBlock.metaOptions.getString(LAB_META);
        if (named !== undefined) {
          const [id = '', name = ''] = named.split('#');
          if ((await handbookCommands(where, id, name)) !== codeBlock.code) {
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
