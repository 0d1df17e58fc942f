// The words of a `#: part` line: a name, and what is particular about the part.

/** Whose shell a part runs in. */
export const USERS = ['operator', 'root'] as const;
export type User = (typeof USERS)[number];

/** The host name of a lab's machine, or of the first of two. */
export const MACHINE = 'lab';

/** When something that goes on in the background is ready: it has printed a line, or takes connections at a TCP port. */
export type Ready = { readonly line: RegExp } | { readonly port: number };

export interface PartOptions {
  /** The exit status the part must end with, 0 to 255, or any other than 0 where its message is what counts. */
  readonly exit: number | 'failure';
  /** The most it may take, in seconds, 1 to 300. */
  readonly budget: number;
  /** The part restarts the machine: what follows runs in a new shell. */
  readonly restarts: boolean;
  /** It is run again and again until it does what is expected of it, within its budget. */
  readonly until: boolean;
  /** It is to do so that many times in a row, 1 to 20. */
  readonly times: number;
  /** The machine it runs on. */
  readonly on: string;
  readonly user: User;
  /** The directory its shell goes to before it; without one, it stays where it is. */
  readonly in?: string;
  /** It starts something that goes on when the part is over, which is when that is ready. */
  readonly ready?: Ready;
}

/** What a `#: part` line of a recording says: how the part ended. */
export interface RecordedOptions {
  readonly exit: number;
  /** The directory it left its shell in, where that is another than it began in; `…` where any will do. */
  readonly endsIn?: string;
}

const DEFAULTS: PartOptions = {
  exit: 0,
  budget: 20,
  restarts: false,
  until: false,
  times: 1,
  on: MACHINE,
  user: 'operator',
};
const PART_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** A directory as a prompt shows it, which no shell reads in another way. */
const DIRECTORY = /^(?:~|\/|(?:~|)(?:\/[\w@%+.,:-]+)+)$/;

/** The options of a part, as messages and the handbook list them. */
export const PART_OPTIONS: readonly { readonly form: string; readonly meaning: string }[] = [
  { form: 'exit=0…255', meaning: 'The exit status it must end with. Without it, 0.' },
  {
    form: 'expect-fail',
    meaning: 'It is an error to show: it must end with any other status than 0, and with its message.',
  },
  {
    form: 'budget=1s…300s',
    meaning: 'The most it may take; without it 20 s. Three times as much where the processor is emulated.',
  },
  { form: 'until', meaning: 'It is run again and again until it does what is expected, within its budget.' },
  { form: 'times=1…20', meaning: 'With until: so many times in a row.' },
  { form: 'restarts', meaning: 'It restarts the machine; what follows runs in new shells.' },
  {
    form: 'ready=/REGEX/',
    meaning: 'It goes on in the background, and the part is over when it has printed such a line.',
  },
  { form: 'ready=:PORT', meaning: 'The same, when it takes connections at that TCP port.' },
  { form: 'on=MACHINE', meaning: 'It runs on that machine, where a lab has two.' },
  { form: 'user=root', meaning: "It runs in root's shell, beside the user's." },
  { form: 'in=DIR', meaning: 'Its shell goes to that directory before it, and stays there.' },
];
export const PART_FORMS: readonly string[] = PART_OPTIONS.map(({ form }) => form);

/** The most a lab's parts may take together, in seconds, where it does not say. */
export const LAB_BUDGET = 300;
const LAB_BUDGET_MAX = 3600;

type Fail = (what: string) => never;

function splitMarker(rest: string, fail: Fail): { readonly name: string; readonly words: readonly string[] } {
  const [name = '', ...words] = rest.trim().split(/\s+/);
  if (!PART_NAME.test(name)) fail(`'${name}' is no part name; use lower-case letters, digits and hyphens`);
  return { name, words };
}

/** What a `#: lab` line says after that word: a title, and perhaps a budget. Calls `fail` with what is wrong. */
export function parseLabMarker(
  rest: string,
  fail: Fail,
): { readonly title: string; readonly budget: number } {
  const [, title = '', given] = /^(.*?)(?:(?:^|\s+)budget=(\S*))?$/.exec(rest.trim()) ?? [];
  if (given === undefined) return { title, budget: LAB_BUDGET };
  const budget = /^\d{1,4}s$/.test(given) ? parseInt(given, 10) : 0;
  if (budget < 1 || budget > LAB_BUDGET_MAX)
    fail(`'budget=${given}' is no budget of a lab; there are 1s…${LAB_BUDGET_MAX}s`);
  return { title, budget };
}

