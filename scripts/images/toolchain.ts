// The programs an image is made by. Other versions of them make other bytes, so the index records them.
import { $ } from 'zx';

export type Toolchain = Readonly<Record<'assemblyscript' | 'wasm2c' | 'gcc' | 'ld', string>>;

/** The versions that are installed. */
export async function toolchain(): Promise<Toolchain> {
  const version = async (program: string, ...args: string[]): Promise<string> => {
    const { stdout } = await $({ quiet: true })`${program} ${args}`;
    return stdout.split('\n')[0]?.trim() ?? '';
  };
  return {
    assemblyscript: (await version('asc', '--version')).replace(/^Version /, ''),
    wasm2c: await version('wasm2c', '--version'),
    gcc: await version('gcc', '--version'),
    ld: await version('ld', '--version'),
  };
}

/** What differs between the versions an index records and those here, in words; empty if nothing does. */
export function differences(recorded: Toolchain, here: Toolchain): string[] {
  return (Object.keys(here) as (keyof Toolchain)[])
    .filter((name) => recorded[name] !== here[name])
    .map((name) => `${name} is ${here[name]} here, the index was made with ${recorded[name]}`);
}
