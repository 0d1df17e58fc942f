// Every page: legible and usable for everybody, on a desk and on a phone, in light and in dark; with a picture of each layout.
import AxeBuilder from '@axe-core/playwright';
import { join } from 'node:path';
import { pages } from './pages.ts';
import { fits, turn, type Screen } from './screens.ts';
import { expect, test } from './watch.ts';

/** Contrast is all that the theme changes: the other rules need one look at each layout. */
const LOOKS: readonly (Screen & { readonly rules: 'all' | 'contrast' })[] = [
  { name: 'desktop', theme: 'light', rules: 'all' },
  { name: 'desktop', theme: 'dark', rules: 'contrast' },
  { name: 'phone', theme: 'dark', rules: 'all' },
  { name: 'phone', theme: 'light', rules: 'contrast' },
];

for (const path of [...pages, '/404.html']) {
  test(`${path} is for everybody, on a desk and on a phone, in light and in dark`, async ({ page }) => {
    await turn(page, { name: 'desktop', theme: 'light' });
    await page.goto(path);
    // What is folded away is to be as legible as the rest.
    await page.evaluate(() =>
      document.querySelectorAll<HTMLDetailsElement>('main details').forEach((one) => (one.open = true)),
    );
    for (const { rules, ...screen } of LOOKS) {
      await turn(page, screen);
      await fits(page, screen);
      // No page has frames of others, and only violations are told of: a third of the time.
      const axe = new AxeBuilder({ page }).setLegacyMode().options({
        resultTypes: ['violations'],
        ...(rules === 'contrast' && { runOnly: ['color-contrast'] }),
      });
      const { violations } = await axe.analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      expect(found, `${screen.name} in ${screen.theme}`).toEqual([]);

      if (rules !== 'all') continue;
      const name = path.replaceAll('/', '-').replace(/^-|-$/g, '') || 'home';
      await page.screenshot({
        path: join('build', 'site-screens', `${name}-${screen.name}-${screen.theme}.png`),
        fullPage: true,
      });
    }
  });
}
