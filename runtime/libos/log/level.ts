// How much an image says: the levels of MirageOS's -l, most important first. A source at level n says what has level n or below.

/** Says nothing. */
export const QUIET: u32 = 0;
/** What the image is there to print; nothing else. */
export const APP: u32 = 1;
export const ERROR: u32 = 2;
export const WARNING: u32 = 3;
export const INFO: u32 = 4;
export const DEBUG: u32 = 5;
/** No level has this name. */
export const UNKNOWN: u32 = 6;

/** The level called `name`. */
export function levelOf(name: string): u32 {
  if (name == 'quiet') return QUIET;
  if (name == 'app') return APP;
  if (name == 'error') return ERROR;
  if (name == 'warning') return WARNING;
  if (name == 'info') return INFO;
  if (name == 'debug') return DEBUG;
  return UNKNOWN;
}

/** A level as it stands in a line, five characters. */
export function label(level: u32): string {
  switch (level) {
    case APP:
      return 'APP  ';
    case ERROR:
      return 'ERROR';
    case WARNING:
      return 'WARN ';
    case INFO:
      return 'INFO ';
    default:
      return 'DEBUG';
  }
}
