// npm run runtime: builds what a user installs, as the tree a release unpacks to /usr/local (see ARCHITECTURE.md).
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { rolldown, type OutputChunk } from 'rolldown';
import { $ } from 'zx';
import { digestOf } from '../labs/vm/cache.ts';
import { exclusively } from './setup/exclusive.ts';
import { ensurePackages } from './setup/packages.ts';
import { root } from './setup/root.ts';
import { step } from './setup/step.ts';

const HELP = `Build the runtime: the tenders, kittiwake, kittiwaked and the prebuilt images, as they are installed.

Usage: npm run runtime

The tree is build/runtime; try it with build/runtime/bin/kittiwake --help.
`;

/**
 * Finds out where a program of ours lies, for the shell. Three processes would take a tenth of the time that all of the command takes, so there
 * are none where it is called by its own, absolute path.
 */
const PREFIX = `prefix=$0
case $prefix in
[!/]* | *//* | */.*) prefix=$(readlink -f "$0") ;;
*) [ ! -h "$prefix" ] || prefix=$(readlink -f "$0") ;;
esac
prefix=\${prefix%/*/*}`;

/** What is installed as bin/kittiwake. */
export const WRAPPER = `#!/bin/sh
# Starts the kittiwake command on the Node it was shipped with.
${PREFIX}
words=$*
# What other programs on Node are told is not for this one, whose Node is told something else.
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
# Whom a command trusts it is told each time, so Node need not read the authorities that it was built with; it would, wherever TLS is used.
set -- "$prefix/lib/kittiwake/node" --disable-warning=ExperimentalWarning --use-openssl-ca "$prefix/lib/kittiwake/kittiwake.cjs" "$@"
# Node closes what it inherited when it becomes another program. Where descriptors are to be handed on, it says what to become.
case $words in
"run "*"--events="* | "run "*"=@"*)
  start=$(KITTIWAKE_START=print "$@") || exit
  case $start in
  "exec "*) eval "$start" ;;
  *) printf '%s\\n' "$start" ;;
  esac
  ;;
*) exec "$@" ;;
esac
`;

/** What is installed as bin/kittiwaked. It has no tender to become: its own tenders are started, with what is for them. */
const DAEMON_WRAPPER = `#!/bin/sh
# Starts the orchestrator on the Node it was shipped with.
${PREFIX}
exec "$prefix/lib/kittiwake/node" "$prefix/lib/kittiwake/kittiwaked.cjs" "$@"
`;

/** What is installed as bin/kittiwaked-tls. */
const TLS_WRAPPER = DAEMON_WRAPPER.replace('the orchestrator', "the orchestrator's TLS endpoint").replace(
  'kittiwaked.cjs',
  'kittiwaked-tls.cjs',
);

/** What is installed as bin/kittiwaked-http. */
const HTTP_WRAPPER = DAEMON_WRAPPER.replace('the orchestrator', "the orchestrator's HTTP API").replace(
  'kittiwaked.cjs',
  'kittiwaked-http.cjs',
);

/** Where the installed tree is built. */
export const runtimeTree = join(root, 'build', 'runtime');

/** JSON Schemas, as the site publishes them; a test keeps them what the code says. */
const schemas = join(root, 'public', 'schema');

/** The digest of what the tree was gathered from. */
const stamp = `${runtimeTree}.digest`;

/** Compiles the tenders and gathers the installed tree, where something has changed; the old tree stays until the new one is whole. */
export async function buildRuntime(): Promise<string> {
  await ensurePackages('runtime');
  return exclusively(`${runtimeTree}.lock`, build);
}

