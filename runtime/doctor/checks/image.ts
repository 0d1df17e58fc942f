// Whether an image would start as it is asked for: its manifest beside the devices it is given.
import { failed, ok, type Finding } from '../finding.ts';
import { quoted } from '../remedy.ts';

export interface Asked {
  /** As it was named. */
  readonly image: string;
  /** What its manifest wants. */
  readonly devices: readonly { readonly name: string; readonly type: string }[];
  /** What the command line says, up to the `--`. */
  readonly options: readonly string[];
  readonly guestArgs: readonly string[];
  /** Why the file of a block device cannot be opened. */
  readonly unreadable: (path: string) => string | undefined;
}

interface Given {
  readonly option: string;
  readonly kind: 'net' | 'block';
  readonly name: string;
  readonly value: string;
}

const TYPES = { net: 'NET_BASIC', block: 'BLOCK_BASIC' } as const;

/** The devices a command line gives: `--net:service=tap0`. */
export function given(options: readonly string[]): Given[] {
  return options.flatMap((option) => {
    const [, kind, name = '', value = ''] = /^--(net|block|block-ro):([^=]+)=(.*)$/s.exec(option) ?? [];
    return kind === undefined ? [] : [{ option, kind: kind === 'net' ? 'net' : 'block', name, value }];
  });
}

/** One network device that is given nothing gets a network of its own. */
export function needsNoTap(declared: Asked['devices'], options: readonly string[]): boolean {
  const nets = declared.filter(({ type }) => type === TYPES.net);
  return nets.length === 1 && !given(options).some(({ kind }) => kind === 'net');
}

export function devices(asked: Asked): Finding[] {
  const all = given(asked.options);
  const has = (kind: Given['kind'], name: string): boolean =>
    asked.devices.some((device) => device.name === name && device.type === TYPES[kind]);
  const wrong = all.filter(({ kind, name }) => !has(kind, name));
  const free = asked.devices.filter(
    (device) => !all.some(({ kind, name }) => name === device.name && TYPES[kind] === device.type),
  );
  const troubles = wrong.map((each) => undeclared(asked, each, free));
  const alone = needsNoTap(asked.devices, asked.options);
  const missing = free.filter(({ type }) => !(alone && type === TYPES.net));
  // A name that is wrong is the cause; that another is then missing follows.
  if (wrong.length === 0) troubles.push(...missing.map((device) => lacking(asked, device)));
  for (const { kind, value, option } of all) {
    const why = kind === 'block' && !value.startsWith('@') ? asked.unreadable(value) : undefined;
    if (why !== undefined)
      troubles.push(failed('block-missing', `${option}: ${why}`, { advice: 'name a file or disk of yours' }));
  }
  if (troubles.length > 0) return troubles;
  const names = asked.devices.map(({ name, type }) => `${type} ${name}`).join(', ') || 'no devices';
  return [ok('image', `${asked.image} wants ${names}, and gets it`)];
}

/** The command line with one device otherwise. */
function rerun({ image, options, guestArgs }: Asked, change: (option: string) => string): string {
  const words = ['kittiwake', 'run', ...options.map(change), image];
  return [...words, ...(guestArgs.length > 0 ? ['--', ...guestArgs] : [])].map(quoted).join(' ');
}

function undeclared(asked: Asked, { option, kind, name }: Given, free: Asked['devices']): Finding {
  const [meant, ...more] = free.filter(({ type }) => type === TYPES[kind]);
  const list = asked.devices.map((device) => device.name).join(', ') || 'none';
  const says = `${option}: the manifest has no ${TYPES[kind]} called ${name}; its devices are ${list}`;
  if (!meant || more.length > 0)
    return failed('device-undeclared', says, {
      advice: `'kittiwake image inspect ${asked.image}' lists them`,
    });
  const renamed = option.replace(`:${name}=`, `:${meant.name}=`);
  return failed('device-undeclared', says, {
    remedy: rerun(asked, (each) => (each === option ? renamed : each)),
  });
}

function lacking({ image }: Asked, { name, type }: { name: string; type: string }): Finding {
  const option = type === TYPES.net ? `--net:${name}=TAP` : `--block:${name}=FILE`;
  return failed('device-missing', `${image} wants the ${type} ${name}, which was not given`, {
    advice: `add ${option}`,
  });
}
