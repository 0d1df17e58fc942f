// What outlives the daemon: unikernels, policies, and images by their digest. Each file is whole or not there, whenever the daemon or the host
// dies: it is on the disk under another name before it gets its own.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile, replaceFile, syncFolder } from '../files.ts';
import { config } from '../protocol/config.ts';
import { decode, encode } from '../protocol/der/codec.ts';
import { explicit, optional, sequence, sequenceOf } from '../protocol/der/compose.ts';
import { integer, text, time } from '../protocol/der/primitives.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { name } from '../protocol/name-codec.ts';
import { formatName, parseName } from '../protocol/name.ts';
import { limits as limitsCodec } from '../protocol/limits.ts';
import { policy } from '../protocol/policy.ts';
import { end } from '../protocol/reply.ts';
import { fromWire, toWire } from './ended.ts';
import { whole, withoutImage, type Past, type Standing, type Unikernel } from './table.ts';

/** Of what lies on the disk; another is refused, never guessed at. */
const VERSION = 1;
const DIGEST_BYTES = 32;
/** Largest record that is read: a unikernel with all the arguments a program may have. */
const RECORD_MAX = 4 << 20;

/** The protocol's own types, so that there is one idea of what a unikernel is; without its image. */
const unikernelRecord = sequence('unikernel', {
  version: integer('version'),
  name,
  digest: text('digest'),
  config,
  /** Absent: it is to run. */
  past: optional(
    sequence('past', { at: time('ended at'), why: text('why'), last: optional(explicit(0, end)) }),
  ),
  limits: optional(explicit(0, limitsCodec)),
});
const policyRecord = sequence('policies', {
  version: integer('version'),
  policies: sequenceOf('policies', sequence('policy', { name, policy, issued: time('issued') })),
});

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** A record and before it what it must hash to. */
const sealed = (body: Uint8Array): Uint8Array => Buffer.concat([sha256(body), body]);

/** @throws ProtocolError (malformed) when it is not what was written. */
function opened(bytes: Buffer): Uint8Array {
  const body = new Uint8Array(bytes.subarray(DIGEST_BYTES));
  if (bytes.length < DIGEST_BYTES || !sha256(body).equals(bytes.subarray(0, DIGEST_BYTES)))
    throw new ProtocolError('malformed', 'its checksum is wrong');
  return body;
}

function ofVersion<T extends { readonly version: number }>(record: T): T {
  if (record.version === VERSION) return record;
  throw new ProtocolError('version', `it is of version ${record.version}, this is ${VERSION}`);
}

export interface Remembered {
  readonly unikernels: readonly Unikernel[];
  /** Those that ended for good and are kept to be shown. */
  readonly past: readonly { readonly unikernel: Unikernel; readonly past: Past }[];
  readonly policies: ReadonlyMap<string, Standing>;
  /** Files that could not be understood, each with why: they are kept beside, with `.damaged` added to their names. */
  readonly damaged: readonly string[];
}

/** A record that has taken the place of another. */
export interface Replaced {
  readonly done: () => Promise<void>;
  readonly undo: () => Promise<void>;
}

