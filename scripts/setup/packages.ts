// The Debian packages each part needs, and how they get installed: list first, then one apt-get.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { step } from './step.ts';

/** What a part of the project cannot do without. The reader of the handbook alone needs `runtime` only. */
export const PACKAGES = {
  /** Compiles the tenders, the user-mode network, which loads libslirp, and what speaks TLS for kittiwaked. */
  runtime: ['gcc', 'libc6-dev', 'make', 'libseccomp-dev', 'libslirp-dev', 'libssl-dev'],
  /** Rebuilds the images: wasm2c translates WebAssembly to C. */
  images: ['gcc', 'wabt'],
  /** Builds and runs the lab VM. */
  labs: ['qemu-system-x86', 'qemu-utils', 'mmdebstrap', 'e2fsprogs', 'uidmap'],
  /** The tests' peers: a browser, curl, a DHCP server, and the kernel's own network tools. */
  tests: [
    'busybox',
    'chromium',
    'curl',
    'dnsmasq-base',
    'iproute2',
    'iputils-ping',
    'nftables',
    'openssl',
    'procps',
    'util-linux',
  ],
} as const satisfies Record<string, readonly string[]>;

export type PackageGroup = keyof typeof PACKAGES;

/** The packages of `groups` that dpkg does not report as installed. */
function missing(groups: readonly PackageGroup[]): string[] {
  const wanted = [...new Set(groups.flatMap((group) => PACKAGES[group]))];
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...wanted], {
    encoding: 'utf8',
  });
  if (query.error) throw new Error(notDebian(wanted));
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return wanted.filter((name) => !installed.has(name)).sort();
}

/** What `groups` lack here and how to get it; undefined where nothing is missing. Installs nothing. */
export function lacking(...groups: PackageGroup[]): string | undefined {
  const names = missing(groups).join(' ');
  return names === ''
    ? undefined
    : `Debian packages are missing: ${names}; install them: sudo apt-get install ${names}`;
}

function notDebian(wanted: readonly string[]): string {
  const os = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'this system';
  return `${os} has no dpkg; install what Debian calls ${wanted.join(', ')} with your package manager, or use Debian 12`;
}

/**
 * Installs what `groups` lack, showing the list first; does nothing where nothing is missing.
 * @throws Error that names the packages and the command, when they cannot be installed here.
 */
export async function ensurePackages(...groups: PackageGroup[]): Promise<void> {
  const names = missing(groups);
  if (names.length === 0) return;
  const root = process.getuid?.() === 0;
  const sudo = root ? [] : ['sudo'];
  const install = [
    ...sudo,
    'apt-get',
    '-o',
    'DPkg::Lock::Timeout=300',
    'install',
    '-y',
    '--no-install-recommends',
    ...names,
  ];
  console.error(`setup: these Debian packages are missing: ${names.join(' ')}`);
  console.error(`setup: installing them with: ${install.join(' ')}`);
  await step('Debian packages', () => {
    if (!apt(install) && apt([...sudo, 'apt-get', 'update'])) apt(install);
    const left = missing(groups);
    if (left.length > 0) {
      throw new Error(
        `could not install ${left.join(' ')}; install by hand: sudo apt-get install ${left.join(' ')}`,
      );
    }
  });
}

function apt(command: readonly string[]): boolean {
  const [program = '', ...args] = command;
  const run = spawnSync(program, args, {
    // sudo asks for its password on the terminal; apt itself has nothing to ask.
    stdio: ['inherit', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return run.status === 0;
}
