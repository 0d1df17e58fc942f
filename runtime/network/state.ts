// The state files' content: JSON with a version. Whoever can write there is root already, but a file may be old, torn or edited by hand, so it is
// checked field by field, and nothing in it reaches ip(8) or nft(8) before.
import { contains, formatAddress, networkOf, parseAddress } from './ip.ts';
import { isMac } from './mac.ts';
import * as model from './model.ts';
import type { Change } from './sysctl.ts';

const VERSION = 1;
const DIGEST = /^[0-9a-f]{64}$/;
/** A user's or group's name as useradd(8) takes it, or its number. */
const OWNER = /^([A-Za-z_][A-Za-z0-9_.-]{0,31}\$?|\d{1,10})$/;
const SYSCTL = /^net\.ipv[46]\.([a-z_]+|conf\.[A-Za-z0-9_@/-]+\.[a-z_]+)$/;

export function isOwner(text: string): boolean {
  return OWNER.test(text);
}

/** What is wrong with a file, without its name. */
export class Damage extends Error {}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Damage(`${where} is not an object`);
  return value as Fields;
}

function string(from: Fields, key: string, where: string, test: (text: string) => boolean): string {
  const value = from[key];
  if (typeof value !== 'string' || !test(value)) throw new Damage(`${where}${key} is not valid`);
  return value;
}

function optional<Value>(from: Fields, key: string, read: () => Value): Value | undefined {
  return from[key] === undefined ? undefined : read();
}

function boolean(from: Fields, key: string, where: string): boolean {
  const value = from[key];
  if (typeof value !== 'boolean') throw new Damage(`${where}${key} is neither true nor false`);
  return value;
}

function list<Item>(
  from: Fields,
  key: string,
  most: number,
  read: (item: Fields, where: string) => Item,
): Item[] {
  const value = from[key];
  if (!Array.isArray(value) || value.length > most) throw new Damage(`${key} is not a list of up to ${most}`);
  return value.map((item, at) => read(fields(item, `${key}[${at}]`), `${key}[${at}].`));
}

function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

function versioned(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Damage('not JSON');
  }
  const all = fields(value, 'it');
  if (all['version'] !== VERSION)
    throw new Damage(`version ${JSON.stringify(all['version'])}, not ${VERSION}`);
  return all;
}

function unique(what: string, values: readonly string[]): void {
  if (new Set(values).size !== values.length) throw new Damage(`${what} are not all different`);
}

const canonical = (text: string, family: 4 | 6): boolean => {
  const address = parseAddress(text);
  return address?.family === family && formatAddress(address) === text;
};

/** The network called `name` in the file's text. @throws Damage */
export function parseNetwork(name: string, text: string): model.Network {
  const all = versioned(text);
  const settings = parseSettings(all);
  if (settings.name !== name) throw new Damage(`it is network ${JSON.stringify(settings.name)}`);
  const [subnet, subnet6] = model.subnets(settings);
  const taps = list(all, 'taps', model.TAPS_MAX, (item, where) => parseTap(item, where));
  for (const tap of taps) {
    for (const [address, net] of [[tap.address, subnet] as const, [tap.address6, subnet6] as const]) {
      const value = address === undefined ? undefined : parseAddress(address);
      if ((value === undefined) !== (net === undefined) || (value && net && !contains(net, value)))
        throw new Damage(`the address of tap ${tap.name} is not of the subnet`);
      if (
        value &&
        net &&
        (value.value === networkOf(net).value || value.value === model.gatewayOf(net).value)
      )
        throw new Damage(`the address of tap ${tap.name} is the host's`);
    }
  }
  unique(
    'names of taps',
    taps.map((tap) => tap.name),
  );
  unique(
    'MAC addresses',
    taps.map((tap) => tap.mac),
  );
  unique(
    'addresses',
    taps.flatMap((tap) => [tap.address, tap.address6 ?? `none of ${tap.name}`]),
  );
  const published = list(all, 'published', model.PUBLICATIONS_MAX, parsePublication);
  for (const { tap } of published)
    if (!taps.some((each) => each.name === tap)) throw new Damage(`no tap ${tap} to publish`);
  const former = list(all, 'former', model.TAPS_MAX, (item, where) => ({
    name: string(item, 'name', where, (text) => passes(() => model.checkTapName(text))),
    address: string(item, 'address', where, (text) => canonical(text, 4)),
  }));
  const applied = optional(all, 'applied', () => {
    const both = fields(all['applied'], 'applied');
    const digest = (key: string): string => string(both, key, 'applied.', (text) => DIGEST.test(text));
    return { wanted: digest('wanted'), listed: digest('listed') };
  });
  return {
    ...settings,
    seed: string(all, 'seed', '', (text) => DIGEST.test(text)),
    ...{ taps, former, published },
    ...(all['removing'] === true && { removing: true }),
    ...(all['raised'] === true && { raised: true }),
    ...(applied && { applied }),
  };
}

