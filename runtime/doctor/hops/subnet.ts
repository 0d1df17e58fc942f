// Which addresses lie in one subnet.
import type { Host, Link } from '../../network/host.ts';
import { contains, parseAddress, parsePrefix } from '../../network/ip.ts';

/** The address of `link`, with its prefix, in whose subnet `address` lies. */
export function hostPrefix(link: Link | undefined, address: string): string | undefined {
  const guest = parseAddress(address);
  return link?.addresses.find((text) => {
    const prefix = parsePrefix(text);
    return prefix !== undefined && guest !== undefined && contains(prefix, guest);
  });
}

/** A tap that has no address, while a bridge has one beside the unikernel's, was to be that bridge's port. */
export function meantBridge(
  { tap, address }: { readonly tap: string; readonly address: string },
  { links }: Pick<Host, 'links'>,
): string | undefined {
  if (hostPrefix(links.get(tap), address) !== undefined) return undefined;
  return [...links.values()].find((link) => link.kind === 'bridge' && hostPrefix(link, address) !== undefined)
    ?.name;
}

/** Whether routers outside know no way to it: RFC 1918, RFC 6598, RFC 4193. */
export function isPrivate(address: string): boolean {
  const each = parseAddress(address);
  return ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].some((text) => {
    const prefix = parsePrefix(text);
    return prefix !== undefined && each !== undefined && contains(prefix, each);
  });
}
