// The pages as files: valid HTML, links that lead somewhere, every part of every lab shown on one of them.
import { expect, test } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { HtmlValidate } from 'html-validate';
import { join } from 'node:path';
import { readLabs } from '../../labs/runner/labs.ts';
import { resolvePath } from '../../scripts/site/files.ts';
import { handbookPart } from '../../src/lib/handbook-labs.ts';
import { siteFolder } from '../../scripts/site/build.ts';
import { pages } from './pages.ts';

const validator = new HtmlValidate({
  extends: ['html-validate:recommended'],
  rules: {
    // Starlight's and Expressive Code's own habits, none of which a reader meets.
    'void-style': 'off',
    'no-inline-style': 'off',
    'no-implicit-button-type': 'off',
    'valid-id': ['error', { relaxed: true }],
    'element-permitted-content': 'off',
    'no-redundant-role': 'off',
    'unique-landmark': 'off',
    'text-content': 'off',
    'long-title': 'off',
    'no-trailing-whitespace': 'off',
  },
});

const read = (path: string): string => readFileSync(join(siteFolder, path, 'index.html'), 'utf8');

for (const path of pages) {
  test(`${path} is valid HTML`, async () => {
    const report = await validator.validateString(read(path));
    const messages = report.results.flatMap(({ messages }) => messages);
    expect(messages.map(({ line, ruleId, message }) => `${line}: ${ruleId}: ${message}`)).toEqual([]);
  });

  test(`${path} links to nothing that is not there`, async () => {
    const hrefs = [...read(path).matchAll(/<a\b[^>]*\shref="([^"]*)"/g)].map(([, href = '']) => href);
    expect(hrefs.length).toBeGreaterThan(0);
    for (const href of hrefs) {
      const target = new URL(href, `http://handbook${path}`);
      expect(target.host, href).toBe('handbook');
      const found = await resolvePath(siteFolder, target.pathname);
      if (!('file' in found)) throw new Error(`${href} leads nowhere`);
      if (target.hash)
        expect(readFileSync(found.file, 'utf8'), href).toContain(`id="${target.hash.slice(1)}"`);
    }
  });
}

test('every part of every lab is on a page, with the evidence of its last run', async () => {
  const shown = new Map<string, string>();
  for (const path of pages) {
    const parts = read(path).matchAll(
      /data-lab="([^"]*)" data-part="([^"]*)"[\s\S]*?data-evidence="([^"]*)"/g,
    );
    for (const [, lab = '', part = '', evidence = ''] of parts) shown.set(`${lab}#${part}`, evidence);
  }
  const labs = await readLabs('labs');
  const expected = await Promise.all(
    labs.flatMap(({ lab }) =>
      lab.parts.map(async ({ name }): Promise<[string, string]> => {
        const { evidence } = await handbookPart('a test', lab.id, name);
        return [`${lab.id}#${name}`, evidence.state];
      }),
    ),
  );
  expect(expected.length).toBeGreaterThan(0);
  expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(expected));
});
