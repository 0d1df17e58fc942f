// A workshop for real: eight browsers join with the code, each runs a chapter in a machine of its own and finds nobody else's there, and the
// presenter sees all of them finish.
import { test as base, expect as once, type Browser, type Page } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLabs } from '../../labs/runner/labs.ts';
import { hostsOf } from '../../labs/server/gate.ts';
import { LAB_PATH, type ServerMessage } from '../../labs/server/protocol.ts';
import { vmMachines } from '../../labs/server/vm.ts';
import { JOIN_PAGE, PRESENTER_PAGE } from '../../labs/server/workshop/protocol.ts';
import { Workshop } from '../../labs/server/workshop/workshop.ts';
import { serveFront } from '../../scripts/site/front.ts';
import { HOST, NAMES } from '../../scripts/site/server.ts';
import { serveSite } from '../../scripts/site.ts';
import { labSnapshot } from '../../scripts/vm.ts';
import { stepBack } from '../../scripts/workshop/process.ts';
import { box, PAGE, runButton, state } from './reader.ts';

/** Eight machines whose processors are emulated share those of this host with eight browsers. */
const LONG = { timeout: 300_000 };
const expect = once.configure(LONG);

const NAMED = ['Ada', 'Barbara', 'Grace', 'Hedy', 'Joan', 'Karen', 'Margaret', 'Radia'] as const;
const CODE = 'gull-4821';
const SECRET = 'the-secret-of-this-test';
/** What is typed in a machine's terminal, so that an answer of the shell's is not mistaken for it. */
const wordOf = (name: string): { readonly typed: string; readonly printed: string } => {
  const half = `${name.toLowerCase()}-${name.length}`;
  return { typed: `'${half}'''-secret`, printed: `${half}-secret` };
};

interface Room {
  readonly url: string;
}

const test = base.extend<{ room: Room }>({
  room: async ({}, use) => {
    const readers = await mkdtemp(join(tmpdir(), 'kittiwake-readers-'));
    const [labs, snapshot, site] = await Promise.all([
      readLabs('labs'),
      labSnapshot(),
      serveSite({ port: 0 }),
    ]);
    const front = await serveFront({
      ...{ handbook: site.url, hosts: [HOST], port: 0, names: NAMES },
      beside: (port) => {
        const hosts = hostsOf(NAMES, port);
        return new Workshop({
          ...{ labs, readers, hosts, presenterHosts: hosts, code: CODE, secret: SECRET, slowFactor: 10 },
          ...{ address: `http://${HOST}:${port}${JOIN_PAGE}`, seats: NAMED.length, machines: NAMED.length },
          start: vmMachines(() => Promise.resolve(snapshot), {
            factor: NAMED.length,
            onMachine: (machine) => void stepBack(machine).catch(() => undefined),
          }),
          bounds: { hasRoom: (running) => running < NAMED.length, startsAtOnce: 2 },
        });
      },
    });
    await use({ url: front.url.slice(0, -1) });
    await front.close();
    await site.close();
    await rm(readers, { recursive: true });
  },
});

test.describe.configure({ mode: 'serial', timeout: 900_000 });

/** Joins in a browser of one's own, as a stranger who was told address and code. */
async function joinAs(browser: Browser, url: string, name: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${url}${JOIN_PAGE}`);
  await page.getByLabel('Join code').fill(CODE);
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Join' }).click();
  await expect(page.getByText(`You are in, ${name}.`)).toBeVisible();
  expect(page.url()).not.toContain('lab=');
  return page;
}

/** Runs the chapter from top to bottom; each step is to be as expected. */
async function runChapter(page: Page, url: string): Promise<void> {
  await page.goto(`${url}${PAGE}`);
  const parts = await page
    .locator('.lab-part')
    .evaluateAll((all) => all.map((one) => (one instanceof HTMLElement ? (one.dataset['part'] ?? '') : '')));
  expect(parts.length).toBeGreaterThan(5);
  for (const part of parts) {
    await runButton(page, part).click();
    await expect(state(page, part)).toHaveText(/^(As|Not as) expected, in /);
    once(await state(page, part).textContent(), part).toMatch(/^As expected, in /);
  }
  await expect(box(page)).toContainText(`${parts.length} of ${parts.length} steps done`);
}

/** Leaves a secret in one's own machine. */
async function leaveSecret(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+`');
  await expect(page.locator('.xterm-rows')).toContainText('$');
  await page.keyboard.type(`touch ~/${wordOf(name).typed} && echo left''-it\n`);
  await expect(page.locator('.xterm-rows')).toContainText('left-it');
}

