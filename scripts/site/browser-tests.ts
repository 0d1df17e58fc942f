// The browser tests of the pages: of what `npm start` serves, or of what the unikernel serves in a network namespace.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';
import { root } from '../setup/root.ts';

/** The variables by which test/site/serve.ts learns what to serve from; without, it serves build/site. */
export const SITE_VARIABLES = {
  runtime: 'KITTIWAKE_SITE_RUNTIME',
  image: 'KITTIWAKE_SITE_IMAGE',
  archive: 'KITTIWAKE_SITE_ARCHIVE',
} as const;

/** A command that runs what is appended to it as root of a new network namespace with its loopback up. */
const NAMESPACE = [
  ...['unshare', '--map-root-user', '--net', '--kill-child', '--fork'],
  ...['sh', '-c', 'ip link set lo up && exec "$@"', 'sh'],
];

/** Why no unikernel can be tested in a network namespace here; undefined where it can. */
export function whyNoNamespace(): string | undefined {
  const [program = '', ...args] = NAMESPACE;
  const tried = spawnSync(program, [...args, 'ip', 'tuntap', 'add', 'tap0', 'mode', 'tap'], {
    encoding: 'utf8',
  });
  if (tried.error) return `unshare(1) cannot be run (${tried.error.message}); install util-linux`;
  if (tried.status !== 0)
    return `no network namespace with a tap may be made here (${tried.stderr.trim()}); allow user namespaces and /dev/net/tun, or be root`;
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return `you may not open /dev/net/tun; allow it with: sudo chmod 0666 /dev/net/tun`;
  }
}

const playwright = (...args: readonly string[]): string[] => [
  join(root, 'node_modules', '.bin', 'playwright'),
  'test',
  ...args,
];

async function show(command: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> {
  const { exitCode } = await $({
    cwd: root,
    nothrow: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })`${command}`;
  return exitCode === 0;
}

/** Tests build/site as `npm start` serves it. Its report is build/reports/site.json. */
export function testServed(): Promise<boolean> {
  return show(playwright(), {});
}

/**
 * Tests what `image`, a file, serves from `archive`: every page in a browser whose cache is empty, byte for byte, and what a reader does
 * with them. Its report is build/reports/website.json. How the same bytes look, and what they are as files, is left out.
 */
export function testUnikernel(runtime: string, image: string, archive: string): Promise<boolean> {
  return show([...NAMESPACE, ...playwright('pages.spec.ts', 'use.spec.ts')], {
    [SITE_VARIABLES.runtime]: runtime,
    [SITE_VARIABLES.image]: image,
    [SITE_VARIABLES.archive]: archive,
  });
}
