// What the orchestrator has: unikernels, block devices, and the policies above them, by name. Plain data; every change makes a new table.
import { createHash } from 'node:crypto';
import { config as configCodec, type Config } from '../protocol/config.ts';
import { encode } from '../protocol/der/codec.ts';
import type { Limits } from '../protocol/limits.ts';
import { formatName, isWithin, type Name } from '../protocol/name.ts';
import type { Policy } from '../protocol/policy.ts';
import type { Ended } from './ended.ts';

export interface Unikernel {
  readonly name: Name;
  /** Without the image, which lies on the disk under its digest. */
  readonly config: Omit<Config, 'image' | 'compressed'>;
  /** SHA-256 of the image, uncompressed, in hexadecimal. */
  readonly digest: string;
  /** Absent: none. */
  readonly limits?: Limits;
}

/** How a unikernel ended for good. */
export interface Past {
  readonly at: Date;
  readonly why: string;
  readonly last?: Ended | undefined;
}

export interface Block {
  readonly name: Name;
  /** MB. */
  readonly size: number;
}

/** A policy in force. */
export type Standing = Policy & {
  /** When it was decided on, as certificates say it: what was issued before does not replace it. Absent: always there. */
  readonly issued?: Date;
};

export interface Table {
  /** By their canonical names, as the two below. */
  readonly unikernels: ReadonlyMap<string, Unikernel>;
  readonly blocks: ReadonlyMap<string, Block>;
  /** By path: `:`, `foo:`, `foo:bar:`. */
  readonly policies: ReadonlyMap<string, Standing>;
}

export const EMPTY: Table = { unikernels: new Map(), blocks: new Map(), policies: new Map() };

/** What stays of a configuration once its image lies on the disk. */
export function withoutImage(whole: Config): Unikernel['config'] {
  const rest = { ...whole } as { -readonly [K in keyof Config]?: Config[K] };
  delete rest.image;
  delete rest.compressed;
  return rest as Unikernel['config'];
}

/** What stands for the settings: as they are written, with no image in them. */
export const whole = (settings: Unikernel['config']): Config => ({
  ...settings,
  compressed: false,
  image: new Uint8Array(0),
});

/** Tells what runs from everything else that could run under its name. */
export function fingerprint({ config, digest }: Unikernel): string {
  return createHash('sha256')
    .update(digest)
    .update(encode(configCodec, whole(config)))
    .digest('hex');
}

/** `map` with `value` at `key`, or without the key where there is none. */
export function changed<T>(map: ReadonlyMap<string, T>, key: string, value: T | undefined): Map<string, T> {
  const next = new Map(map);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  return next;
}

/** What `scope` speaks of. */
export function within<T extends { readonly name: Name }>(map: ReadonlyMap<string, T>, scope: Name): T[] {
  return [...map.values()].filter(({ name }) => isWithin(name, scope));
}

/** The paths above what is named so and its own, from the root on. */
export function pathsTo({ path }: Name): Name[] {
  return [...path.keys(), path.length].map((length) => ({ path: path.slice(0, length) }));
}

/** The block device a unikernel's `device` is, in the unikernel's own path. */
export function blockOf(
  unikernel: Name,
  device: { readonly name: string; readonly hostDevice?: string },
): Name {
  return { path: unikernel.path, label: device.hostDevice ?? device.name };
}

/** The unikernel that has the block device `block`. */
export function userOf(table: Table, block: Name): Unikernel | undefined {
  const wanted = formatName(block);
  return [...table.unikernels.values()].find(({ name, config }) =>
    config.blocks.some((device) => formatName(blockOf(name, device)) === wanted),
  );
}
