// What the page keeps in this browser, each thing under one name. A browser that keeps nothing for pages is no obstacle: all of it can be done without.
const KEYS = {
  /** Lets this browser in at the lab server; each start of that makes another. */
  token: 'kittiwake.lab.token',
  /** Who we are to the lab server. */
  reader: 'kittiwake.lab.reader',
  /** The name we joined a workshop with. */
  attendee: 'kittiwake.lab.attendee',
  progress: 'kittiwake.lab.progress',
  terminal: 'kittiwake.lab.terminal',
} as const;

export type Kept = keyof typeof KEYS;

export function recall(what: Kept): string | undefined {
  try {
    return localStorage.getItem(KEYS[what]) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keep(what: Kept, value: string): void {
  try {
    localStorage.setItem(KEYS[what], value);
  } catch {
    // Full, or forbidden: it lasts as long as the page.
  }
}

export function forget(what: Kept): void {
  try {
    localStorage.removeItem(KEYS[what]);
  } catch {
    // As above.
  }
}
