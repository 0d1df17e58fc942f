// Before the browser tests: serves the built pages as `npm start` does, at a port that is free, or by the unikernel that the
// environment names.
import { SITE_VARIABLES } from '../../scripts/site/browser-tests.ts';
import { serveSite } from '../../scripts/site.ts';
import { serveUnikernel } from '../../scripts/site/unikernel.ts';

/** Playwright's workers inherit the environment; playwright.config.ts reads KITTIWAKE_SITE_URL as its base URL. */
export default async function serve(): Promise<() => Promise<void>> {
  const image = process.env[SITE_VARIABLES.image];
  const runtime = process.env[SITE_VARIABLES.runtime] ?? '';
  const archive = process.env[SITE_VARIABLES.archive] ?? '';
  const { url, close } =
    image === undefined
      ? await serveSite({ port: 0 })
      : await serveUnikernel({ runtime, image, archive, at: 'own tap', args: ['--no-access-log'] });
  process.env['KITTIWAKE_SITE_URL'] = url;
  return close;
}
