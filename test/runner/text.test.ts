// Pages, labs and recordings are UTF-8, come back as they were, and are replaced as a whole.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LabError } from '../../labs/runner/lab.ts';
import { readLabs } from '../../labs/runner/labs.ts';
import { readText, writeWhole } from '../../labs/runner/text.ts';

const folder = mkdtempSync(join(tmpdir(), 'kittiwake-text-'));
const file = join(folder, 'text');
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['', undefined],
  ['\ufeffgr\u00fc\u00dfe \ufffd\r\n', undefined],
  [[0x0a, 0x61, 0xe4], 2],
  [[0xc3, 0x0a, 0xa4], 1],
  [[0x61, 0x0a, 0xed, 0xa0, 0x80, 0x0a], 2],
])('%j', async (content, wrong) => {
  writeFileSync(file, typeof content === 'string' ? content : Uint8Array.from(content));
  const text = readText(file, 'it');
  if (wrong === undefined) expect(await text).toBe(content);
  else await expect(text).rejects.toThrow(new LabError(`it:${wrong}: not UTF-8; save it as UTF-8`));
});

test.each(['sh', 'out'])('a lab whose .%s is not', async (ending) => {
  const labs = mkdtempSync(join(folder, 'labs-'));
  const chapter = mkdtempSync(join(labs, 'chapter'));
  writeFileSync(join(chapter, 'a.sh'), '#: lab T\n#: part a\ntrue\n');
  writeFileSync(join(chapter, 'a.out'), '#: part a exit=0\n');
  expect(await readLabs(labs)).toHaveLength(1);
  writeFileSync(join(chapter, `a.${ending}`), Buffer.from('\xe4', 'latin1'));
  await expect(readLabs(labs)).rejects.toThrow(new RegExp(`^labs/chapter\\w+/a\\.${ending}:1: not UTF-8`));
});

test('a file is replaced as a whole; its permissions stay, a link to it stays a link, and nothing is left beside it', async () => {
  const folderOf = mkdtempSync(join(folder, 'whole-'));
  const page = join(folderOf, 'page.md');
  const link = join(folderOf, 'link.md');
  await writeWhole(page, 'first');
  chmodSync(page, 0o750);
  symlinkSync('page.md', link);
  await writeWhole(link, 'second');
  expect(readFileSync(page, 'utf8')).toBe('second');
  expect(statSync(page).mode & 0o777).toBe(0o750);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  mkdirSync(join(folderOf, 'folder'));
  await expect(writeWhole(join(folderOf, 'folder'), 'third')).rejects.toThrow('EISDIR');
  expect(readdirSync(folderOf).sort()).toEqual(['folder', 'link.md', 'page.md']);
});
