// What a page of a workshop keeps as long as its tab is open. A browser that keeps nothing for pages is no obstacle.
const KEYS = {
  /** Lets the presenter's page in; each start makes another. */
  presenter: 'kittiwake.workshop.presenter',
  /** For the next try to join, which is another page. */
  name: 'kittiwake.workshop.name',
} as const;

type Kept = keyof typeof KEYS;

export function recall(what: Kept): string | undefined {
  try {
    return sessionStorage.getItem(KEYS[what]) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keep(what: Kept, value: string): void {
  try {
    sessionStorage.setItem(KEYS[what], value);
  } catch {
    // Full, or forbidden: it lasts as long as the page.
  }
}

export function forget(what: Kept): void {
  try {
    sessionStorage.removeItem(KEYS[what]);
  } catch {
    // As above.
  }
}
