// The pages as files: valid HTML, links that lead somewhere, every part of every lab shown on one of them.
import { existsSync, readFileSync } from 'node:fs';
import { HtmlValidate } from 'html-validate';
import { join } from 'node:path';
import { readLabs } from '../../labs/runner/labs.ts';
import { pages, siteFolder } from './pages.ts';
import { expect, test } from './watch.ts';

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

  test(`${path} links to nothing that is not there`, () => {
    const hrefs = [...read(path).matchAll(/<a\b[^>]*\shref="([^"]*)"/g)].map(([, href = '']) => href);
    expect(hrefs.length).toBeGreaterThan(0);
    for (const href of hrefs) {
      const target = new URL(href, `http://handbook${path}`);
      expect(target.host, href).toBe('handbook');
      const file = join(siteFolder, target.pathname, 'index.html');
      expect(existsSync(file), `${href} leads to a page`).toBe(true);
      if (target.hash) expect(readFileSync(file, 'utf8'), href).toContain(`id="${target.hash.slice(1)}"`);
    }
  });
}

test('every part of every lab is on a page, once, and verified', async () => {
  const all = pages.map(read).join('\n');
  const labs = await readLabs(join(import.meta.dirname, '..', '..', 'labs'));
  const parts = labs.flatMap(({ lab }) =>
    lab.parts.map(({ name }) => `data-lab="${lab.id}" data-part="${name}"`),
  );
  expect(parts.length).toBeGreaterThan(0);
  for (const part of parts) expect(all.split(part).length - 1, part).toBe(1);
  expect([...all.matchAll(/data-evidence="(\w+)"/g)].map(([, state]) => state)).toEqual(
    parts.map(() => 'passed'),
  );
});
