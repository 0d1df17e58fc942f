// Limits of a unikernel as people type them.
import { CPU_MAX, WEIGHT_MAX, type Limits } from '../protocol/limits.ts';
import { numberOf } from './daemon-words.ts';
import { CommandError, EXIT } from './errors.ts';

export const LIMITING = { 'cpu-weight': { type: 'string' }, 'cpu-limit': { type: 'string' } } as const;
export const LIMITING_OPTIONS = ['--cpu-weight', '--cpu-limit'] as const;

export const LIMITING_HELP = `  --cpu-weight N      its share where several want more CPU than there is, as
                      against others of its path, which have 100: 1 to 10000
  --cpu-limit PERCENT the most CPU it gets: 50 is half of one, 200 are two
`;

function within(option: string, text: string, max: number): number {
  const value = numberOf(option, text);
  if (value >= 1 && value <= max) return value;
  throw new CommandError(EXIT.usage, `option '${option}': ${value} is not from 1 to ${max}`);
}

/** Undefined where none was named. @throws CommandError */
export function limitsOf(values: {
  readonly 'cpu-weight'?: string | undefined;
  readonly 'cpu-limit'?: string | undefined;
}): Limits | undefined {
  const { 'cpu-weight': weight, 'cpu-limit': limit } = values;
  if (weight === undefined && limit === undefined) return undefined;
  return {
    ...(weight === undefined ? {} : { cpuWeight: within('--cpu-weight', weight, WEIGHT_MAX) }),
    ...(limit === undefined ? {} : { cpuMax: within('--cpu-limit', limit, CPU_MAX) }),
  };
}
