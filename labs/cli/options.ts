// The options of running labs, whichever handbook they are of: what parses them and what helps with them is made of one table.
import { randomInt } from 'node:crypto';
import { parseArgs, type ParseArgsOptionDescriptor } from 'node:util';

export interface Option extends ParseArgsOptionDescriptor {
  /** What stands for its value, where it takes one. */
  readonly value?: string;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

export const OPTIONS = {
  record: {
    type: 'boolean',
    default: false,
    help: 'write down what the parts print; lines with placeholders that still match stay as they are (never in CI)',
  },
  from: {
    type: 'string',
    value: 'PART',
    help: 'of one lab: begin with this part, in a machine frozen before it (which is made by running what comes first, where it is not kept)',
  },
  only: { type: 'string', value: 'PART', help: 'as --from, and end with it' },
  debug: {
    type: 'boolean',
    default: false,
    help: 'when a part fails, sit down at the machine it failed in',
  },
  watch: {
    type: 'boolean',
    default: false,
    help: 'run labs again as their files change, from the first part that is another one',
  },
  teardown: {
    type: 'boolean',
    default: false,
    help: 'look whether each machine is in the end what it was at first',
  },
  repeat: {
    type: 'string',
    value: 'N',
    help: 'run every lab N times, in an order by chance, and count how often each part passes: flakes.json',
  },
  control: {
    type: 'boolean',
    default: false,
    help: 'leave out each part once, and see whether that is noticed: control.json',
  },
  sample: { type: 'string', value: 'N', help: 'of --control: only N parts, by chance' },
  untried: {
    type: 'boolean',
    default: false,
    help: 'of --control: only parts of which nothing is known as they stand',
  },
  seed: {
    type: 'string',
    value: 'N',
    help: 'what that chance follows from (default: another one each time)',
  },
  jobs: {
    type: 'string',
    value: 'N',
    help: 'run so many labs at once (default: as many as keep the cores busy, as memory allows)',
  },
  list: { type: 'boolean', default: false, help: 'list the labs and their parts' },
  json: { type: 'boolean', default: false, help: 'print the results as JSON' },
  help: { type: 'boolean', default: false, help: 'show this' },
} as const satisfies Options;

/** What a run is asked to be. */
export interface Asked {
  readonly record: boolean;
  readonly teardown: boolean;
  /** The part to begin with, where that is not the first. */
  readonly from: string | undefined;
  /** The part to end with, where that is not the last. */
  readonly last: string | undefined;
  readonly debug: boolean;
  readonly watch: boolean;
  readonly control: boolean;
  readonly list: boolean;
  readonly json: boolean;
  readonly publish: boolean;
  /** How many labs run at once; missing for as many as keep the processors busy. */
  readonly jobs: number | undefined;
  /** Missing where each lab runs once. */
  readonly repeats: number | undefined;
  /** Of --control: how many parts. */
  readonly sample: number;
  /** Of --control: only parts of which nothing is known. */
  readonly untried: boolean;
  readonly seed: number;
}

/** The number that option `name` is given. @throws Error where it is none from `least` to `most`. */
function number(name: string, value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const given = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
  if (given >= least && given <= most) return given;
  throw new Error(`--${name} ${value}: give a number from ${least} to ${most}`);
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** What `values` ask for. @throws Error where they contradict one another. */
export function askedFor(values: Values & { publish?: boolean }): Asked {
  if (values.record && process.env['CI'])
    throw new Error('--record: never in CI, where nobody looks at what changes');
  const repeats = number('repeat', values.repeat, 1, 1000);
  if (Number(values.record) + Number(repeats !== undefined) + Number(values.control) > 1)
    throw new Error('--record, --repeat and --control: give one of them');
  const { from, only, debug, watch } = values;
  if (from !== undefined && only !== undefined) throw new Error('--from and --only: give one of them');
  const partly = from !== undefined || only !== undefined;
  if ((partly || debug || watch) && (repeats !== undefined || values.control || values.publish))
    throw new Error('--from, --only, --debug and --watch: not with --repeat, --control or --publish');
  if (only !== undefined && values.record)
    throw new Error('--only: not with --record, which writes down what follows too; use --from');
  if (debug && !(process.stdin.isTTY && process.stdout.isTTY)) throw new Error('--debug: needs a terminal');
  return {
    ...values,
    from: from ?? only,
    last: only,
    publish: values.publish ?? false,
    // A person sits down at one machine, and nothing else is said meanwhile.
    jobs: debug ? 1 : number('jobs', values.jobs, 1, 64),
    repeats,
    sample: number('sample', values.sample, 1, 100_000) ?? Infinity,
    seed: number('seed', values.seed, 0, 2 ** 32 - 1) ?? randomInt(2 ** 32),
  };
}

const WIDTH = 80;

/** The lines of help for `options`. */
export function optionsHelp(options: Options): string {
  const names = Object.entries(options).map(([name, { value }]) => `--${name}${value ? ` ${value}` : ''}`);
  const indent = Math.max(...names.map((name) => name.length)) + 4;
  return Object.values(options)
    .flatMap(({ help }, index) => {
      const lines = [''];
      for (const word of help.split(' ')) {
        const line = lines.at(-1) ?? '';
        if (indent + line.length + 1 + word.length > WIDTH) lines.push(word);
        else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
      }
      return lines.map((line, row) => (row === 0 ? `  ${names[index]}` : '').padEnd(indent) + line);
    })
    .join('\n');
}