/** What a `#: part` line of a script says after those two words. Calls `fail` with what is wrong; `forms` are what it says there are. */
export function parsePartMarker(
  rest: string,
  fail: Fail,
  forms = PART_FORMS,
): { readonly name: string; readonly options: PartOptions } {
  const { name, words } = splitMarker(rest, fail);
  const given: { -readonly [K in keyof PartOptions]?: PartOptions[K] } = {};
  for (const word of words) {
    const [, key = '', value = ''] = /^([a-z]+)=(.+)$/.exec(word) ?? [];
    const [, digits, unit = ''] = /^(\d{1,3})(s?)$/.exec(value) ?? [];
    const number = digits === undefined ? NaN : Number(digits);
    if (word === 'restarts' || word === 'until') given[word] = true;
    else if (word === 'expect-fail' && given.exit === undefined) given.exit = 'failure';
    else if (key === 'exit' && unit === '' && number <= 255 && given.exit === undefined) given.exit = number;
    else if (key === 'budget' && unit === 's' && number >= 1 && number <= 300) given.budget = number;
    else if (key === 'times' && unit === '' && number >= 1 && number <= 20) given.times = number;
    else if (key === 'on' && PART_NAME.test(value)) given.on = value;
    else if (word === 'user=root') given.user = 'root';
    else if (key === 'in' && DIRECTORY.test(value)) given.in = value;
    else if (key === 'ready') given.ready = parseReady(value) ?? fail(`'${word}' is no sign; ${SIGNS}`);
    else if (given.exit !== undefined && (key === 'exit' || word === 'expect-fail'))
      fail(`'${word}': how the part ends is said already; give 'exit=N' or 'expect-fail', not both`);
    else fail(`'${word}' is no part option; there are ${forms.join(', ')}`);
  }
  if (given.times !== undefined && !given.until)
    fail(`'times' says how often in a row 'until' is to be met; give both`);
  if (given.until && given.restarts)
    fail(`a part that restarts the machine is run once; 'until' is not for it`);
  if (given.ready && (given.until || given.restarts || given.exit !== undefined))
    fail(`what goes on in the background neither ends nor is run again; 'ready' is alone with it`);
  return { name, options: { ...DEFAULTS, ...given } };
}

/** What `#: prepare` and `#: restore` say after that word: of a part's options only where it runs, and for how long. */
export function parseSectionMarker(rest: string, fail: Fail): PartOptions {
  const { options } = parsePartMarker(`section ${rest}`, fail);
  const { exit, until, restarts, ready, in: directory } = options;
  if (exit !== 0 || until || restarts || ready || directory !== undefined || options.on !== MACHINE)
    fail(`'${rest.trim()}': these sections may only have budget=1s…300s and user=root`);
  return options;
}

/** What `#: machine` says after that word: a host name. */
export function parseMachineMarker(rest: string, fail: Fail): string {
  const name = rest.trim();
  if (!PART_NAME.test(name) || name.length > 32 || name === MACHINE)
    fail(
      `'${name}' is no name for another machine than ${MACHINE}; use lower-case letters, digits and hyphens`,
    );
  return name;
}

const SIGNS = 'give /REGEX/, where \\s is a blank, or :PORT';

function parseReady(value: string): Ready | undefined {
  const [, port = '', regex = ''] = /^(?::(\d{1,5})|\/(.+)\/)$/.exec(value) ?? [];
  if (port !== '') return Number(port) >= 1 && Number(port) <= 65_535 ? { port: Number(port) } : undefined;
  try {
    return regex === '' ? undefined : { line: new RegExp(regex, 'mu') };
  } catch {
    return undefined;
  }
}

/** What a `#: part` line of a recording says after those two words. Calls `fail` with what is wrong. */
export function parseRecordedMarker(
  rest: string,
  fail: Fail,
): { readonly name: string; readonly recorded: RecordedOptions } {
  const { name, words } = splitMarker(rest, fail);
  let exit: number | undefined;
  let endsIn: string | undefined;
  for (const word of words) {
    const [, status] = /^exit=(\d{1,3})$/.exec(word) ?? [];
    const [, directory] = /^ends-in=(.+)$/.exec(word) ?? [];
    if (status !== undefined && Number(status) <= 255) exit = Number(status);
    else if (directory !== undefined && DIRECTORY.test(directory)) endsIn = directory;
    else fail(`'${word}' is nothing a recording says of a part; there are exit=0…255 and ends-in=DIR`);
  }
  exit ??= fail(`part '${name}' has no exit=N`);
  return { name, recorded: endsIn === undefined ? { exit } : { exit, endsIn } };
}

/** Whether a part that is to end by `expected` may end with status `exit`. */
export function endsWell(expected: PartOptions['exit'], exit: number): boolean {
  return expected === 'failure' ? exit !== 0 : exit === expected;
}
