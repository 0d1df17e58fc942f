// Where a page is looked at: on a desk and on a phone, in light and in dark; once loaded, it follows the screen and the theme.
import type { Page } from '@playwright/test';
import { expect } from './watch.ts';

export interface Screen {
  readonly name: 'desktop' | 'phone';
  readonly theme: 'light' | 'dark';
}

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;

/** Turns the page, or the one that is loaded next, to `screen`. */
export async function turn(page: Page, { name, theme }: Screen): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await page.setViewportSize(SIZES[name]);
}

/** The page on `screen` has its theme, and nothing on it is wider. */
export async function fits(page: Page, screen: Screen): Promise<void> {
  const { name, theme } = screen;
  await expect(page.locator('html'), `on a ${name}`).toHaveAttribute('data-theme', theme);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow, `nothing is wider than a ${name} in ${theme}`).toBeLessThanOrEqual(0);
}
