// How much an image says: the levels of MirageOS's -l, most important first.

export const ERROR: u32 = 0;
export const WARNING: u32 = 1;
export const INFO: u32 = 2;
export const DEBUG: u32 = 3;
/** No level has this name. */
export const UNKNOWN: u32 = 4;

/** The level called `name`. */
export function levelOf(name: string): u32 {
  if (name == 'error') return ERROR;
  if (name == 'warning') return WARNING;
  if (name == 'info') return INFO;
  if (name == 'debug') return DEBUG;
  return UNKNOWN;
}
