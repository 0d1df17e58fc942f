// The reference page of doctor lists every cause it can name, in its words, and each cause leads to a page that is there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CAUSES } from '../../runtime/doctor/causes.ts';
import { root } from '../../scripts/setup/root.ts';

const docs = join(root, 'src', 'content', 'docs');
const rows = Object.entries(CAUSES).map(
  ([name, { check, means, page }]) => `| \`${check}\` | [\`${name}\`](${page}) | ${means} |`,
);

test('the table of causes is whole', () => {
  const page = readFileSync(join(docs, 'reference', 'doctor.mdx'), 'utf8');
  const listed = page.split('\n').filter((line) => /^\| `[a-z_]+` \| \[`/.test(line));
  expect(listed).toEqual(rows);
});

test.each([...new Set(Object.values(CAUSES).map(({ page }) => page))])('%s is a page', (page) => {
  const path = join(docs, page);
  expect(existsSync(`${path.replace(/\/$/, '')}.mdx`) || existsSync(join(path, 'index.mdx'))).toBe(true);
});