export class Disk {
  readonly #unikernels: string;
  readonly #images: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#unikernels = join(folder, 'unikernels');
    this.#images = join(folder, 'images');
  }

  /** What is remembered in `folder`, which is made where there is none. */
  static async open(folder: string): Promise<{ disk: Disk; remembered: Remembered }> {
    const disk = new Disk(folder);
    for (const path of [folder, disk.#unikernels, disk.#images])
      await fs.mkdir(path, { recursive: true, mode: 0o700 });
    const damaged: string[] = [];
    const unikernels: Unikernel[] = [];
    const past: { unikernel: Unikernel; past: Past }[] = [];
    for (const file of (await fs.readdir(disk.#unikernels)).sort()) {
      if (/\.(new|old)$/.test(file)) await fs.rm(join(disk.#unikernels, file), { force: true });
      if (!file.endsWith('.unikernel')) continue;
      const record = await disk.#read(join(disk.#unikernels, file), damaged, (body) =>
        ofVersion(decode(unikernelRecord, body)),
      );
      if (record === undefined) continue;
      const unikernel = {
        ...{ name: record.name, digest: record.digest, config: withoutImage(record.config) },
        ...(record.limits ? { limits: record.limits } : {}),
      };
      if (record.past)
        past.push({
          unikernel,
          past: { ...record.past, last: record.past.last && fromWire(record.past.last) },
        });
      else unikernels.push(unikernel);
    }
    const known = await disk.#read(join(folder, 'policies'), damaged, (body) =>
      ofVersion(decode(policyRecord, body)),
    );
    const policies = new Map(
      known?.policies.map((entry) => [formatName(entry.name), { ...entry.policy, issued: entry.issued }]),
    );
    return { disk, remembered: { unikernels, past, policies, damaged } };
  }

  async #read<T>(path: string, damaged: string[], parse: (body: Uint8Array) => T): Promise<T | undefined> {
    let bytes: Buffer;
    try {
      if ((await fs.stat(path)).size > RECORD_MAX) throw new ProtocolError('limit', 'it is too large');
      bytes = await fs.readFile(path);
      return parse(opened(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      if (!(error instanceof ProtocolError)) throw error;
      await fs.rename(path, `${path}.damaged`);
      damaged.push(`${path}: ${error.message}; it is kept as ${path}.damaged`);
      return undefined;
    }
  }

  /** By the digest of its name, which may be longer than a file's. */
  #record(called: Unikernel['name']): string {
    return join(this.#unikernels, `${sha256(Buffer.from(formatName(called))).toString('hex')}.unikernel`);
  }

  /** Keeps a unikernel that is to run; or one that ended for good, with its `past`. */
  async putUnikernel(
    { name: called, digest, config: settings, limits }: Unikernel,
    past?: Past,
  ): Promise<void> {
    const ended = past && {
      ...{ at: past.at, why: past.why },
      ...(past.last ? { last: toWire(past.last) } : {}),
    };
    const body = encode(unikernelRecord, {
      ...{ version: VERSION, name: called, digest, config: whole(settings) },
      ...(ended ? { past: ended } : {}),
      ...(limits ? { limits } : {}),
    });
    await replaceFile(this.#record(called), sealed(body), 0o600);
  }

  /** Keeps a unikernel in place of what is kept under its name. Until `done`, it can be undone, which needs no room on the disk. */
  async replaceUnikernel(unikernel: Unikernel): Promise<Replaced> {
    const path = this.#record(unikernel.name);
    const before = `${path}.old`;
    await fs.rm(before, { force: true });
    const known = await fs.link(path, before).then(
      () => true,
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      },
    );
    const done = (): Promise<void> => fs.rm(before, { force: true });
    await this.putUnikernel(unikernel).catch(async (error: unknown) => {
      await done();
      throw error;
    });
    return {
      done,
      undo: async () => {
        if (!known) return removeFile(path);
        await fs.rename(before, path);
        await syncFolder(this.#unikernels);
      },
    };
  }

  async removeUnikernel(called: Unikernel['name']): Promise<void> {
    await removeFile(this.#record(called));
  }

  async putPolicies(policies: ReadonlyMap<string, Standing>): Promise<void> {
    const entries = [...policies].map(([path, granted]) => ({
      name: parseName(path),
      policy: granted,
      issued: granted.issued ?? new Date(0),
    }));
    const body = encode(policyRecord, { version: VERSION, policies: entries });
    await replaceFile(join(this.#folder, 'policies'), sealed(body), 0o600);
  }

  /** Where the image of `digest` lies. */
  image(digest: string): string {
    return join(this.#images, digest);
  }

  /** Keeps an image; returns its digest. Two of the same bytes are one file. */
  async putImage(bytes: Uint8Array): Promise<string> {
    const digest = sha256(bytes).toString('hex');
    const path = this.image(digest);
    // Of the same size it is the same: it was whole when it got its name.
    const known = await fs.stat(path).catch(() => undefined);
    if (known?.size !== bytes.length) await replaceFile(path, bytes, 0o600);
    return digest;
  }

  /** The image of `digest`. @throws Error when the disk has it no more, or has something else. */
  async getImage(digest: string): Promise<Buffer> {
    const bytes = await fs.readFile(this.image(digest));
    if (sha256(bytes).toString('hex') !== digest)
      throw new Error(`image ${digest}: the disk has other bytes under that name; create it again`);
    return bytes;
  }

  /** Removes images that none of `digests` is. */
  async collect(digests: ReadonlySet<string>): Promise<void> {
    for (const file of await fs.readdir(this.#images))
      if (!digests.has(file)) await fs.rm(join(this.#images, file), { force: true });
  }
}
