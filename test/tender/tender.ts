// Running the tenders that were built, and what came of it.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/setup/root.ts';

export const tenders = join(root, 'build', 'tender');
export const fixtures = join(root, 'fixtures', 'images');

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Longest any guest of the tests runs, unless told otherwise. */
const LIMIT_MS = 60_000;

export function run(
  program: string,
  args: readonly string[],
  { limitMs = LIMIT_MS, ...options }: { cwd?: string; limitMs?: number } = {},
): Ended {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    ...options,
    encoding: 'utf8',
    timeout: limitMs,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error) throw error;
  return { status, signal, out: stdout, err: stderr };
}

export function tender(kind: 'hvt' | 'spt', ...args: string[]): Ended {
  return run(join(tenders, `kittiwake-${kind}`), args);
}

/** Runs a shell script as root of a network namespace of its own; its $0, $1 and so on are `words`. */
export function inNamespace(script: string, ...words: string[]): Ended {
  return run('unshare', ['--map-root-user', '--net', 'sh', '-c', script, ...words]);
}

/** Shell that makes tap0, in a namespace: the host's end of 10.0.0.0/24, of which netcheck takes 10.0.0.2. */
export const TAP0 = 'ip tuntap add tap0 mode tap; ip addr add 10.0.0.1/24 dev tap0; ip link set tap0 up';

/** A folder for a test file's images; `image` writes one and returns its path. */
export function imageFolder(): {
  image: (name: string, bytes: Uint8Array | string) => string;
  remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'kittiwake-test-'));
  return {
    image(name, bytes) {
      const file = join(folder, name);
      writeFileSync(file, bytes);
      return file;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Why tests with a tap cannot run here, undefined where they can. Everywhere but in some containers anybody may open the device. */
export const noTaps: string | undefined = (() => {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return 'skipped: this user may not open /dev/net/tun';
  }
})();