async function build(): Promise<string> {
  const make = ['make', '-s', `-j${availableParallelism()}`, '-C', 'runtime/tender'];
  const upToDate = await $({ cwd: root, quiet: true, nothrow: true })`${make} --question`;
  if (upToDate.exitCode !== 0) await step('tender compiled', () => $({ cwd: root })`${make}`);

  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const folders = await Promise.all(
    ['runtime', 'fixtures/images', 'build/tender', 'public/schema'].map((folder) =>
      digestOf(join(root, folder)),
    ),
  );
  const digest = [
    ...folders,
    process.version,
    version,
    WRAPPER,
    DAEMON_WRAPPER,
    TLS_WRAPPER,
    HTTP_WRAPPER,
  ].join('\n');
  const built = existsSync(runtimeTree) && (await readFile(stamp, 'utf8').catch(() => ''));
  if (built === digest) return runtimeTree;
  return step('runtime tree in build/runtime', async () => {
    const next = `${runtimeTree}.next`;
    await rm(next, { recursive: true, force: true });
    for (const folder of ['bin', 'lib/kittiwake', 'share/kittiwake'])
      await mkdir(join(next, folder), { recursive: true });
    await writeFile(join(next, 'bin', 'kittiwake'), WRAPPER, { mode: 0o755 });
    await writeFile(join(next, 'bin', 'kittiwaked'), DAEMON_WRAPPER, { mode: 0o755 });
    await writeFile(join(next, 'bin', 'kittiwaked-tls'), TLS_WRAPPER, { mode: 0o755 });
    await writeFile(join(next, 'bin', 'kittiwaked-http'), HTTP_WRAPPER, { mode: 0o755 });
    await installUnits(next);
    for (const program of ['kittiwake-hvt', 'kittiwake-spt', 'kittiwake-usernet']) {
      await copyFile(join(root, 'build', 'tender', program), join(next, 'bin', program));
    }
    const library = join(next, 'lib', 'kittiwake');
    await copyFile(join(root, 'build', 'tender', 'tls-terminator'), join(library, 'tls-terminator'));
    await copyFile(process.execPath, join(library, 'node'));
    await chmod(join(library, 'node'), 0o755);
    await bundle(library, version);
    await cp(join(root, 'fixtures', 'images'), join(next, 'share', 'kittiwake', 'images'), {
      recursive: true,
    });
    await cp(schemas, join(next, 'share', 'kittiwake', 'schema'), { recursive: true });
    await rm(runtimeTree, { recursive: true, force: true });
    await rename(next, runtimeTree);
    await writeFile(stamp, digest);
    return runtimeTree;
  });
}

/** The units of kittiwaked, and the group and the folders they want. */
async function installUnits(prefix: string): Promise<void> {
  const units = join(root, 'runtime', 'daemon', 'units');
  for (const file of await readdir(units)) {
    const [kind] = /^(sysusers|tmpfiles)(?=\.conf$)/.exec(file) ?? [];
    const place = kind ? [`${kind}.d`, 'kittiwake.conf'] : ['systemd', 'system', file];
    const path = join(prefix, 'lib', ...place);
    await mkdir(dirname(path), { recursive: true });
    await copyFile(join(units, file), path);
  }
}

/**
 * What is loaded together lies in one file: each further one costs as much as reading thousands of lines. What every command loads, what those load
 * that are given an image, those that name unikernels or read what a certificate asks for, those that ask an orchestrator, those that read certificates
 * or make them, and the small commands that do.
 */
const TOGETHER = [
  [
    'every',
    /runtime\/(drained|version|client\/identity-error|cli\/(commands|daemon-words|errors|group|install|kvm|printable|shell-words|table))\.ts$/,
  ],
  ['image', /runtime\/(image\/notes|cli\/(find-image|image|run-options))\.ts$/],
  [
    'messages',
    /runtime\/protocol\/(errors|name|scope|name-codec|command|config|limits|mac|policy|der\/(block|codec|compose|contents|primitives|read))\.ts$/,
  ],
  [
    'asking',
    /runtime\/(client\/(address|none|socket)|cli\/(orchestrated|states)|protocol\/(data|frame|message|reply))\.ts$/,
  ],
  [
    'certificates',
    /runtime\/(client\/identity|protocol\/(chain|fingerprint|issue|pem|der\/certificates|x509\/\w+))\.ts$/,
  ],
  ['cert', /runtime\/cli\/(policy-options|commands\/(ca-words|cert|cert-request|cert-show))\.ts$/],
  ['ca', /runtime\/cli\/commands\/(ca|ca-delegate|ca-init|ca-server)\.ts$/],
] as const;

/**
 * A JavaScript file for each program, so that it starts without reading a folder of sources, and files of what both have and of what is only
 * loaded when it is needed. CommonJS, which Node starts with less: of an ECMAScript module's imports it looks at every name there is, and loads
 * parts of its own library that nobody asked for. What was written is the result.
 */
export async function bundle(folder: string, version: string): Promise<OutputChunk[]> {
  const bundled = await rolldown({
    input: {
      kittiwake: join(root, 'runtime', 'cli', 'main.ts'),
      kittiwaked: join(root, 'runtime', 'daemon', 'main.ts'),
      'kittiwaked-http': join(root, 'runtime', 'daemon', 'http', 'main.ts'),
      'kittiwaked-tls': join(root, 'runtime', 'daemon', 'tls', 'main.ts'),
    },
    platform: 'node',
    transform: {
      define: { KITTIWAKE_VERSION: JSON.stringify(version), 'import.meta.main': 'require.main === module' },
    },
  });
  const { output } = await bundled.write({
    ...{ dir: folder, format: 'cjs', minify: false },
    entryFileNames: '[name].cjs',
    chunkFileNames: 'part-[name]-[hash].cjs',
    codeSplitting: { groups: TOGETHER.map(([name, test]) => ({ name, test })) },
  });
  await bundled.close();
  return output.filter((file) => file.type === 'chunk');
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) console.log(HELP.trimEnd());
  else {
    await buildRuntime();
    console.log('the runtime is in build/runtime');
  }
}
