// What the reports of a run count, and the names of what failed: the end of a log is often all that is kept of it.
import { readFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import type { PartResult, Results } from '../labs/runner/results.ts';

export interface Tally {
  readonly passed: number;
  readonly skipped: number;
  /** What failed, a line each. */
  readonly failures: readonly string[];
}

/** The part of Vitest's JSON report that is read. */
interface UnitReport {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    /** Failed without a failed test of its own where the file could not be loaded, or a hook failed. */
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

interface BrowserSuite {
  readonly suites?: readonly BrowserSuite[];
  readonly specs?: readonly BrowserSpec[];
}

interface BrowserSpec {
  readonly ok: boolean;
  readonly file: string;
  readonly title: string;
  readonly tests: readonly {
    readonly results: readonly { readonly errors: readonly { readonly message?: string }[] }[];
  }[];
}

/** The part of Playwright's JSON report that is read. */
interface BrowserReport extends BrowserSuite {
  readonly stats: { readonly expected: number; readonly flaky: number; readonly skipped: number };
  readonly errors?: readonly { readonly message?: string }[];
}

async function report<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}

/** Longest that a cause is told. */
const CAUSE_MAX = 300;

const linesOf = (text: string): string[] => stripVTControlCharacters(text).trim().split('\n');

const firstLine = (text = ''): string => (linesOf(text)[0] ?? '').slice(0, CAUSE_MAX);

/** The first line of what a browser test says, which only tells what was looked at, and what was seen instead. */
function whatWasSeen({ tests }: BrowserSpec): string {
  const said = tests.flatMap(({ results }) => results.flatMap(({ errors }) => errors))[0]?.message ?? '';
  const [first = '', ...rest] = linesOf(said);
  return [first, ...rest.filter((line) => line.startsWith('Received'))].join(' ').slice(0, CAUSE_MAX);
}

/** `tally`; where the program said it failed and its report does not know why, that is one more failure. */
function told(tally: Tally, ok: boolean): Tally {
  return ok || tally.failures.length > 0
    ? tally
    : { ...tally, failures: ['the run itself failed: see its output above'] };
}

/** Of Vitest's report `file`, in a project at `root`. `ok`: it exited with 0. */
export async function unitTally(file: string, root: string, ok: boolean): Promise<Tally> {
  const unit = await report<UnitReport>(file);
  const failures = unit.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const where = name.replace(`${root}/`, '');
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0 && status === 'failed') return [`${where}: ${firstLine(message)}`];
    return failed.map(
      ({ fullName, failureMessages }) => `${where}: ${fullName}: ${firstLine(failureMessages?.[0])}`,
    );
  });
  return told({ passed: unit.numPassedTests, skipped: unit.numPendingTests, failures }, ok);
}

/** How a part of a lab ended, and the end of what it printed, on one line. */
function whatWasPrinted({ exit, transcript }: PartResult): string {
  const status = exit === null ? 'no exit status' : `exit status ${exit}`;
  return `${status}, printed ${JSON.stringify(linesOf(transcript).join('\n').slice(-CAUSE_MAX))}`;
}

/** Of the lab runner's report `file`. */
export async function labTally(file: string, ok: boolean): Promise<Tally> {
  const { labs } = await report<Results>(file);
  const parts = labs.flatMap(({ lab, parts }) => parts.map((result) => ({ lab, ...result })));
  const of = (wanted: string): typeof parts => parts.filter(({ outcome }) => outcome === wanted);
  const failures = of('failed').map(
    (result) => `lab ${result.lab}, part ${result.part}: ${whatWasPrinted(result)}`,
  );
  return told({ passed: of('passed').length, skipped: of('not-run').length, failures }, ok);
}

/** Of Playwright's report `file`. A test that passed only when it was tried again has failed. */
export async function browserTally(file: string, ok: boolean): Promise<Tally> {
  const browser = await report<BrowserReport>(file);
  const specs = (suite: BrowserSuite): string[] => [
    ...(suite.specs ?? [])
      .filter(({ ok }) => !ok)
      .map((spec) => `${spec.file}: ${spec.title}: ${whatWasSeen(spec)}`),
    ...(suite.suites ?? []).flatMap(specs),
  ];
  const { expected, flaky, skipped } = browser.stats;
  const failures = [
    ...specs(browser),
    ...(browser.errors ?? []).map(({ message }) => firstLine(message)),
    ...(flaky > 0 ? [`${flaky} browser tests passed only when they were tried again`] : []),
  ];
  return told({ passed: expected, skipped, failures }, ok);
}

/** `tally` and one test more, called `name`, which has passed or not. */
export function withOne(tally: Tally, ok: boolean, name: string): Tally {
  return ok ? { ...tally, passed: tally.passed + 1 } : { ...tally, failures: [...tally.failures, name] };
}
