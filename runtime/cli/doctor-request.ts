// The command line of kittiwake doctor: what is ours, and what is a command line of kittiwake run's.
import { CommandError, EXIT } from './errors.ts';
import { printable } from './printable.ts';
import { isInterfaceName } from '../network/model.ts';
import { parseAddress } from '../network/ip.ts';

const VALUES = ['tap', 'address', 'gateway', 'reach', 'state'] as const;
const FLAGS = ['json', 'routed'] as const;
/** What says nothing about the host as a whole. */
const WAY = ['address', 'gateway', 'reach', 'routed'] as const;
type ValueName = (typeof VALUES)[number];
type FlagName = (typeof FLAGS)[number];

export type DoctorRequest = Partial<Record<ValueName, string>> &
  Partial<Record<FlagName, true>> & {
    /** What is left: a network, or an image with whatever `run` takes. */
    readonly rest: readonly string[];
  };

/** @throws CommandError `usage` */
export function parseDoctor(args: readonly string[]): DoctorRequest {
  const found: Partial<Record<ValueName, string>> & Partial<Record<FlagName, true>> = {};
  const rest: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '--') {
      rest.push(...args.slice(at));
      break;
    }
    const [option = '', value] = /^--([a-z]+)(?:=(.*))?$/s.exec(word)?.slice(1) ?? [];
    const flag = FLAGS.find((name) => name === option);
    const named = VALUES.find((name) => name === option);
    if (flag && value === undefined) found[flag] = true;
    else if (named) found[named] = checked(named, value ?? args[++at]);
    else rest.push(word);
  }
  const [alone] = WAY.filter((name) => found[name] !== undefined);
  if (rest.length === 0 && found.tap === undefined && alone)
    throw new CommandError(
      EXIT.usage,
      `option '--${alone}': it is about one unikernel's way; name a network, a unikernel's address, or a tap by --tap`,
    );
  return { ...found, rest };
}

function checked(name: ValueName, value: string | undefined): string {
  const wrong = (what: string): CommandError =>
    new CommandError(EXIT.usage, `option '--${name}': ${what}; see 'kittiwake doctor --help'`);
  if (value === undefined || value === '') throw wrong('has no value');
  if (name === 'tap' && !isInterfaceName(value))
    throw wrong(`'${printable(value)}' is not an interface's name`);
  if (name !== 'tap' && name !== 'state' && !parseAddress(value))
    throw wrong(`'${printable(value)}' is not an address; write it as 10.0.0.2 or fd00::2, without a prefix`);
  return value;
}
