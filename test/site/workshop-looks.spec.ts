// The pages of a workshop: every state legible and usable for everybody, on a desk and on a phone, in light and in dark; with pictures.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { join } from 'node:path';
import { JOIN_PAGE } from '../../labs/server/workshop/protocol.ts';
import { FakeLab } from './fake-lab.ts';
import { ago, attendee, FakeWorkshop, letJoin } from './fake-workshop.ts';
import { fits, turn, type Screen } from './screens.ts';
import { expect, test } from './watch.ts';

const SCREENS: readonly Screen[] = [
  { name: 'desktop', theme: 'light' },
  { name: 'desktop', theme: 'dark' },
  { name: 'phone', theme: 'dark' },
  { name: 'phone', theme: 'light' },
];

async function present(page: Page): Promise<FakeWorkshop> {
  const workshop = new FakeWorkshop(page);
  await workshop.listen();
  await workshop.open();
  return workshop;
}

const failing = Array.from(
  { length: 11 },
  (_, index) => (['passed', 'failed', 'skipped'] as const)[index] ?? 'none',
);

const CROWD = [
  attendee(1, 'Ada', { runningSince: ago(12) }),
  attendee(2, 'Dr. Wolfeschlegelsteinhausen-Berg', {
    ...{ part: 'inspect', partIndex: 1, passed: 1, parts: failing, stuck: 'failed', failedPart: 'inspect' },
    cause: 'line 3: expected “tender   kittiwake-hvt (ABI version 2, x86_64)”, got “tender   kittiwake-spt”',
  }),
  attendee(3, 'Grace', { machine: { state: 'waiting', place: 2 } }),
  attendee(4, 'محمد', { part: null, partIndex: 11, passed: 11, parts: Array<'passed'>(11).fill('passed') }),
  attendee(5, 'Linus', {
    ...{ lab: null, part: null, partIndex: 0, partCount: 0, passed: 0, parts: [], pages: 0 },
    ...{ machine: { state: 'none' }, lastSeenAt: ago(400) },
  }),
  attendee(6, 'Barbara', {
    ...{ lab: 'reference/help', title: 'What the commands say', part: 'run', partIndex: 12, partCount: 42 },
    ...{ passed: 12, parts: Array.from({ length: 42 }, (_, at) => (at < 12 ? 'passed' : 'none')) },
    stuck: 'idle',
  }),
];

/** Brings a page to a state. */
const STATES: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  async join(page) {
    await letJoin(page);
    await page.goto(JOIN_PAGE);
    await expect(page.getByLabel('Join code')).toBeVisible();
  },
  async 'join-wrong'(page) {
    await letJoin(page);
    await page.goto(`${JOIN_PAGE}#why=wrong-code`);
    await expect(page.getByRole('alert')).toBeVisible();
  },
  async 'no-workshop'(page) {
    await page.goto(JOIN_PAGE);
    await expect(page.getByRole('heading', { name: 'There is no workshop here' })).toBeVisible();
  },
  async nobody(page) {
    await present(page);
  },
  async crowd(page) {
    const workshop = await present(page);
    workshop.say({ attendees: CROWD, machines: { running: 4, most: 4, waiting: 1 }, wrongCodes: 14 });
    await expect(page.getByText('Barbara', { exact: true })).toBeVisible();
  },
  async lost(page) {
    const workshop = await present(page);
    workshop.say({ attendees: CROWD.slice(0, 2), open: false });
    workshop.away = true;
    await workshop.close(1001);
    await expect(page.getByText('No connection to the workshop')).toBeVisible();
  },
  async projector(page) {
    await present(page);
    await page.getByRole('button', { name: 'Large letters for all' }).click();
  },
  async welcome(page) {
    const lab = new FakeLab(page);
    lab.attendee = 'Ada';
    await lab.listen();
    await lab.open('/');
    await expect(page.getByText('You are in')).toBeVisible();
  },
  async asking(page) {
    const workshop = await present(page);
    workshop.say({ attendees: CROWD });
    await page.getByRole('button', { name: 'Free seat of Ada' }).click();
  },
};

for (const [name, bring] of Object.entries(STATES)) {
  test(`a workshop’s page, ${name}, is for everybody, on a desk and on a phone, in light and in dark`, async ({
    page,
  }) => {
    await turn(page, { name: 'desktop', theme: 'light' });
    await bring(page);
    for (const screen of SCREENS) {
      await turn(page, screen);
      await fits(page, screen);
      const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
      const { violations } = await axe.analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      expect(found, `${screen.name} in ${screen.theme}`).toEqual([]);
      const file = `workshop-${name}-${screen.name}-${screen.theme}.png`;
      await page.screenshot({ path: join('build', 'site-screens', file) });
    }
  });
}
