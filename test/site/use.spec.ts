// What a reader does with the pages: search, copy, ask for the evidence, lose the way.
import { parseLab } from '../../labs/runner/lab.ts';
import { readFileSync } from 'node:fs';
import { expect, test } from './watch.ts';

test('search finds a message of the tender', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: /Search/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('belongs to another user');
  await expect(dialog.getByRole('link', { name: /When the tap does not fit/ }).first()).toBeVisible();
});

test('search finds nothing where there is nothing', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: /Search/ }).click();
  const dialog = page.getByRole('dialog');
  // Pagefind looks for shorter and shorter beginnings, so no word of the handbook may begin with its first letter.
  await dialog.getByRole('textbox').fill('жжжж');
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

test('commands that are selected by hand are the same commands', async ({ page }) => {
  await page.goto('/networking/first-steps/');
  const selected = await page
    .locator('[data-part="run"] code')
    .first()
    .evaluate((code) => {
      getSelection()?.selectAllChildren(code);
      return getSelection()?.toString();
    });
  expect(selected?.trim()).toMatch(/^kittiwake run --net:service=tap100 .* -- --ipv4=\S+ -l debug > \S+ &$/);
});

test('a part that is meant to fail says so', async ({ page }) => {
  await page.goto('/networking/refusals/');
  await expect(page.locator('[data-part="missing-tap"]')).toContainText('exit status 78');
  await expect(page.locator('[data-part="missing-tap"]')).toContainText('tap100 does not exist');
});

test('the evidence of a step tells what it printed, where that differs from run to run', async ({ page }) => {
  await page.goto('/networking/first-steps/');
  const part = page.locator('[data-part="look"]');
  await expect(part.locator('pre').nth(1)).toContainText('link/ether ‹mac›');
  const transcript = part.getByRole('region', { name: 'What it printed' });
  await expect(transcript).toBeHidden();
  await part.getByText('details').click();
  await expect(transcript).toContainText(/link\/ether [0-9a-f]{2}(:[0-9a-f]{2}){5}/);
  await expect(part.locator('summary')).toContainText(/Verified .* in [\d.]+\ss, on commit [0-9a-f]{7}/);
});

test('the script of a lab is there to read', async ({ page, request }) => {
  await page.goto('/hvt/hello/');
  const href = await page.getByRole('link', { name: 'hvt/hello.sh' }).getAttribute('href');
  const answer = await request.get(String(href));
  expect(answer.headers()['content-type']).toBe('text/plain; charset=utf-8');
  expect(await answer.text()).toBe(readFileSync('labs/hvt/hello.sh', 'utf8'));
});

test('the keyboard reaches the content, and one sees where it is', async ({ page }) => {
  await page.goto('/hvt/hello/');
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to content' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeVisible();
  await page.keyboard.press('Tab');
  const outline = await page.evaluate(() => {
    const focused = document.activeElement;
    return focused && getComputedStyle(focused).outlineStyle;
  });
  expect(outline).not.toBe('none');
});

test('a page that is not there leads back', async ({ page, request, baseURL }) => {
  expect((await request.get('/no/such/page/')).status()).toBe(404);
  await page.goto('/404.html');
  await page.getByRole('link', { name: 'Start here' }).first().click();
  await expect(page).toHaveURL(`${baseURL}start-here/`);
});
