// Run in the page for real: the lab server that `npm start` has, machines of the lab VM, and a reader who presses Run from top to bottom.
import { test as base, expect, type Page } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLabs, type LabWithRecording } from '../../labs/runner/labs.ts';
import { hostsOf, withSecret } from '../../labs/server/gate.ts';
import { LabServer } from '../../labs/server/server.ts';
import { vmMachines } from '../../labs/server/vm.ts';
import { labSnapshot } from '../../scripts/vm.ts';
import { serveSite } from '../../scripts/site.ts';
import { serveFront } from '../../scripts/site/front.ts';
import { HOST, NAMES } from '../../scripts/site/server.ts';
import { announced, box, LAB, PAGE, part, runButton, state } from './reader.ts';

/** A machine whose processor is emulated, on a host that does much else, may take so long for a step, or to start. */
const LONG = { timeout: 120_000 };

const TOKEN = 'the-token-of-this-test';

/** The handbook with a lab server for `labs`; `open` lets a browser in, on the page at `path`. */
interface Handbook {
  readonly open: (page: Page, path?: string) => Promise<void>;
}

const test = base.extend<{ labs: readonly LabWithRecording[]; handbook: Handbook }>({
  labs: async ({}, use) => use(await readLabs('labs')),
  handbook: async ({ labs }, use) => {
    const readers = await mkdtemp(join(tmpdir(), 'kittiwake-readers-'));
    const snapshot = await labSnapshot();
    const site = await serveSite({ port: 0 });
    const front = await serveFront({
      ...{ handbook: site.url, hosts: [HOST], port: 0, names: NAMES },
      beside: (port) =>
        new LabServer({
          ...{ labs, readers, hosts: hostsOf(NAMES, port), admit: withSecret(TOKEN) },
          start: vmMachines(() => Promise.resolve(snapshot)),
          bounds: { hasRoom: (running) => running < 1, startsAtOnce: 1 },
        }),
    });
    await use({
      open: async (page, path = PAGE) => {
        await page.goto(`${front.url}${path.slice(1)}#lab=${TOKEN}`);
      },
    });
    await front.close();
    await site.close();
    await rm(readers, { recursive: true });
  },
});

test.describe.configure({ mode: 'serial', timeout: 600_000 });

/** Presses Run at each part of `page`, from top to bottom. Returns their names. */
async function runAll(page: Page): Promise<string[]> {
  const names = await page
    .locator('.lab-part')
    .evaluateAll((all) => all.map((one) => (one instanceof HTMLElement ? (one.dataset['part'] ?? '') : '')));
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    await runButton(page, name).click();
    // Where it does not end, what the page says of the machine tells why.
    const said = async (): Promise<string> =>
      `${await state(page, name).innerText()} (${name}; ${(await box(page).innerText()).replaceAll(/\s+/g, ' ')})`;
    await expect.poll(said, LONG).toMatch(/^(As|Not as) expected, in /);
    expect(await said()).toMatch(/^As expected, in /);
  }
  await expect(box(page)).toContainText(`${names.length} of ${names.length} steps done`);
  return names;
}

test('a chapter from top to bottom: all as expected, and still marked after a reload', async ({
  page,
  handbook,
}) => {
  await handbook.open(page);
  const names = await runAll(page);

  // The terminal is of the same machine, and shows what was run.
  await page.keyboard.press('Control+`');
  const rows = page.locator('.xterm-rows');
  await expect(rows).toContainText('as expected', LONG);
  await page.keyboard.type('echo $((6 * 7)) > answer; cat answer\n');
  await expect(rows.locator('> div', { hasText: /^42\s*$/ })).toBeVisible(LONG);

  await page.reload();
  await expect(state(page, 'list')).toHaveText(/^As expected, at /);
  await expect(box(page)).toContainText(`${names.length} of ${names.length} steps done`);
});

test('a chapter with two machines: each part runs in its own', async ({ page, handbook }) => {
  await handbook.open(page, '/deploying/remote/');
  await runAll(page);
});

test.describe('a copy of the lab with one expected line broken', () => {
  test.use({
    labs: async ({}, use) => {
      const labs = await readLabs('labs');
      await use(
        labs.map(({ lab, recording }) => {
          if (lab.id !== LAB) return { lab, recording };
          const was = recording.get('inspect');
          const output = was?.output.replace('devices', 'devises') ?? '';
          return { lab, recording: new Map(recording).set('inspect', { exit: was?.exit ?? 0, output }) };
        }),
      );
    },
  });

  test('says which line differs', async ({ page, handbook }) => {
    await handbook.open(page);
    await runButton(page, 'list').click();
    await expect(state(page, 'list')).toHaveText(/^As expected, in /, LONG);
    await runButton(page, 'inspect').click();
    await expect(state(page, 'inspect')).toHaveText(/^Not as expected, in /, LONG);
    await expect(part(page, 'inspect').locator('.run-points')).toHaveText(
      'Line 2: expected devises, got devices',
    );
    await expect(announced(page)).toContainText('Line 2: expected devises, got devices');
  });
});
