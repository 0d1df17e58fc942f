// How a tender is started for a unikernel: its command line, and what of it follows from the unikernel's name.
import { macOf } from '../protocol/mac.ts';
import { formatName } from '../protocol/name.ts';
import { blockOf, type Unikernel } from './table.ts';

export interface Attached {
  /** The tap of each network device, by its name. */
  readonly taps: ReadonlyMap<string, string>;
  /** The file of each block device of the host, by its canonical name. */
  readonly blocks: ReadonlyMap<string, string>;
}

/** The arguments of the tender for a unikernel, whose image is the file `image`, with its name for an argument or without. */
export function tenderArguments(
  { name, config }: Unikernel,
  image: string,
  attached: Attached,
  addName: boolean,
): string[] {
  const needed = (map: ReadonlyMap<string, string>, key: string): string => {
    const found = map.get(key);
    if (found === undefined) throw new Error(`${formatName(name)}: ${key} is not attached`);
    return found;
  };
  const networks = config.bridges.flatMap((device) => [
    `--net:${device.name}=${needed(attached.taps, device.name)}`,
    `--net-mac:${device.name}=${device.mac ?? macOf(name, device.name)}`,
  ]);
  const blocks = config.blocks.flatMap((device) => [
    `--block:${device.name}=${needed(attached.blocks, formatName(blockOf(name, device)))}`,
    ...(device.sectorSize === undefined ? [] : [`--block-sector-size:${device.name}=${device.sectorSize}`]),
  ]);
  const named = addName && name.label !== undefined ? [`--name=${name.label}`] : [];
  return [
    `--mem=${config.memory}`,
    ...networks,
    ...blocks,
    '--',
    image,
    ...named,
    ...(config.arguments ?? []),
  ];
}
