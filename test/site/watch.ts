// A page that reports what must not happen on any page: console errors, exceptions, requests to other hosts.
import { test as base, expect } from '@playwright/test';
import { LAB_PATH } from '../../labs/server/protocol.ts';

/**
 * A page may ask whether there is a workshop, and what serves it here knows pages only. A route that answers instead would be one for all requests:
 * the browser holds each until it hears from the test.
 */
const asksForWorkshop = (url: string): boolean => URL.parse(url)?.pathname === LAB_PATH;

export const test = base.extend<{ watched: undefined }>({
  watched: [
    async ({ page, baseURL }, use) => {
      const problems: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error' && !asksForWorkshop(message.location().url))
          problems.push(`console: ${message.text()}`);
      });
      page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
      page.on('request', (request) => {
        if (!request.url().startsWith(String(baseURL)) && !request.url().startsWith('data:')) {
          problems.push(`foreign request: ${request.url()}`);
        }
      });
      page.on('response', (response) => {
        if (response.status() >= 400 && !asksForWorkshop(response.url()))
          problems.push(`${response.status()}: ${response.url()}`);
      });
      await use(undefined);
      expect(problems).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
