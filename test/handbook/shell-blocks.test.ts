// No shell block reaches a page that is not part of a lab, or says why it cannot be.
import { ExpressiveCodeEngine } from '@expressive-code/core';
import { expect, test } from 'vitest';
import { shellBlocks } from '../../src/lib/shell-blocks.ts';

const engine = new ExpressiveCodeEngine({ plugins: [shellBlocks()], logger: { error: () => undefined } });
const render = (code: string, language: string, meta = ''): Promise<unknown> =>
  engine.render({ code, language, meta });

test.each(['sh', 'bash', 'console', 'shellsession', 'zsh', 'SH', 'Console'])(
  'a block of %s from nowhere fails the build',
  async (language) => {
    await expect(render('rm -rf /', language)).rejects.toThrow(
      /'rm -rf \/' comes from no lab.*skip="reason"/s,
    );
    await expect(render('rm -rf /', language, 'skip=""')).rejects.toThrow(/comes from no lab/);
  },
);

test('one that says why it is not run does not', async () => {
  await expect(render('reboot', 'sh', 'skip="it ends the machine"')).resolves.toBeDefined();
});

test.each(['', 'txt', 'text', 'plaintext'])(
  'a prompt in a block of %j is a shell block too',
  async (language) => {
    await expect(render('$ rm -rf /', language)).rejects.toThrow(/comes from no lab/);
    await expect(render('total: 5 $', language)).resolves.toBeDefined();
  },
);

test('other languages do not either', async () => {
  await expect(render('{}', 'json')).resolves.toBeDefined();
});

test('one that claims to be of a lab must be its part, byte for byte', async () => {
  await expect(render('kittiwake image list', 'sh', 'lab="hvt/hello#list"')).resolves.toBeDefined();
  await expect(render('kittiwake  images', 'sh', 'lab="hvt/hello#list"')).rejects.toThrow(
    /is not what lab="hvt\/hello#list" says/,
  );
  await expect(render('kittiwake image list', 'sh', 'lab="hvt/hello#none"')).rejects.toThrow(
    "lab 'hvt/hello' has no part 'none'",
  );
  await expect(render('kittiwake image list', 'sh', 'lab="no/lab#list"')).rejects.toThrow("no lab 'no/lab'");
});
