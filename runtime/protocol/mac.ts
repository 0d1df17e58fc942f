// The MAC address of a network device that was given none. Servers tell it as if it had been given, so clients have to know it.
import { formatName, type Name } from './name.ts';

/** The first three bytes of addresses made here: the ones Albatross uses. */
const MAC_PREFIX = '00:80:41';

/** The address of a network device that was given none: the same each time, and another for each unikernel and device. */
export function macOf(name: Name, device: string): string {
  // Loaded here: whoever asks for no such address need not wait for all of it.
  const digest = process
    .getBuiltinModule('node:crypto')
    .createHash('md5')
    .update(`${device}${formatName(name)}`)
    .digest();
  return [MAC_PREFIX, ...[...digest.subarray(0, 3)].map((byte) => byte.toString(16).padStart(2, '0'))].join(
    ':',
  );
}
