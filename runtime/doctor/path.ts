// The way whose hops are walked: from a unikernel behind a tap to the host, and perhaps beyond.
import { bridgeOf, gatewayOf, subnets, type Network, type Tap } from '../network/model.ts';
import { formatAddress, parseAddress } from '../network/ip.ts';

export interface Path {
  readonly tap: string;
  /** The unikernel's address, without a prefix; empty where it asks a server for one. */
  readonly address: string;
  /** The router it was told, which has to be the host. */
  readonly gateway?: string | undefined;
  /** Whom it is to ask for names, where nobody is behind the tap yet. */
  readonly nameServer?: string | undefined;
  /** Where it is to get to; without it the way ends at the host. */
  readonly reach?: string | undefined;
  /** Others know the way back to its address: it needs no translation. */
  readonly routed: boolean;
  /** Somebody is to be behind the tap; else somebody is about to be, and nobody may be yet. */
  readonly running: boolean;
  /** The bridge the tap is to be a port of, where that is known. */
  readonly bridge?: string | undefined;
  /** The managed network it belongs to. */
  readonly network?: Network | undefined;
  /** The command that makes the host as its network was written down. */
  readonly restore?: string | undefined;
  readonly mac?: string | undefined;
}

/** The ways of a managed network's tap, one for each of its addresses. */
export function managedPaths(network: Network, tap: Tap, reach: string | undefined, restore: string): Path[] {
  const gateways = subnets(network).map((subnet) => formatAddress(gatewayOf(subnet)));
  const target = reach === undefined ? undefined : parseAddress(reach)?.family;
  return [tap.address, tap.address6].flatMap((address) => {
    const family = address === undefined ? undefined : parseAddress(address)?.family;
    if (address === undefined || family === undefined) return [];
    return {
      ...{ tap: tap.name, address, network, mac: tap.mac, bridge: bridgeOf(network), running: true, restore },
      gateway: gateways.find((each) => parseAddress(each)?.family === family),
      reach: network.forward === 'none' || target !== family ? undefined : reach,
      routed: network.forward === 'routed',
    };
  });
}
