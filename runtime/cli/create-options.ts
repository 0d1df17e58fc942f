// The command line of kittiwake create.
import { parseArgs } from 'node:util';
import type { Config } from '../protocol/config.ts';
import { ASKING, numberOf, numbersOf, operandsOf, type Where } from './daemon-words.ts';
import type { Limits } from '../protocol/limits.ts';
import { LIMITING, limitsOf } from './limit-options.ts';
import { CommandError, EXIT } from './errors.ts';
import { printable } from './printable.ts';

/** MB where nothing is said. */
export const MEMORY = 64;
/** What a crash ends with: an uncaught exception of MirageOS's, a fault of any guest. */
export const CRASHES = [2, 255];

export interface Creation {
  readonly name: string;
  readonly image: string;
  readonly replace: boolean;
  readonly json: boolean;
  readonly where: Where;
  /** Undefined: all that the policies allow. */
  readonly cpus: readonly number[] | undefined;
  /** Undefined: none was named. */
  readonly limits: Limits | undefined;
  readonly config: Omit<Config, 'image' | 'compressed' | 'cpuids'>;
}

/** An option that says which device it is about: `--net:service=br0`. */
const DEVICE_OPTION = /^--(net|net-mac|block|block-sector-size):([^=]+)=([^]+)$/;

/** Values of device options, by device, for each option. */
function deviceOptions(words: readonly string[]): {
  readonly given: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly rest: string[];
} {
  const given = new Map<string, Map<string, string>>();
  const rest: string[] = [];
  for (const word of words) {
    const [, option = '', device = '', value = ''] = DEVICE_OPTION.exec(word) ?? [];
    if (option === '') {
      if (/^--(net|net-mac|block|block-sector-size)\b/.test(word))
        throw new CommandError(
          EXIT.usage,
          `option '${printable(word)}': incomplete; write it in one word, like --net:service=BRIDGE or --block:data=DEVICE`,
        );
      rest.push(word);
      continue;
    }
    const values = given.get(option) ?? new Map<string, string>();
    if (values.has(device))
      throw new CommandError(EXIT.usage, `option '${printable(word)}': given twice; leave one out`);
    given.set(option, values.set(device, value));
  }
  return { given, rest };
}

function failBehaviour(text: string | undefined): Config['failBehaviour'] {
  if (text === 'no') return { kind: 'quit' };
  if (text === undefined) return { kind: 'restart', value: CRASHES };
  return { kind: 'restart', value: text === 'always' ? [] : numbersOf('--restart', text) };
}

/** @throws CommandError, or an error of parseArgs, for what makes no sense. */
export function parseCreation(args: readonly string[]): Creation {
  const end = args.indexOf('--');
  const guest = end < 0 ? [] : args.slice(end + 1);
  const { given, rest } = deviceOptions(end < 0 ? args : args.slice(0, end));
  const { values, positionals } = parseArgs({
    args: rest,
    allowPositionals: true,
    options: {
      ...ASKING,
      mem: { type: 'string' },
      cpu: { type: 'string' },
      restart: { type: 'string' },
      'start-order': { type: 'string' },
      ...LIMITING,
      'add-name': { type: 'boolean' },
      replace: { type: 'boolean' },
    },
  });
  const [name = '', image = ''] = operandsOf('create', ['NAME', 'IMAGE'], positionals);
  const of = (option: string): ReadonlyMap<string, string> => given.get(option) ?? new Map<string, string>();
  for (const [option, device] of [
    ['net-mac', 'net'],
    ['block-sector-size', 'block'],
  ] as const) {
    const lost = [...of(option).keys()].find((key) => !of(device).has(key));
    if (lost !== undefined)
      throw new CommandError(
        EXIT.usage,
        `option '--${option}:${printable(lost)}': there is no --${device}:${printable(lost)}`,
      );
  }
  const order = values['start-order'];
  return {
    ...{ name, image, replace: values.replace ?? false, json: values.json ?? false, where: values },
    limits: limitsOf(values),
    cpus: values.cpu === undefined ? undefined : numbersOf('--cpu', values.cpu),
    config: {
      typ: 'solo5',
      addName: values['add-name'] ?? false,
      failBehaviour: failBehaviour(values.restart),
      memory: values.mem === undefined ? MEMORY : numberOf('--mem', values.mem),
      ...(order === undefined ? {} : { startup: numberOf('--start-order', order) }),
      bridges: [...of('net')].map(([device, bridge]) => {
        const mac = of('net-mac').get(device);
        return { name: device, bridge, ...(mac === undefined ? {} : { mac: checkedMac(mac) }) };
      }),
      blocks: [...of('block')].map(([device, hostDevice]) => {
        const sector = of('block-sector-size').get(device);
        const size = sector === undefined ? {} : { sectorSize: numberOf('--block-sector-size', sector) };
        return { name: device, hostDevice, ...size };
      }),
      ...(guest.length > 0 ? { arguments: guest } : {}),
      cpus: 1,
    },
  };
}

function checkedMac(text: string): string {
  if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return text.toLowerCase();
  throw new CommandError(EXIT.usage, `MAC address '${printable(text)}': write it like 02:00:00:00:00:01`);
}