/** The secrets that are in one's own machine. */
async function findSecrets(page: Page): Promise<string[]> {
  await page.keyboard.type(`clear; ls ~/*-secret | sed 's/^/found:/'; echo all''-told\n`);
  const rows = page.locator('.xterm-rows');
  await expect(rows).toContainText('all-told');
  const text = (await rows.locator('> div').allTextContents()).join('\n');
  return [...text.matchAll(/^found:.*\/(\S+)/gm)].map(([, word = '']) => word);
}

/** What the server answers to whoever says hello with these, and whether it goes on. */
function hello(page: Page, token: string, reader: string): Promise<{ told: ServerMessage[]; code?: number }> {
  return page.evaluate(
    ([path, token, reader]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(path);
        const told: ServerMessage[] = [];
        socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', token, reader }));
        socket.onmessage = ({ data }) => {
          if (typeof data !== 'string') return;
          told.push(JSON.parse(data) as ServerMessage);
          // First who one is, then how the machine is, then the lab.
          if (told.length === 3) {
            socket.close();
            resolve({ told });
          }
        };
        socket.onclose = ({ code }) => resolve({ told, code });
      }),
    [LAB_PATH, token, reader] as const,
  );
}

const kept = (page: Page, what: string): Promise<string> =>
  page.evaluate((key) => localStorage.getItem(`kittiwake.lab.${key}`) ?? '', what);

test('eight attendees finish a chapter at once, and none sees another’s machine', async ({
  browser,
  room,
}) => {
  const presenter = await (await browser.newContext()).newPage();
  await presenter.goto(`${room.url}${PRESENTER_PAGE}#presenter=${SECRET}`);
  await expect(presenter.getByRole('heading', { name: '0 attendees' })).toBeVisible();

  const pages = await Promise.all(NAMED.map((name) => joinAs(browser, room.url, name)));
  await expect(presenter.locator('.presenter-facts')).toContainText('8 of 8 seats taken, none free');
  // A ninth finds no seat.
  const late = await (await browser.newContext()).newPage();
  await late.goto(`${room.url}${JOIN_PAGE}`);
  await late.getByLabel('Join code').fill(CODE);
  await late.getByLabel('Your name').fill('Zoe');
  await late.getByRole('button', { name: 'Join' }).click();
  await expect(late.getByRole('alert')).toContainText('All seats are taken.');

  const everybody = NAMED.map((name, index) => ({ name, page: pages[index] as Page }));
  await Promise.all(everybody.map(({ page }) => runChapter(page, room.url)));
  await expect(presenter.getByRole('heading', { name: '8 attendees, 8 are done' })).toBeVisible();
  for (const name of NAMED) {
    const row = presenter.locator('.attendee', { has: presenter.getByRole('heading', { name }) });
    await expect(row).toContainText('All 11 steps done');
    await expect(row).toContainText('Machine runs');
  }

  // All secrets are there before anybody looks for them.
  await Promise.all(everybody.map(({ page, name }) => leaveSecret(page, name)));
  for (const { page, name } of everybody) expect(await findSecrets(page)).toEqual([wordOf(name).printed]);

  // Who knows another's reader but not their token is who they are; who makes up a token is nobody.
  const [ada, barbara] = pages as [Page, Page];
  const [token, reader, other] = await Promise.all([
    kept(ada, 'token'),
    kept(ada, 'reader'),
    kept(barbara, 'reader'),
  ]);
  expect(other).not.toBe(reader);
  const { told } = await hello(ada, token, other);
  expect(told[0]).toMatchObject({ type: 'welcome', reader, name: 'Ada' });
  expect(await hello(late, 'AAAAAAAAAAAAAAAAAAAAAA', other)).toEqual({ told: [], code: 4401 });

  // A seat that is freed is nobody's at once: its page is told, its token opens nothing, and somebody else may sit there.
  await presenter.getByRole('button', { name: 'Free seat of Ada' }).click();
  await presenter.getByRole('dialog').getByRole('button', { name: 'Free seat' }).click();
  await expect(presenter.getByRole('heading', { name: '7 attendees, 7 are done' })).toBeVisible();
  await expect(ada.getByText('Your seat is gone.')).toBeVisible();
  expect((await hello(late, token, reader)).code).toBe(4401);
  await late.getByLabel('Join code').fill(CODE);
  await late.getByLabel('Your name').fill('Zoe');
  await late.getByRole('button', { name: 'Join' }).click();
  await expect(late.getByText('You are in, Zoe.')).toBeVisible();
  await expect(presenter.getByRole('heading', { name: '8 attendees, 7 are done' })).toBeVisible();
});
