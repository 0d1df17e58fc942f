// The handbook in Debian's Chromium, served as `npm start` serves it, or by the unikernel (see scripts/site/browser-tests.ts).
import { defineConfig } from '@playwright/test';
import { SITE_VARIABLES } from './scripts/site/browser-tests.ts';

/** Where test/site/serve.ts serves; only the workers know, which load this after it has begun. */
const url = process.env['KITTIWAKE_SITE_URL'] ?? 'http://127.0.0.1/';
/**
 * Eight machines at once: alone, and last, or the pages beside it wait longer than any test may take. `npx playwright test --no-deps workshop-vm`
 * runs nothing else.
 */
const CROWD = 'workshop-vm.spec.ts';
const report = process.env[SITE_VARIABLES.image] === undefined ? 'site' : 'website';

export default defineConfig({
  testDir: 'test/site',
  projects: [
    { name: 'pages', testMatch: '*.spec.ts', testIgnore: CROWD },
    { name: 'crowd', testMatch: CROWD, dependencies: ['pages'] },
  ],
  globalSetup: './test/site/serve.ts',
  outputDir: 'build/test-results',
  forbidOnly: true,
  retries: 0,
  workers: 2,
  fullyParallel: true,
  // The longest page takes 30 s where the machine has other things to do: accessibility rules, and a picture of all of it.
  timeout: 180_000,
  // And a page, or what moves in it, comes when it can.
  expect: { timeout: 30_000 },
  reporter: [['list'], ['json', { outputFile: `build/reports/${report}.json` }]],
  use: {
    baseURL: url,
    permissions: ['clipboard-read', 'clipboard-write'],
    // Not a trace: what it records of each step takes a fifth of the time.
    screenshot: 'only-on-failure',
    launchOptions: {
      // Not Debian's wrapper script, which reads settings of whoever runs it.
      executablePath: '/usr/lib/chromium/chromium',
      args: [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
        // The browser's own errands would be foreign requests too.
        `--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE ${new URL(url).hostname}`,
        // Only there may a page use the clipboard; this machine's own addresses are, the unikernel's is not.
        `--unsafely-treat-insecure-origin-as-secure=${new URL(url).origin}`,
      ],
    },
  },
});
