// Behind which tap an address is: as its network wrote down, as its unikernel was told, or where the kernel would send a packet.
import type { Network } from '../../network/model.ts';
import type { Link } from '../../network/host.ts';
import { guestWords, told } from './guest.ts';
import { isTender, type Holder } from './holders.ts';
import type { RouteAnswer } from './probes.ts';

export interface Known {
  readonly networks: readonly Pick<Network, 'taps'>[];
  readonly holders: readonly Holder[];
  readonly links: ReadonlyMap<string, Link>;
  /** The kernel's way to the address. */
  readonly route: RouteAnswer;
}

export function tapBehind(address: string, { networks, holders, links, route }: Known): string | undefined {
  const written = networks
    .flatMap(({ taps }) => taps)
    .find((tap) => !tap.removing && [tap.address, tap.address6].includes(address));
  const family = address.includes(':') ? 6 : 4;
  const holder = holders.find(
    ({ command }) =>
      isTender(command) && told(guestWords(command), family).address?.split('/')[0] === address,
  );
  const routed = 'dev' in route && links.get(route.dev)?.type === 'tap' ? route.dev : undefined;
  return written?.name ?? holder?.tap ?? routed;
}
