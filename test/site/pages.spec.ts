// Every page: renders, on a desk and on a phone, in light and in dark, for everybody.
import AxeBuilder from '@axe-core/playwright';
import { join } from 'node:path';
import { pages } from './pages.ts';
import { expect, test } from './watch.ts';

const SCREENS = [
  { name: 'desktop', width: 1280, height: 900 },
  { name: 'phone', width: 390, height: 844 },
] as const;

for (const path of [...pages, '/404.html']) {
  for (const { name, width, height } of SCREENS) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`${path} on a ${name} in ${colorScheme}`, async ({ page }) => {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height });
        await page.goto(path);
        await expect(page.locator('h1')).toHaveCount(1);
        await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme);
        // What is folded away is to be as legible as the rest.
        await page.evaluate(() =>
          document.querySelectorAll<HTMLDetailsElement>('main details').forEach((one) => (one.open = true)),
        );
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow, 'nothing is wider than the screen').toBeLessThanOrEqual(0);

        const { violations } = await new AxeBuilder({ page }).analyze();
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual(
          [],
        );

        const file = `${path.replaceAll('/', '-').replace(/^-|-$/g, '') || 'home'}-${name}-${colorScheme}.png`;
        await page.screenshot({
          path: join('build', 'site-screens', file),
          fullPage: true,
        });
      });
    }
  }
}
