// The page where attendees join: says so where there is no workshop to join, and leads the eye to what went wrong. The form needs none of this.
import { LAB_PATH } from '../lab/connection.ts';
import { find } from '../lab/dom.ts';
import { recall as recallLab } from '../lab/storage.ts';
import { keep, recall } from './kept.ts';

/** Whether this server gives a workshop; undefined where it does not answer at all, which says nothing. */
async function isWorkshop(): Promise<boolean | undefined> {
  try {
    const answer = await fetch(LAB_PATH, { cache: 'no-store' });
    if (!answer.ok) return false;
    const entrance: unknown = await answer.json().catch(() => undefined);
    return typeof entrance === 'object' && entrance !== null && 'workshop' in entrance;
  } catch {
    return undefined;
  }
}

/** The sentence that the address names has the focus, so that it is read first. */
function showWhy(): void {
  if (location.hash.startsWith('#why=')) document.getElementById(location.hash.slice(1))?.focus();
}

const page = find(document, '[data-join]');
const form = find(page, '[data-join-form]');
const name = find(page, '#join-name') as HTMLInputElement;

showWhy();
window.addEventListener('hashchange', showWhy);
find(page, '[data-join-again]').hidden = recallLab('token') === undefined;
if (name.value === '') name.value = recall('name') ?? '';
form.addEventListener('submit', () => keep('name', name.value));
void isWorkshop().then((there) => {
  form.hidden = there === false;
  find(page, '[data-join-absent]').hidden = there !== false;
});
