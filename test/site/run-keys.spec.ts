// Run in the page without a mouse: the next step by a key, the terminal and the way out of it, its size.
import { expect, test } from './watch.ts';
import { LAB, letIn, part, ready, runButton, state } from './reader.ts';
import { FRAME_MAX } from '../../labs/server/protocol.ts';
import { partsOf } from './fake-lab.ts';

test('a key runs the next step that is not done', async ({ page }) => {
  const lab = await letIn(page, ready({ list: { state: 'passed', here: true } }));
  await page.keyboard.press('Control+Enter');
  await lab.hears({ type: 'run', part: 'inspect' });
  await expect(runButton(page, 'inspect')).toBeFocused();
  await expect(runButton(page, 'inspect')).toBeInViewport();
  // It runs no second one meanwhile.
  await page.keyboard.press('Control+Enter');
  lab.say({ type: 'started', part: 'inspect' });
  lab.passes('inspect');
  const done = { state: 'passed', here: true } as const;
  lab.say({ type: 'lab', lab: LAB, parts: partsOf(LAB, { list: done, inspect: done }) });
  await expect(state(page, 'inspect')).toHaveText(/As expected/);
  await page.keyboard.press('Meta+Enter');
  await lab.hears({ type: 'run', part: 'run' });
  expect(lab.heard.filter(({ type }) => type === 'run')).toHaveLength(2);
});

test('Run is reached by Tab, seen there, and pressed by Enter', async ({ page }) => {
  const lab = await letIn(page, ready());
  await part(page, 'list').getByRole('button', { name: /Copy/ }).focus();
  await page.keyboard.press('Tab');
  const run = page.getByRole('button', { name: 'Run step 1 of 11: list' });
  await expect(run).toBeFocused();
  expect(await run.evaluate((button) => getComputedStyle(button).outlineStyle)).toBe('solid');
  await page.keyboard.press('Enter');
  await lab.hears({ type: 'run', part: 'list' });
});

test('the terminal takes all keys, and is left by one', async ({ page }) => {
  const lab = await letIn(page, ready());
  lab.draw('operator@lab:~$ ');
  await runButton(page, 'list').focus();
  await page.keyboard.press('Control+`');
  const terminal = page.getByRole('textbox', { name: 'Terminal of your machine; Shift+Tab leaves it' });
  await expect(terminal).toBeFocused();
  // What was drawn before there was a terminal is on it.
  await expect(page.locator('.xterm-rows')).toContainText('operator@lab:~$');
  await page.keyboard.type('ls');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+c');
  await expect.poll(() => lab.typed).toBe('ls\t\x1b\x03');
  await expect(terminal).toBeFocused();
  lab.draw('\r\nREADME\r\n');
  await expect(page.locator('.xterm-rows')).toContainText('README');

  await page.keyboard.press('Shift+Tab');
  await expect(page.getByRole('button', { name: 'Hide terminal' })).toBeFocused();
  await page.keyboard.press('Control+`');
  await expect(terminal).toBeFocused();
  await page.keyboard.press('Control+`');
  await expect(runButton(page, 'list')).toBeFocused();
  expect(lab.typed).toBe('ls\t\x1b\x03');
});

test('what is pasted arrives whole and in order, in frames that the server takes', async ({ page }) => {
  const lab = await letIn(page, ready());
  await page.keyboard.press('Control+`');
  const terminal = page.getByRole('textbox', { name: /^Terminal/ });
  await expect(terminal).toBeFocused();
  const text = Array.from({ length: 2500 }, (_, index) => `${index} `).join('');
  await terminal.evaluate((field, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', pasted);
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
  }, text);
  await page.keyboard.type('end');
  await expect.poll(() => lab.typed).toBe(`${text}end`);
  expect(Math.max(...lab.typedFrames)).toBeLessThanOrEqual(FRAME_MAX);
});

test('the terminal keeps the size that it is given, makes room for the text, and is told to the machine', async ({
  page,
}) => {
  const lab = await letIn(page, ready());
  await page.getByRole('region', { name: 'Terminal of your machine' }).getByRole('button').click();
  const grip = page.getByRole('separator', { name: 'Height of the terminal' });
  const before = Number(await grip.getAttribute('aria-valuenow'));
  await grip.press('ArrowUp');
  await grip.press('PageUp');
  await expect(grip).toHaveAttribute('aria-valuenow', String(before + 120));
  await expect.poll(() => lab.heard.filter(({ type }) => type === 'resize').length).toBeGreaterThan(1);
  const sizes = lab.heard.flatMap((message) => (message.type === 'resize' ? [message.rows] : []));
  expect(Math.max(...sizes)).toBe(sizes.at(-1));

  // The end of the text can be read above it.
  await page.keyboard.press('Control+End');
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  const end = await page.locator('footer').boundingBox();
  const dock = await page.locator('.dock').boundingBox();
  expect(end && dock && end.y + end.height <= dock.y).toBe(true);

  await page.reload();
  await expect(grip).toHaveAttribute('aria-valuenow', String(before + 120));
  await expect(page.locator('.xterm-rows')).toBeVisible();
  await page.getByRole('button', { name: 'Hide terminal' }).click();
  await expect(grip).toBeHidden();
  await page.reload();
  await expect(page.getByRole('region', { name: 'Terminal of your machine' })).toBeVisible();
  await expect(grip).toBeHidden();
});

test('a terminal that comes late does not take the keys of who has gone on', async ({ page }) => {
  const held: (() => void)[] = [];
  await page.route(/terminal[^/]*\.js$/, (route) => held.push(() => void route.continue()));
  await letIn(page, ready());
  await page.keyboard.press('Control+`');
  await expect.poll(() => held.length).toBe(1);
  const run = runButton(page, 'list');
  await run.focus();
  for (const go of held) go();
  await expect(page.locator('.xterm-rows')).toBeVisible();
  await expect(run).toBeFocused();
});

test('on a phone there are the keys that its keyboard lacks', async ({ browser, baseURL }) => {
  const context = await browser.newContext({
    ...{ baseURL: String(baseURL), hasTouch: true, isMobile: true },
    viewport: { width: 390, height: 844 },
  });
  const page = await context.newPage();
  const lab = await letIn(page, ready());
  await page.getByRole('region', { name: 'Terminal of your machine' }).getByRole('button').click();
  const keys = page.getByRole('group', { name: 'Keys' });
  for (const name of ['Ctrl+C', '↑', 'Tab']) await keys.getByRole('button', { name }).click();
  await expect.poll(() => lab.typed).toBe('\x03\x1b[A\t');
  await page.screenshot({ path: 'build/site-screens/run-keys-phone.png' });
  await context.close();
});
