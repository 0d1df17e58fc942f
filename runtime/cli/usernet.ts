// The network of a guest that was given none: kittiwake-usernet makes one, of the host's sockets, and starts the tender in it.
import { CommandError, EXIT } from './errors.ts';
import type { Image } from '../image/notes.ts';
import { printable } from './printable.ts';
import type { Request } from './run-options.ts';

/** What the network is told, and what is left for the tender. */
interface Plan {
  readonly usernet: readonly string[];
  readonly tender: readonly string[];
}

/**
 * How `request` gets such a network; undefined where it has a network already, or needs none.
 * @throws CommandError where ports are published in no such network, or it is to have another MTU.
 */
export function planUsernet(
  { publish, tenderOptions }: Pick<Request, 'publish' | 'tenderOptions'>,
  { devices }: Pick<Image, 'devices'>,
): Plan | undefined {
  const nets = devices.filter(({ type }) => type === 'NET_BASIC');
  const [net] = nets;
  const given = tenderOptions.some((option) => option.startsWith('--net:'));
  if (net === undefined || nets.length > 1 || given) {
    if (publish.length === 0) return undefined;
    throw new CommandError(EXIT.usage, `option '--publish': ${reason(given, nets.length)}; leave it out`);
  }
  const mtu = tenderOptions.find((option) => option.startsWith('--net-mtu:'));
  if (mtu !== undefined) {
    throw new CommandError(
      EXIT.usage,
      `option '${printable(mtu)}': a network made of the host's sockets has an MTU of its own; leave it out, or give a --net`,
    );
  }
  // The guest's IPv6 address follows from its MAC address, so the network has to know it, and passes it on.
  const form = `--net-mac:${net.name}=`;
  const mac = tenderOptions.filter((option) => option.startsWith(form));
  return {
    usernet: [
      `--net=${net.name}`,
      ...mac.map((option) => `--mac=${option.slice(form.length)}`),
      ...publish.map((port) => `--publish=${port}`),
    ],
    tender: tenderOptions.filter((option) => !option.startsWith(form)),
  };
}

function reason(given: boolean, nets: number): string {
  if (given) return "with --net the guest has an address of the host's network, at which all its ports are";
  return nets === 0
    ? 'the image has no network device'
    : 'the image has several network devices, which need a --net each';
}
