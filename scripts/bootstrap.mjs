// The door every `npm run` goes through: plain JavaScript that the system's Node (20 or newer) can run. It installs the
// npm packages when the lockfile has changed since the last time, then hands over to scripts/NAME.ts on the project's
// own Node 24, which is one of those packages.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'node_modules', '.lockfile-digest');
const node24 = join(root, 'node_modules', '.bin', 'node');

/** Says what is wrong and what to do, and ends. */
function fail(message) {
  console.error(`kittiwake: ${message}`);
  process.exit(1);
}

/** Installs the locked packages, without running any install script, unless node_modules already matches. */
function installPackages() {
  const digest = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && existsSync(node24) && readFileSync(stamp, 'utf8') === digest) return;
  const started = performance.now();
  console.error('setup: installing npm packages (once, under a minute on a usual line) …');
  const npm = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--prefer-offline', '--loglevel=error'],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (npm.error) fail(`npm could not be started (${npm.error.message}); install npm 9 or newer`);
  if (npm.status !== 0) fail(`'npm ci' failed, see above; without a network it needs a filled npm cache`);
  if (!existsSync(node24)) {
    fail(
      `no Node 24 for ${process.platform}/${process.arch}; the runtime and its labs need Linux on x86_64 or arm64`,
    );
  }
  writeFileSync(stamp, digest);
  console.error(`setup: npm packages ready (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

const [task, ...args] = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(
    `Node ${process.versions.node} is too old; install Node 20 or newer to begin (the rest brings its own Node 24)`,
  );
}
if (!task || !existsSync(join(root, 'scripts', `${task}.ts`))) {
  fail(`no task '${task ?? ''}'; 'npm run' lists them`);
}
installPackages();

const options = [
  '--disable-warning=DEP0190', // zx starts its shell in the way this warns about.
  '--disable-warning=ExperimentalWarning',
  `--import=${join(root, 'scripts', 'setup', 'report-errors.ts')}`,
];
const child = spawn(node24, [...options, join(root, 'scripts', `${task}.ts`), ...args], {
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
    ASTRO_TELEMETRY_DISABLED: '1',
    ASTRO_DEV_BACKGROUND: '0',
  },
});
// A terminal sends Ctrl-C to the child as well; a supervisor's SIGTERM reaches only us, so it is passed on.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
