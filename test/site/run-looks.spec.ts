// Run in the page: every state legible and usable for everybody, on a desk and on a phone, in light and in dark; with pictures.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { join } from 'node:path';
import { partsOf, type FakeLab } from './fake-lab.ts';
import { box, LAB, letIn, part, pressRun, ready, runButton } from './reader.ts';
import { fits, turn, type Screen } from './screens.ts';
import { expect, test } from './watch.ts';

const SCREENS: readonly Screen[] = [
  { name: 'desktop', theme: 'light' },
  { name: 'desktop', theme: 'dark' },
  { name: 'phone', theme: 'dark' },
  { name: 'phone', theme: 'light' },
];

/** Brings the page to a state, and returns what of it is to be seen. */
const STATES: Readonly<Record<string, (page: Page, lab: FakeLab) => Promise<void>>> = {
  async waiting(page, lab) {
    await runButton(page, 'list').click();
    await lab.hears({ type: 'run', part: 'list' });
    lab.say({ type: 'machine', state: 'waiting', place: 2, why: 'all machines are in use' });
  },
  async running(page, lab) {
    await pressRun(page, lab, 'list');
    lab.say({ type: 'output', part: 'list', text: 'IMAGE         TENDER  BYTES   DEVICES\nhello.hvt ' });
  },
  async green(page, lab) {
    await pressRun(page, lab, 'list');
    lab.say({ type: 'output', part: 'list', text: 'IMAGE         TENDER  BYTES   DEVICES\n' });
    lab.passes('list');
    lab.say({ type: 'lab', lab: LAB, parts: partsOf(LAB, { list: { state: 'passed', here: true } }) });
    await part(page, 'list').getByText('What it printed').click();
  },
  async red(page, lab) {
    await pressRun(page, lab, 'inspect');
    lab.say({ type: 'output', part: 'inspect', text: 'tender   kittiwake-hvt\ndevices\n' });
    lab.say({
      ...{ type: 'ended', part: 'inspect', outcome: 'failed', exit: 1, durationMs: 1312 },
      causes: ['it ended with exit status 1, expected was 0', 'it printed something else than expected'],
      rows: [
        { kind: 'missing', expected: 'tender   kittiwake-hvt (ABI version 2, x86_64)' },
        { kind: 'unexpected', got: 'tender   kittiwake-hvt' },
        { kind: 'same', expected: 'devices', got: ['devices'] },
        { kind: 'missing', expected: '  none' },
      ],
    });
    lab.say({
      ...{ type: 'lab', lab: LAB },
      parts: partsOf(LAB, { list: { state: 'skipped' }, inspect: { state: 'failed', here: true } }),
    });
  },
  async terminal(page, lab) {
    lab.draw(
      '\x1b[1;32moperator@lab:~$\x1b[m kittiwake run hello.hvt\r\n\x1b[31m✗ run\x1b[m \x1b[2m(1.2 s)\x1b[m\r\n',
    );
    lab.draw('\x1b[34mblue\x1b[m \x1b[33myellow\x1b[m \x1b[35mmagenta\x1b[m \x1b[36mcyan\x1b[m $ ');
    await box(page).getByRole('button', { name: 'Terminal' }).click();
    await expect(page.locator('.xterm-rows')).toContainText('cyan');
  },
  async lost(_, lab) {
    lab.away = true;
    await lab.close(1001);
  },
};

for (const [name, bring] of Object.entries(STATES)) {
  test(`a page that is ${name} is for everybody, on a desk and on a phone, in light and in dark`, async ({
    page,
  }) => {
    await turn(page, { name: 'desktop', theme: 'light' });
    const lab = await letIn(page, ready());
    await bring(page, lab);
    for (const screen of SCREENS) {
      await turn(page, screen);
      await fits(page, screen);
      // The rest of the page is looked at without a lab server.
      const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
      for (const place of ['.lab-run', '[data-part="list"]', '[data-part="inspect"]', '.dock'])
        axe.include(place);
      const { violations } = await axe.analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      expect(found, `${screen.name} in ${screen.theme}`).toEqual([]);
      await page.evaluate(() => document.querySelector('.lab-run')?.scrollIntoView({ block: 'center' }));
      const file = `run-${name}-${screen.name}-${screen.theme}.png`;
      await page.screenshot({ path: join('build', 'site-screens', file) });
    }
  });
}
