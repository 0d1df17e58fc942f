// What a certificate can be refused by, and the list of those that are.
import { hash, type X509Certificate } from 'node:crypto';

/** Hexadecimal digits of the shortest serial number that is one certificate's alone: 64 bits, as CAs choose them at random. */
const SERIAL_MIN = 16;

/** SHA-256 of the public key, in hexadecimal: the same in every certificate of that key. */
export function keyOf({ publicKey }: X509Certificate): string {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }));
}

/** In hexadecimal, as in the file. */
export function serialOf({ serialNumber }: X509Certificate): string {
  return serialNumber.toLowerCase();
}

/** Why `serial` is no serial number that can be revoked. */
export function unfit(serial: string): string | undefined {
  return serial.length < SERIAL_MIN
    ? `serial number ${serial} is too short to be one certificate's alone; revoke the key`
    : undefined;
}

export interface Revoked {
  readonly keys: ReadonlySet<string>;
  readonly serials: ReadonlySet<string>;
}

/**
 * What the text of such a file says: lines `key HEX` and `serial HEX`, empty ones, and comments from `#` on.
 * @throws Error that names the line that says something else.
 */
export function parseRevoked(text: string): Revoked {
  const [keys, serials] = [new Set<string>(), new Set<string>()];
  for (const [at, line] of text.split('\n').entries()) {
    const said = line.replace(/#.*/, '').trim();
    if (said === '') continue;
    const [, kind, hex = ''] = /^(key|serial)\s+([0-9a-f]+)$/i.exec(said) ?? [];
    const cause =
      kind === undefined
        ? 'neither `key HEX` nor `serial HEX`'
        : kind === 'key'
          ? hex.length === 64
            ? undefined
            : 'a key has 64 digits'
          : unfit(hex);
    if (cause !== undefined) throw new Error(`line ${at + 1}: ${cause}`);
    (kind === 'key' ? keys : serials).add(hex.toLowerCase());
  }
  return { keys, serials };
}
