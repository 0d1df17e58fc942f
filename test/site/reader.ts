// A reader of a page that a lab server answers: where things are on it, and how a test gets there.
import type { Locator, Page } from '@playwright/test';
import { FakeLab, partsOf } from './fake-lab.ts';
import { expect } from './watch.ts';

export const LAB = 'hvt/hello';
export const PAGE = '/hvt/hello/';

export const part = (page: Page, name: string): Locator => page.locator(`[data-part="${name}"]`);
export const state = (page: Page, name: string): Locator => part(page, name).locator('.run-state');
export const runButton = (page: Page, name: string): Locator => part(page, name).locator('[data-run]');
export const box = (page: Page): Locator =>
  page.getByRole('complementary', { name: /^The lab of this page/ });
export const announced = (page: Page): Locator => page.getByRole('status');

/** The page, let in by the server of the address. */
export async function letIn(page: Page, first?: FakeLab['first']): Promise<FakeLab> {
  const lab = new FakeLab(page);
  if (first) lab.first = first;
  await lab.listen();
  await lab.open(PAGE);
  await expect(runButton(page, 'run')).toHaveAttribute('aria-disabled', 'false');
  return lab;
}

/** What a server says of a machine that is ready, and a lab in which `known` is done. */
export const ready =
  (known: Parameters<typeof partsOf>[1] = {}): FakeLab['first'] =>
  (lab) =>
    lab.say({ type: 'machine', state: 'ready' }, { type: 'lab', lab: LAB, parts: partsOf(LAB, known) });

/** Runs `name` in a machine that is there. */
export async function pressRun(page: Page, lab: FakeLab, name: string): Promise<void> {
  await runButton(page, name).click();
  await lab.hears({ type: 'run', part: name });
  lab.say({ type: 'started', part: name });
}
