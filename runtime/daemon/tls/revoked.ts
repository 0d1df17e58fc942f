// Who is let in no more: a file with a line for each, read again whenever it has changed. While it cannot be read nobody is let in.
import type { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { keyOf, parseRevoked, serialOf, type Revoked } from '../../protocol/fingerprint.ts';

/** Bytes; some hundred thousand lines. */
const FILE_MAX = 16 << 20;
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
