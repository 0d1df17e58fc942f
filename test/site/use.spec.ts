// What a reader does with the pages: search, copy.
import { parseLab } from '../../labs/runner/lab.ts';
import { readFileSync } from 'node:fs';
import { expect, test } from './watch.ts';

test('search finds a message of the tender', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: /Search/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('belongs to another user');
  await expect(dialog.getByRole('link', { name: /When the network does not fit/ }).first()).toBeVisible();
});

test('search finds nothing where there is nothing', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: /Search/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('zzqqwwzz');
  await expect(dialog.getByText(/No results/)).toBeVisible();
  await expect(dialog.locator('.pagefind-ui__result')).toHaveCount(0);
});

test('the copy button copies the commands and nothing else', async ({ page }) => {
  await page.goto('/networking/first-steps/');
  const part = page.locator('[data-part="address"]');
  await part.getByRole('button', { name: /Copy/ }).click();
  const lab = parseLab('networking/first-steps', readFileSync('labs/networking/first-steps.sh', 'utf8'));
  const commands = lab.parts.find(({ name }) => name === 'address')?.commands;
  expect(commands).toContain('\n');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(commands);
});

test('a part that is meant to fail says so', async ({ page }) => {
  await page.goto('/networking/refusals/');
  await expect(page.locator('[data-part="missing-tap"]')).toContainText('exit status 78');
  await expect(page.locator('[data-part="missing-tap"]')).toContainText('tap100 does not exist');
});
