// Every page: arrives whole in a browser that knows nothing yet, and fits each screen.
import { readFileSync } from 'node:fs';
import type { Response } from '@playwright/test';
import { LAB_PATH } from '../../labs/server/protocol.ts';
import { resolvePath } from '../../scripts/site/files.ts';
import { siteFolder } from '../../scripts/site/build.ts';
import { pages } from './pages.ts';
import { fits, turn, type Screen } from './screens.ts';
import { expect, test } from './watch.ts';

/** The first is there when the page is loaded, so that what waits for a change is not all that is tried. */
const SCREENS: readonly Screen[] = [
  { name: 'phone', theme: 'dark' },
  { name: 'phone', theme: 'light' },
  { name: 'desktop', theme: 'light' },
  { name: 'desktop', theme: 'dark' },
];

for (const path of [...pages, '/404.html']) {
  test(`${path} arrives as it was built, and fits on a desk and on a phone`, async ({ page }) => {
    const arrived: { readonly path: string; readonly bytes: Promise<Buffer> }[] = [];
    const arrives = (response: Response): void => {
      const { origin, pathname } = new URL(response.url());
      // 'null' is what the page itself holds, as data:
      if (origin !== 'null' && pathname !== LAB_PATH)
        arrived.push({ path: pathname, bytes: response.body() });
    };
    page.on('response', arrives);
    // The search is fetched when the browser has nothing else to do. On a busy machine that may be never.
    await page.addInitScript(() => {
      window.requestIdleCallback = (run) => window.setTimeout(run);
    });
    for (const [index, screen] of SCREENS.entries()) {
      await turn(page, screen);
      if (index === 0) await page.goto(path);
      // What is folded away is to fit, too.
      await page.evaluate(() =>
        document.querySelectorAll<HTMLDetailsElement>('main details').forEach((one) => (one.open = true)),
      );
      await fits(page, screen);
    }
    await expect(page.locator('h1')).toHaveCount(1);
    // The search comes last; nobody would wait for the bytes of what came after this.
    await expect(page.locator('#starlight__search:empty')).toHaveCount(0);
    page.off('response', arrives);

    expect(arrived.map((one) => one.path)).toContain(path);
    for (const { path: asked, bytes } of arrived) {
      const built = await resolvePath(siteFolder, asked);
      expect('file' in built && readFileSync(built.file).equals(await bytes), asked).toBe(true);
    }
  });
}
