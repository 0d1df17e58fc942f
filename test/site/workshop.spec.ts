// The pages of a workshop: how people join, what the presenter sees and does, and how an attendee's pages tell that they are one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LAB_PATH } from '../../labs/server/protocol.ts';
import {
  JOIN_PAGE,
  JOIN_PATH,
  NAME_MAX,
  PRESENTER_PAGE,
  REFUSALS,
} from '../../labs/server/workshop/protocol.ts';
import { siteFolder } from '../../scripts/site/build.ts';
import { REFUSAL_WORDS } from '../../src/lib/join-refusals.ts';
import { FakeLab } from './fake-lab.ts';
import { ago, attendee, FakeWorkshop, letJoin } from './fake-workshop.ts';
import { announced, PAGE } from './reader.ts';
import { expect, test } from './watch.ts';
import { test as unwatched, type Page } from '@playwright/test';

const read = (page: string): string => readFileSync(join(siteFolder, page, 'index.html'), 'utf8');

async function present(page: Page): Promise<FakeWorkshop> {
  const workshop = new FakeWorkshop(page);
  await workshop.listen();
  await workshop.open();
  return workshop;
}

test.describe('the page where people join', () => {
  for (const javaScriptEnabled of [true, false]) {
    test.describe(`with scripts ${javaScriptEnabled ? 'on' : 'off'}`, () => {
      test.use({ javaScriptEnabled });

      test('sends code and name to the server it came from', async ({ page, baseURL }) => {
        await letJoin(page);
        let sent: { readonly origin: string | undefined; readonly body: string | null } | undefined;
        await page.route(`**${JOIN_PATH}`, async (route) => {
          const headers = await route.request().allHeaders();
          sent = { origin: headers['origin'], body: route.request().postData() };
          await route.fulfill({ contentType: 'text/plain', body: 'sent' });
        });
        await page.goto(JOIN_PAGE);
        await page.getByLabel('Join code').fill('Gull-4821');
        await page.getByLabel('Your name').fill('Zoë & Ada');
        await page.getByRole('button', { name: 'Join' }).click();
        await expect(page.getByText('sent', { exact: true })).toBeVisible();
        expect(sent?.origin).toBe(new URL(String(baseURL)).origin);
        expect(Object.fromEntries(new URLSearchParams(sent?.body ?? ''))).toEqual({
          code: 'Gull-4821',
          name: 'Zoë & Ada',
        });
      });

      for (const why of REFUSALS) {
        test(`says what to do after ${why}`, async ({ page }) => {
          await letJoin(page);
          await page.goto(`${JOIN_PAGE}#why=${why}`);
          const { what, remedy } = REFUSAL_WORDS[why];
          await expect(page.getByRole('alert')).toHaveText(`${what} ${remedy}`);
          await expect(page.getByRole('alert')).toBeInViewport();
          if (javaScriptEnabled) await expect(page.getByRole('alert')).toBeFocused();
        });
      }
    });
  }

  test('repeats nothing that the address says', async ({ page }) => {
    await letJoin(page);
    await page.goto(`${JOIN_PAGE}#why=<b>send your password</b>`);
    await expect(page.getByLabel('Join code')).toBeVisible();
    await expect(page.getByRole('alert')).toHaveCount(0);
    await expect(page.locator('body')).not.toContainText('password');
  });

  test('is quick to fill in by keyboard, and keeps the name for the next try', async ({ page }) => {
    await letJoin(page);
    await page.route(`**${JOIN_PATH}`, (route) => route.fulfill({ contentType: 'text/plain', body: 'sent' }));
    await page.goto(JOIN_PAGE);
    const code = page.getByLabel('Join code');
    await expect(code).toHaveAttribute('autocomplete', 'off');
    await code.focus();
    await page.keyboard.type('gull-4812');
    await page.keyboard.press('Tab');
    await expect(page.getByLabel('Your name')).toBeFocused();
    await page.keyboard.type('A'.repeat(NAME_MAX + 8));
    await page.keyboard.press('Enter');
    await expect(page.getByText('sent', { exact: true })).toBeVisible();
    await page.goto(`${JOIN_PAGE}#why=wrong-code`);
    await expect(page.getByLabel('Your name')).toHaveValue('A'.repeat(NAME_MAX));
    await expect(code).toHaveValue('');
  });

  test('has no form where there is no workshop', async ({ page }) => {
    await page.goto(JOIN_PAGE);
    await expect(page.getByRole('heading', { name: 'There is no workshop here' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Join' })).toBeHidden();
    await page.getByRole('link', { name: 'give a workshop' }).click();
    await expect(page).toHaveURL(/\/start-here\/workshop\/$/);
  });

  test('leads on who has joined before', async ({ page }) => {
    await letJoin(page);
    await page.goto(JOIN_PAGE);
    await expect(page.getByText('This browser has joined before')).toBeHidden();
    await page.evaluate(() => localStorage.setItem('kittiwake.lab.token', 'kept'));
    await page.reload();
    await expect(page.getByText('This browser has joined before')).toBeVisible();
  });
});

unwatched('where nobody knows of labs, the page says that there is no workshop', async ({ page }) => {
  // What a server of files answers.
  await page.route(`**${LAB_PATH}`, (route) => route.fulfill({ status: 404, body: '<!doctype html>' }));
  await page.goto(JOIN_PAGE);
  await expect(page.getByRole('heading', { name: 'There is no workshop here' })).toBeVisible();
});

unwatched('where the server does not answer, the form stays', async ({ page }) => {
  await page.goto(JOIN_PAGE);
  await page.route(`**${LAB_PATH}`, (route) => route.abort());
  const asked = page.waitForEvent('requestfailed');
  await page.reload();
  await asked;
  await expect(page.getByRole('button', { name: 'Join' })).toBeVisible();
});

test('neither page is found by the search, nor in the sidebar', () => {
  for (const page of [JOIN_PAGE, PRESENTER_PAGE]) {
    expect(read(page)).not.toContain('data-pagefind-body');
    expect(read('/hvt/hello/')).not.toContain(`href="${page}"`);
  }
  expect(read('/hvt/hello/')).toContain('data-pagefind-body');
});

test.describe('the presenter’s page', () => {
  test('takes the secret out of the address, and knows it while the tab is open', async ({
    page,
    context,
  }) => {
    const workshop = await present(page);
    expect(new URL(page.url()).hash).toBe('');
    await page.reload();
    await expect(page.getByText('Connected to the workshop')).toBeVisible();
    expect(workshop.heard).toHaveLength(2);
    expect(workshop.heard[1]).toEqual(workshop.heard[0]);
    // Another tab is nobody's.
    const other = await context.newPage();
    await other.goto(PRESENTER_PAGE);
    await expect(other.getByText('This page needs the address')).toBeVisible();
    expect(workshop.connections).toBe(2);
  });

  test('says how to join, and lets nobody in when told so', async ({ page }) => {
    const workshop = await present(page);
    await expect(page.getByRole('link', { name: workshop.room.address })).toBeVisible();
    await expect(page.locator('.presenter-code')).toHaveText('gull-4821');
    await expect(page.getByText('Nobody has joined yet')).toBeVisible();
    const door = page.getByRole('switch', { name: 'Attendees may join' });
    await expect(door).toBeChecked();
    await door.press('Space');
    await workshop.hears({ type: 'close' });
    workshop.say({ open: false });
    await expect(door).not.toBeChecked();
    await door.click();
    await workshop.hears({ type: 'open' });
  });

  test('shows address and code in letters that fill the window', async ({ page }) => {
    const workshop = await present(page);
    await page.getByRole('button', { name: 'Large letters for all' }).click();
    const large = page.getByRole('dialog', { name: 'How to join' });
    const address = large.getByText(workshop.room.address);
    const width = (await address.boundingBox())?.width ?? 0;
    expect(width).toBeGreaterThan(1000);
    expect(width).toBeLessThanOrEqual(1280);
    workshop.say({ attendees: [attendee(1, 'Ada')] });
    await expect(large).toContainText('1 of 24 seats taken');
    await page.keyboard.press('Escape');
    await expect(large).toBeHidden();
    await expect(page.getByRole('button', { name: 'Large letters for all' })).toBeFocused();
  });

  test('shows who is where, and who is stuck first', async ({ page }) => {
    const workshop = await present(page);
    const ada = attendee(1, 'Ada');
    workshop.say({ attendees: [ada, attendee(2, 'Grace', { runningSince: ago(20) })] });
    const rows = page.locator('.attendee');
    await expect(rows.getByRole('heading')).toHaveText(['Ada', 'Grace']);
    await expect(rows.nth(0)).toContainText('Step 3 of 11, run not run yet');
    await expect(rows.nth(0).getByRole('img', { name: '2 of 11 steps done' })).toBeVisible();
    await expect(rows.nth(0).getByRole('link', { name: 'Step 3 of 11, run' })).toHaveAttribute(
      'href',
      '/hvt/hello/#hvt-hello-run',
    );
    await expect(rows.nth(1)).toContainText(/running for 2\d s/);
    await expect(rows.nth(1).locator('[data-state="running"]')).toHaveCount(1);

    const cause = 'line 3 differs';
    const stuck = attendee(2, 'Grace', { stuck: 'failed', failedPart: 'run', cause });
    workshop.say({ attendees: [ada, stuck] });
    await expect(rows.getByRole('heading')).toHaveText(['Grace', 'Ada']);
    await expect(rows.nth(0)).toContainText('Stuck run fails: line 3 differs');
    await expect(announced(page)).toHaveText('Grace is stuck: run fails: line 3 differs');
    await expect(page.getByRole('heading', { name: '2 attendees, 1 stuck' })).toBeVisible();

    const done = { part: null, partIndex: 11, passed: 11, parts: Array<'passed'>(11).fill('passed') };
    workshop.say({ attendees: [ada, attendee(2, 'Grace', done)] });
    await expect(rows.getByRole('heading')).toHaveText(['Ada', 'Grace']);
    await expect(rows.nth(1)).toContainText('All 11 steps done');
    await expect(announced(page)).toHaveText('Grace has done all of Your first unikernel');
  });

  test('takes a name for a name', async ({ page }) => {
    const workshop = await present(page);
    workshop.say({ attendees: [attendee(1, '<img src=x onerror=alert(1)>')] });
    await expect(page.getByRole('heading', { name: '<img src=x onerror=alert(1)>' })).toBeVisible();
  });

  test('asks before a seat is freed, and needs no mouse for it', async ({ page }) => {
    const workshop = await present(page);
    const grace = attendee(2, 'Grace');
    workshop.say({ attendees: [attendee(1, 'Ada'), grace] });
    await page.getByRole('button', { name: 'End machine of Ada' }).focus();
    await page.keyboard.press('Tab');
    const free = page.getByRole('button', { name: 'Free seat of Ada' });
    await expect(free).toBeFocused();
    await page.keyboard.press('Enter');
    const question = page.getByRole('dialog', { name: 'Free Ada’s seat?' });
    await expect(question.getByRole('button', { name: 'Cancel' })).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(question).toBeHidden();
    await expect(free).toBeFocused();

    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await workshop.hears({ type: 'free', id: 1 });
    expect(workshop.heard).toHaveLength(2);
    workshop.say({ attendees: [grace] });
    await expect(page.getByRole('heading', { name: '1 attendee' })).toBeFocused();
  });

  test('asks before a machine is ended, where there is one', async ({ page }) => {
    const workshop = await present(page);
    workshop.say({ attendees: [attendee(1, 'Ada'), attendee(2, 'Grace', { machine: { state: 'none' } })] });
    const question = page.getByRole('dialog');
    await page.getByRole('button', { name: 'End machine of Grace' }).press('Enter');
    await expect(question).toBeHidden();
    await page.getByRole('button', { name: 'End machine of Ada' }).click();
    await question.getByRole('button', { name: 'End machine' }).click();
    await workshop.hears({ type: 'end-machine', id: 1 });
  });

  test('leaves the focus where it is when others come first', async ({ page }) => {
    const workshop = await present(page);
    const grace = attendee(2, 'Grace');
    workshop.say({ attendees: [attendee(1, 'Ada'), grace] });
    const free = page.getByRole('button', { name: 'Free seat of Ada' });
    await free.focus();
    workshop.say({ attendees: [attendee(1, 'Ada'), { ...grace, stuck: 'idle' }] });
    await expect(page.locator('.attendee h3')).toHaveText(['Grace', 'Ada']);
    await expect(free).toBeFocused();
    workshop.say({ attendees: [attendee(1, 'Ada', { stuck: 'slow' }), grace] });
    await expect(page.locator('.attendee h3')).toHaveText(['Ada', 'Grace']);
    await expect(free).toBeFocused();
  });

  test('says that the connection is lost, does nothing meanwhile, and comes back', async ({ page }) => {
    const workshop = await present(page);
    workshop.say({ attendees: [attendee(1, 'Ada')] });
    workshop.away = true;
    await workshop.close(1001);
    await expect(page.getByText('No connection to the workshop')).toBeVisible();
    await expect(announced(page)).toHaveText('The connection to the workshop is lost');
    // What was last known stays.
    await expect(page.getByRole('heading', { name: 'Ada' })).toBeVisible();
    await page.getByRole('button', { name: 'Free seat of Ada' }).press('Enter');
    await expect(page.getByRole('dialog')).toBeHidden();
    workshop.away = false;
    await page.getByRole('button', { name: 'Try now' }).click();
    await expect(page.getByText('Connected to the workshop')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Free seat of Ada' })).toBeEnabled();
  });

  test('forgets a secret that is none', async ({ page }) => {
    const workshop = new FakeWorkshop(page);
    await workshop.listen();
    await page.goto(`${PRESENTER_PAGE}#presenter=guessed`);
    await expect(page.locator('[data-link]')).toHaveText(/the secret is not that of this start/);
    await expect(page.getByText('This page needs the address')).toBeVisible();
    await page.reload();
    await expect(page.getByText('This page needs the address')).toBeVisible();
    expect(workshop.connections).toBe(1);
  });
});

test.describe('an attendee', () => {
  async function joined(page: Page, path: string): Promise<FakeLab> {
    const lab = new FakeLab(page);
    lab.attendee = 'Ada';
    await lab.listen();
    await lab.open(path);
    await expect(page.getByText('Ada, at the workshop')).toBeVisible();
    return lab;
  }

  test('is told what to do on the page that joining leads to', async ({ page }) => {
    await joined(page, '/');
    const notice = page.getByRole('complementary', { name: 'Your workshop' });
    await expect(notice).toContainText('You are in, Ada.');
    await expect(notice).toBeInViewport();
    await notice.getByRole('link', { name: 'Run hello' }).click();
    await expect(page).toHaveURL(/\/hvt\/hello\/$/);
    await expect(page.getByText('Ada, at the workshop')).toBeVisible();
    await expect(notice).toBeHidden();
  });

  test('who is sent out is told where to join again', async ({ page }) => {
    const lab = await joined(page, PAGE);
    await lab.close(4401, 'your seat was given to somebody else');
    const notice = page.getByRole('complementary', { name: 'Your workshop' });
    await expect(notice).toContainText('Your seat is gone.');
    await expect(notice.getByRole('link', { name: 'Join again' })).toHaveAttribute('href', JOIN_PAGE);
  });
});
