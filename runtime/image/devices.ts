// Whether an image is given the devices it wants, and no others.
import type { Image } from './notes.ts';

interface Named {
  readonly name: string;
}

/** What is wrong, in one line; undefined where nothing is. */
export function devicesTrouble(
  image: Image,
  given: { readonly bridges: readonly Named[]; readonly blocks: readonly Named[] },
): string | undefined {
  const wants = (type: string): string[] =>
    image.devices.filter((device) => device.type === type).map(({ name }) => name);
  return (
    trouble('network', wants('NET_BASIC'), given.bridges) ??
    trouble('block', wants('BLOCK_BASIC'), given.blocks)
  );
}

function trouble(kind: string, wanted: readonly string[], given: readonly Named[]): string | undefined {
  const names = given.map(({ name }) => name);
  const missing = wanted.find((name) => !names.includes(name));
  if (missing !== undefined)
    return `image: it wants the ${kind} device ${missing}, which it is not given; add it`;
  const extra = names.find((name, at) => !wanted.includes(name) || names.indexOf(name) !== at);
  return extra === undefined
    ? undefined
    : `${kind} device ${extra}: the image ${wanted.length > 0 ? `wants ${wanted.join(', ')}, each once` : 'wants none'}`;
}
