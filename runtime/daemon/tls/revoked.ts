// Who is let in no more: a file with a line for each, read again whenever it has changed. While it cannot be read nobody is let in.
import { createHash, type X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

/** Bytes; some hundred thousand lines. */
const FILE_MAX = 16 << 20;
/** Hexadecimal digits of the shortest serial number that is one certificate's alone: 64 bits, as CAs choose them at random. */
const SERIAL_MIN = 16;

/** SHA-256 of the public key, in hexadecimal: the same in every certificate of that key. */
export function keyOf({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
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

export class RevocationList {
  readonly #path: string;
  #read: { readonly of: string; readonly list: Revoked } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws Error when the file cannot be read or understood. */
  #list(): Revoked {
    try {
      const { size, ino, mtimeNs } = statSync(this.#path, { bigint: true });
      const of = `${ino} ${size} ${mtimeNs}`;
      if (this.#read?.of !== of) {
        if (size > FILE_MAX) throw new Error(`it is larger than ${FILE_MAX >> 20} MiB`);
        this.#read = { of, list: parseRevoked(readFileSync(this.#path, 'utf8')) };
      }
      return this.#read.list;
    } catch (error) {
      this.#read = undefined;
      throw new Error(`revocation list ${this.#path}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Why a client with this chain is not let in; undefined where it is. @throws Error when that cannot be told. */
  reason(chain: readonly X509Certificate[]): string | undefined {
    const { keys, serials } = this.#list();
    const found = chain.find(
      (certificate) => keys.has(keyOf(certificate)) || serials.has(serialOf(certificate)),
    );
    return found && `certificate: ${JSON.stringify(found.subject.slice(0, 80))} was revoked`;
  }
}