function parseSettings(all: Fields): model.Settings {
  const text = (key: string): string => string(all, key, '', (value) => value.length <= 64);
  const subnet6 = optional(all, 'subnet6', () => text('subnet6'));
  const uplink = optional(all, 'uplink', () => text('uplink'));
  const settings: model.Settings = {
    name: text('name'),
    subnet: text('subnet'),
    ...(subnet6 !== undefined && { subnet6 }),
    forward: string(all, 'forward', '', (value) =>
      ['none', 'nat', 'routed', 'bridged'].includes(value),
    ) as model.Settings['forward'],
    ...(uplink !== undefined && { uplink }),
    dhcp: boolean(all, 'dhcp', ''),
    isolated: boolean(all, 'isolated', ''),
  };
  try {
    model.checkSettings(settings);
  } catch (error) {
    throw new Damage((error as Error).message.replaceAll(';', ','));
  }
  return settings;
}

function parseTap(item: Fields, where: string): model.Tap {
  const user = optional(item, 'user', () => string(item, 'user', where, isOwner));
  const group = optional(item, 'group', () => string(item, 'group', where, isOwner));
  const address6 = optional(item, 'address6', () =>
    string(item, 'address6', where, (text) => canonical(text, 6)),
  );
  return {
    name: string(item, 'name', where, (text) => passes(() => model.checkTapName(text))),
    mac: string(item, 'mac', where, isMac),
    address: string(item, 'address', where, (text) => canonical(text, 4)),
    ...(address6 !== undefined && { address6 }),
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
    ...(item['removing'] === true && { removing: true }),
  };
}

function parsePublication(item: Fields, where: string): model.Publication {
  const port = (key: string): number => {
    const value = item[key];
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 65535)
      throw new Damage(`${where}${key} is not a port`);
    return value as number;
  };
  const address = optional(item, 'address', () =>
    string(item, 'address', where, (text) => canonical(text, 4) || canonical(text, 6)),
  );
  return {
    protocol: string(item, 'protocol', where, (text) => text === 'tcp' || text === 'udp') as 'tcp' | 'udp',
    ...(address !== undefined && { address }),
    port: port('port'),
    tap: string(item, 'tap', where, (text) => text.length <= model.INTERFACE_NAME_MAX),
    guestPort: port('guestPort'),
  };
}

export function formatNetwork(network: model.Network): string {
  return `${JSON.stringify({ version: VERSION, ...network }, null, 2)}\n`;
}

/** The settings of the host that we changed, in the file's text. @throws Damage */
export function parseChanges(text: string): Change[] {
  const value = (from: Fields, key: string, where: string): string =>
    string(from, key, where, (each) => /^-?\d{1,10}$/.test(each));
  return list(versioned(text), 'changes', 10_000, (item, where) => {
    const networks = item['networks'];
    if (!Array.isArray(networks) || !networks.every((name) => typeof name === 'string'))
      throw new Damage(`${where}networks is not valid`);
    const besides = fields(item['besides'], `${where}besides`);
    if (!Object.keys(besides).every((key) => SYSCTL.test(key)))
      throw new Damage(`${where}besides is not valid`);
    return {
      key: string(item, 'key', where, (each) => SYSCTL.test(each)),
      was: value(item, 'was', where),
      set: value(item, 'set', where),
      networks,
      besides: Object.fromEntries(
        Object.keys(besides).map((key) => [key, value(besides, key, `${where}besides.`)]),
      ),
    };
  });
}

export function formatChanges(changes: readonly Change[]): string {
  return `${JSON.stringify({ version: VERSION, changes }, null, 2)}\n`;
}
