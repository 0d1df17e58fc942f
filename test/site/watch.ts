// A page that reports what must not happen on any page: console errors, exceptions, requests to other hosts.
import { test as base, expect } from '@playwright/test';
import { ENTRANCE, LAB_PATH } from '../../labs/server/protocol.ts';

export const test = base.extend<{ watched: undefined }>({
  watched: [
    async ({ page, baseURL }, use) => {
      const problems: string[] = [];
      // A page may ask whether there is a workshop; here there is none.
      await page.route(`**${LAB_PATH}`, (route) => route.fulfill({ json: ENTRANCE }));
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(`console: ${message.text()}`);
      });
      page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
      page.on('request', (request) => {
        if (!request.url().startsWith(String(baseURL)) && !request.url().startsWith('data:')) {
          problems.push(`foreign request: ${request.url()}`);
        }
      });
      page.on('response', (response) => {
        if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
      });
      await use(undefined);
      expect(problems).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
