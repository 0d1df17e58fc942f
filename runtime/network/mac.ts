// MAC addresses that stay the same: made of a network's seed and a name, so that whoever asks again gets the same, and two hosts do not.
import type { Prefix } from './ip.ts';
import { hmac } from './sha256.ts';

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** Lower case, colons, and one station's: not a group's. */
export function isMac(text: string): boolean {
  return MAC.test(text) && (parseInt(text.slice(0, 2), 16) & 1) === 0;
}

/**
 * The MAC address of `name` in the network of `seed` (hexadecimal): locally administered (02, IEEE 802, section 8.2), the other 40 bits from
 * HMAC-SHA256. `taken` are skipped.
 */
export function macOf(seed: string, name: string, taken: ReadonlySet<string> = new Set()): string {
  for (let turn = 0; ; turn++) {
    const digest = hmac(Buffer.from(seed, 'hex'), `${turn} ${name}`);
    const mac = `02:${[...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
    if (!taken.has(mac)) return mac;
  }
}

/** The interface identifier that a MAC address gives (RFC 4291, appendix A). */
export function eui64(mac: string): bigint {
  const octets = mac.split(':').map((octet) => BigInt(`0x${octet}`));
  const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n] = octets;
  return [a ^ 2n, b, c, 0xffn, 0xfen, d, e, f].reduce((n, octet) => (n << 8n) | octet, 0n);
}

/** The address that a host with `mac` makes of the /64 `prefix` by itself (RFC 4862). */
export function autoconfigured(prefix: Prefix, mac: string): bigint {
  return ((prefix.value >> 64n) << 64n) | eui64(mac);
}

export const LINK_LOCAL: Prefix = { family: 6, value: 0xfe80n << 112n, length: 64 };
