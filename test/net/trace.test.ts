// kittiwake trace beside a guest that runs: its frames as they come, what was dropped on either side, and every way to end.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/setup/root.ts';
import { Namespace, noNamespaces } from './namespace.ts';
import { noImage, prebuilt, Unikernel } from './unikernel.ts';

const skipped = noNamespaces ?? noImage('netcheck');
const noTcpdump =
  skipped ?? (spawnSync('tcpdump', ['--version']).error ? 'tcpdump is not installed' : undefined);
const folder = mkdtempSync(join(tmpdir(), 'kittiwake-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [capture, stats] = [join(folder, 'net.pcap'), join(folder, 'stats')];

/** netcheck at 10.0.0.2, captured and counted. */
async function netcheck(namespace: Namespace): Promise<Unikernel> {
  await namespace.tap('tap0', '10.0.0.1/24');
  return Unikernel.ready(namespace, {
    image: prebuilt('netcheck'),
    args: ['--ipv4=10.0.0.2/24', '--ipv4-only', '--metrics-port=9100'],
    options: [`--pcap:service=${capture}`, `--stats=${stats}`],
  });
}

const command = (...args: string[]): string[] => [
  process.execPath,
  join(root, 'runtime/cli/main.ts'),
  'trace',
  ...args,
];

/** Outside of any namespace: in a user namespace tcpdump cannot become the user it wants to be. */
const outside: Pick<Namespace, 'start'> = {
  start: ([program = '', ...args]) => spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }),
};

/** A trace that goes on, with what it has shown so far. */
class Trace {
  readonly child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly err: Promise<string>;
  out = '';

  constructor(namespace: Pick<Namespace, 'start'>, ...args: string[]) {
    this.child = namespace.start(command(...args));
    this.#ended = once(this.child, 'close');
    this.err = this.child.stderr ? text(this.child.stderr) : Promise.resolve('');
    this.child.stdout?.setEncoding('utf8').on('data', (part: string) => (this.out += part));
  }

  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.out)) {
      if (this.child.exitCode !== null || !this.child.stdout)
        throw new Error(`the trace ended before ${pattern}:\n${this.out}${await this.err}`);
      await Promise.race([once(this.child.stdout, 'data'), this.#ended]);
    }
  }

  async status(): Promise<number | null> {
    await this.#ended;
    return this.child.exitCode;
  }
}

describe.skipIf(skipped)(`kittiwake trace ${skipped ?? ''}`, () => {
  test('shows frames and drops as they come, and ends with the unikernel', async () => {
    await using namespace = await Namespace.open();
    await using guest = await netcheck(namespace);
    const trace = new Trace(namespace, '--follow', `--stats=${stats}`, '--metrics=10.0.0.2:9100', capture);
    await trace.shows(/ARP, Request who-has 10\.0\.0\.2 tell 10\.0\.0\.2\n/);
    await namespace.shell('ping -q -c 1 -W 15 10.0.0.2');
    await trace.shows(/IP 10\.0\.0\.1 > 10\.0\.0\.2: ICMP echo request, id \d+, seq 1, length 64\n/);
    await trace.shows(/IP 10\.0\.0\.2 > 10\.0\.0\.1: ICMP echo reply, id \d+, seq 1, length 64\n/);
    await namespace.shell(`bash -c 'echo x > /dev/udp/10.0.0.2/5000'`);
    await trace.shows(/IP 10\.0\.0\.1\.\d+ > 10\.0\.0\.2\.5000: UDP, length 2\n/);
    await trace.shows(/-- 1 × unikernel, port: no service at this port\n/);
    await guest.stop();
    expect(await trace.status()).toBe(0);
    expect(await trace.err).toMatch(/^kittiwake: \d+ frames, \d+ dropped or late\n$/m);
    expect(trace.out).not.toContain('10.0.0.2.9100');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('ends at %s, with how many frames there were', async (signal) => {
    await using namespace = await Namespace.open();
    await using guest = await netcheck(namespace);
    const trace = new Trace(namespace, '--follow', capture);
    await trace.shows(/ARP/);
    trace.child.kill(signal);
    expect(await trace.status()).toBe(0);
    expect(await trace.err).toMatch(/^kittiwake: \d+ frames?\n$/);
    await guest.stop();
  });

  test('ends when nobody reads it any more', async () => {
    await using namespace = await Namespace.open();
    await using guest = await netcheck(namespace);
    const line = await namespace.shell(`'${command('--follow', capture).join("' '")}' | head -n 1`);
    expect(line).toMatch(/^[\d:]+\.\d{6} \S.*\n$/);
    await guest.stop();
  });

  test('reads a named pipe and standard input', async () => {
    await using namespace = await Namespace.open();
    await using guest = await netcheck(namespace);
    await guest.stop();
    const show = `'${command().join("' '")}'`;
    const whole = await namespace.shell(`${show} '${capture}' 2>/dev/null`);
    expect(whole).toMatch(/ARP/);
    expect(await namespace.shell(`cat '${capture}' | ${show} - 2>/dev/null`)).toBe(whole);
    const pipe = join(folder, 'pipe');
    expect(
      await namespace.shell(`mkfifo '${pipe}'; cat '${capture}' > '${pipe}' & ${show} '${pipe}' 2>/dev/null`),
    ).toBe(whole);
  });
});

describe.skipIf(noTcpdump)(`kittiwake trace, shown by tcpdump ${noTcpdump ?? ''}`, () => {
  test('with a filter and options, as they come; a wrong filter is its status', async () => {
    await using namespace = await Namespace.open();
    await using guest = await netcheck(namespace);
    const trace = new Trace(outside, '--follow', `--stats=${stats}`, capture, '--', '-v', 'icmp');
    await namespace.shell('ping -q -c 1 -W 15 10.0.0.2');
    await trace.shows(/10\.0\.0\.2 > 10\.0\.0\.1: ICMP echo reply/);
    await guest.stop();
    expect(await trace.status()).toBe(0);
    expect(trace.out).not.toContain('ARP');
    const wrong = new Trace(outside, capture, '--', 'no filter');
    expect(await wrong.status()).toBe(1);
    expect(await wrong.err).toContain("can't parse filter expression");
  });
});

test.skipIf(skipped)('kittiwake trace without tcpdump says what to install', async () => {
  await using namespace = await Namespace.open();
  await using guest = await netcheck(namespace);
  await guest.stop();
  const ended = await namespace.run(['env', 'PATH=/nonexistent', ...command(capture, '--', 'icmp')]);
  expect(ended).toMatchObject({
    status: 69,
    err: "kittiwake: tcpdump: not installed; install it, or leave away what stands behind '--'\n",
  });
});
