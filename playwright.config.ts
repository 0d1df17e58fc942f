// The handbook in Debian's Chromium, served as `npm start` serves it.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'test/site',
  testMatch: '*.spec.ts',
  globalSetup: './test/site/serve.ts',
  outputDir: 'build/test-results',
  forbidOnly: true,
  retries: 0,
  workers: 2,
  fullyParallel: true,
  timeout: 60_000,
  reporter: [['list'], ['json', { outputFile: 'build/reports/site.json' }]],
  use: {
    baseURL: process.env['KITTIWAKE_SITE_URL'],
    permissions: ['clipboard-read', 'clipboard-write'],
    trace: 'retain-on-failure',
    launchOptions: {
      // Not Debian's wrapper script, which reads settings of whoever runs it.
      executablePath: '/usr/lib/chromium/chromium',
      args: [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
        // The browser's own errands would be foreign requests too.
        '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
      ],
    },
  },
});
