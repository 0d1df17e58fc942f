// Before the browser tests: serves the built pages as `npm start` does, at a port that is free.
import { serveSite } from '../../scripts/site.ts';

/** Playwright's workers inherit the environment; playwright.config.ts reads this as its base URL. */
export default async function serve(): Promise<() => Promise<void>> {
  const { url, close } = await serveSite({ port: 0 });
  process.env['KITTIWAKE_SITE_URL'] = url;
  return close;
}
