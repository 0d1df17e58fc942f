// The words of a `#: part` line: a name, and what is particular about the part.

export interface PartOptions {
  /** The exit status the part must end with, 0 to 255. */
  readonly exit: number;
  /** The most it may take, in seconds, 1 to 300. */
  readonly budget: number;
  /** The part restarts the machine: what follows runs in a new shell. */
  readonly restarts: boolean;
  /** It is run again and again until it does what is expected of it, within its budget. */
  readonly until: boolean;
  /** It is to do so that many times in a row, 1 to 20. */
  readonly times: number;
}

const DEFAULTS: PartOptions = { exit: 0, budget: 20, restarts: false, until: false, times: 1 };
const PART_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const THERE_ARE = 'there are exit=0…255, budget=1s…300s, until, times=1…20 and restarts';

/** What a `#: part` line says after those two words; `given` has what it says of itself. Calls `fail` with what is wrong. */
export function parsePartMarker(
  rest: string,
  fail: (what: string) => never,
): { readonly name: string; readonly given: Partial<PartOptions>; readonly options: PartOptions } {
  const [name = '', ...words] = rest.trim().split(/\s+/);
  if (!PART_NAME.test(name)) fail(`'${name}' is no part name; use lower-case letters, digits and hyphens`);
  const given: { -readonly [K in keyof PartOptions]?: PartOptions[K] } = {};
  for (const word of words) {
    const [, key = '', digits = '', unit = ''] = /^([a-z]+)=(\d{1,3})(s?)$/.exec(word) ?? [];
    const value = Number(digits);
    if (word === 'restarts' || word === 'until') given[word] = true;
    else if (key === 'exit' && unit === '' && value <= 255) given.exit = value;
    else if (key === 'budget' && unit === 's' && value >= 1 && value <= 300) given.budget = value;
    else if (key === 'times' && unit === '' && value >= 1 && value <= 20) given.times = value;
    else fail(`'${word}' is no part option; ${THERE_ARE}`);
  }
  if (given.times !== undefined && !given.until)
    fail(`'times' says how often in a row 'until' is to be met; give both`);
  if (given.until && given.restarts)
    fail(`a part that restarts the machine is run once; 'until' is not for it`);
  return { name, given, options: { ...DEFAULTS, ...given } };
}
