// What a fleet file asks for, with names as the server has them and everything that was left out filled in.
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../protocol/config.ts';
import { STARTUP_DEFAULT } from '../../protocol/config.ts';
import { formatName, parseName, type Name } from '../../protocol/name.ts';
import type { Policy } from '../../protocol/policy.ts';
import { CRASHES, MEMORY } from '../create-options.ts';
import type { Install } from '../install.ts';
import type { Read } from './document.ts';
import { imageNamed, type LocalImage } from './images.ts';
import type { Health, Written, WrittenPolicy, WrittenUnikernel } from './schema.ts';

export interface WantedUnikernel {
  readonly name: Name;
  /** SHA-256 of the image, in hexadecimal. */
  readonly digest: string;
  /** The image, where it is on this host; else the server is to have it. */
  readonly image?: LocalImage | undefined;
  /** With `cpuids` where the file names CPUs. */
  readonly config: Omit<Config, 'image' | 'compressed' | 'cpuids'>;
  readonly cpuids?: readonly number[] | undefined;
  readonly health?: Health | undefined;
}

export interface WantedBlock {
  readonly name: Name;
  /** MB. */
  readonly size: number;
  /** A file of this host. */
  readonly contents?: string | undefined;
}

export interface WantedPolicy {
  readonly path: Name;
  readonly policy: Policy;
}

export interface Wanted {
  /** All of it is at and below this path. */
  readonly path: Name;
  readonly policies: readonly WantedPolicy[];
  readonly blocks: readonly WantedBlock[];
  /** In the order they are started in. */
  readonly unikernels: readonly WantedUnikernel[];
}

export interface Around {
  /** The file that it was read from. */
  readonly file: string;
  readonly read: Read;
  readonly install: Install;
  /** A name as the server has it. */
  readonly whole: (name: Name) => Promise<Name>;
}

/** Collects what is wrong, with where it stands. */
type Complain = (path: readonly PropertyKey[], text: string) => void;

export async function wantedOf(
  written: Written,
  around: Around,
): Promise<{ wanted: Wanted; wrong: string[] }> {
  const wrong: string[] = [];
  const complain: Complain = (path, text) => {
    const { line, column } = around.read.at(path);
    wrong.push(`${around.file}:${line}:${column}: ${path.map(String).join('.')}: ${text}`);
  };
  const above = written.path === undefined ? [] : written.path.split(':');
  const path = await around.whole({ path: above.map((part) => part.toLowerCase()) });
  const taken = new Map<string, string>();
  const nameOf = async (kind: 'unikernels' | 'blocks', key: string): Promise<Name> => {
    const relative = parseName(key);
    const name = await around.whole({ ...relative, path: [...path.path, ...relative.path] });
    const whole = `${kind} ${formatName(name)}`;
    const before = taken.get(whole);
    if (before !== undefined) complain([kind, key], `the same name as ${before}; leave one out`);
    taken.set(whole, key);
    return name;
  };

  const policies: WantedPolicy[] = [];
  for (const [key, policy] of Object.entries(written.policies ?? {})) {
    const below = key === '.' ? [] : key.toLowerCase().split(':');
    const at = { path: [...path.path, ...below] };
    if (at.path.length === 0)
      complain(['policies', key], "the root's policy is what the host has; write that of a path");
    policies.push({ path: at, policy: policyOf(policy) });
  }
  const blocks: WantedBlock[] = [];
  for (const [key, { size, contents }] of Object.entries(written.blocks ?? {})) {
    const name = await nameOf('blocks', key);
    const file =
      contents === undefined ? undefined : await contentsNamed(contents, size, dirname(around.file));
    if (typeof file === 'object') complain(['blocks', key, 'contents'], file.cause);
    else blocks.push({ name, size, contents: file });
  }
  const unikernels: WantedUnikernel[] = [];
  for (const [key, one] of Object.entries(written.unikernels ?? {})) {
    const name = await nameOf('unikernels', key);
    const config = configOf(one);
    const found = await imageNamed(one, config, around);
    if ('cause' in found) complain(['unikernels', key, found.field], found.cause);
    else unikernels.push({ name, config, ...found, cpuids: one.cpus, health: one.health });
  }
  checkBlocks(unikernels, complain);
  // One that is named by its digest alone may be here under another's name.
  const local = new Map(unikernels.flatMap(({ digest, image }) => (image ? [[digest, image]] : [])));
  const startup = ({ config }: WantedUnikernel): number => config.startup ?? STARTUP_DEFAULT;
  // Sorting is stable: those of one number stay as the file has them.
  unikernels.sort((a, b) => startup(a) - startup(b));
  const found = unikernels.map((one) => ({ ...one, image: local.get(one.digest) }));
  return { wanted: { path, policies, blocks, unikernels: found }, wrong };
}

/** A device is of one unikernel. */
function checkBlocks(unikernels: readonly WantedUnikernel[], complain: Complain): void {
  const users = new Map<string, string>();
  for (const { name, config } of unikernels)
    for (const { name: device, hostDevice } of config.blocks) {
      const block = formatName({ path: name.path, label: (hostDevice ?? device).toLowerCase() });
      const user = users.get(block);
      if (user !== undefined)
        complain(
          ['unikernels'],
          `block device ${block} is given to ${user} and to ${formatName(name)}; give each its own`,
        );
      users.set(block, formatName(name));
    }
}

async function contentsNamed(
  name: string,
  size: number,
  folder: string,
): Promise<string | { readonly cause: string }> {
  const file = resolve(folder, name);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return { cause: `${name}: there is no such file; it is looked for in ${folder}` };
  const needs = Math.ceil(found.size / 2 ** 20);
  return needs > size ? { cause: `${name} needs ${needs} MB; make size as large` } : file;
}

const limitOf = (value: number | 'unlimited'): number => (value === 'unlimited' ? Infinity : value);

function policyOf({ unikernels, memory, cpus, bridges, block }: WrittenPolicy): Policy {
  return {
    unikernels: limitOf(unikernels),
    memory: limitOf(memory),
    cpuids: [...new Set(cpus)].sort((a, b) => a - b),
    bridges: [...new Set(bridges)],
    ...(block === undefined ? {} : { block: limitOf(block) }),
  };
}

function configOf(one: WrittenUnikernel): WantedUnikernel['config'] {
  const { restart } = one;
  return {
    typ: 'solo5',
    // Whether the name is given as an argument is not told by servers; who wants it writes --name=NAME.
    addName: false,
    failBehaviour:
      restart === 'no'
        ? { kind: 'quit' }
        : { kind: 'restart', value: restart === 'always' ? [] : (restart ?? CRASHES) },
    memory: one.memory ?? MEMORY,
    ...(one.startOrder === undefined ? {} : { startup: one.startOrder }),
    bridges: Object.entries(one.networks ?? {}).map(([name, given]) =>
      typeof given === 'string'
        ? { name, bridge: given }
        : {
            name,
            bridge: given.bridge,
            ...(given.mac === undefined ? {} : { mac: given.mac.toLowerCase() }),
          },
    ),
    blocks: Object.entries(one.blocks ?? {}).map(([name, given]) =>
      typeof given === 'string'
        ? { name, hostDevice: given.toLowerCase() }
        : {
            name,
            hostDevice: given.block.toLowerCase(),
            ...(given.sectorSize === undefined ? {} : { sectorSize: given.sectorSize }),
          },
    ),
    ...(one.arguments === undefined || one.arguments.length === 0 ? {} : { arguments: one.arguments }),
    cpus: 1,
  };
}
