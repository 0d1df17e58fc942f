// Commands that handbooks for unikernels have printed and that cannot work: each is caught, and named with its line.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parsePage } from '../../labs/markdown/page.ts';
import { RunningLab, type PartRun } from '../../labs/runner/parts.ts';
import { labShells } from '../../labs/runner/machines.ts';
import { MACHINE } from '../../labs/runner/options.ts';
import { budgetFactor } from '../../labs/runner/run.ts';
import { startMachine, type Machine } from '../../labs/vm/machine.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { labSnapshot } from '../../scripts/vm.ts';

const LIMIT_MS = 900_000;

let snapshot: Snapshot;
let machine: Machine;
beforeAll(async () => {
  snapshot = await labSnapshot();
  machine = await startMachine(snapshot);
}, LIMIT_MS);
afterAll(() => machine.stop());

/** Runs all of a page, whatever fails, in the one machine; what failed, with its line, and all that was printed. */
async function run(file: string, source: string): Promise<{ runs: PartRun[]; out: string; red: string[] }> {
  const { lab, recording } = parsePage(file, source);
  const running = new RunningLab(lab, recording, labShells(new Map([[MACHINE, machine]])), {
    record: false,
    factor: budgetFactor(snapshot),
  });
  const runs: PartRun[] = [];
  for (const part of lab.parts) runs.push(await running.run(part));
  const out = runs.map(({ result }) => result.transcript).join('\n');
  const red = runs.flatMap(({ failure }) => (failure ? [`${lab.file}:${failure.part.line}`] : []));
  return { runs, out, red };
}

const fence = (language: string, ...lines: string[]): string =>
  ['```' + language, ...lines, '```', ''].join('\n');

/** What a page needs that speaks of the tender by its upstream name, and of an image of its own. */
const PREPARE = fence(
  'sh',
  'sudo ln -sf /usr/local/bin/kittiwake-hvt /usr/local/bin/solo5-hvt',
  'cp /usr/local/share/kittiwake/images/netcheck.hvt service.hvt',
  'sudo ip link delete tap0 2> /dev/null || true',
  'sudo ip tuntap add tap0 mode tap user "$(id -un)"',
);

test.each([
  [
    'a tap that is switched on by the command that makes it',
    fence('sh', 'sudo ip tuntap set dev tap0 up', 'ip link show dev tap0'),
    /page\.md:9: ended with status 255/,
    /Command "set" is unknown/,
  ],
  [
    'a device in the place of the address',
    fence('bash', 'sudo ip link set dev tap0 up', 'sudo ip addr add tap0 10.0.0.1/24'),
    /page\.md:10: ended with status 1/,
    /any valid prefix is expected rather than "tap0"/,
  ],
  [
    'a setting of the kernel, changed behind a prompt of a user',
    fence('console', '$ /usr/sbin/sysctl -w net.ipv4.ip_forward=1', '$ sudo sysctl -n net.ipv4.ip_forward'),
    undefined,
    /permission denied/,
  ],
  [
    'options of the tender that have grown together',
    fence('', '$ solo5-hvt --mem=96--net:service=tap0 service.hvt'),
    undefined,
    /96--net:service=tap0/,
  ],
  [
    'a tender without the network that its image declares',
    fence('console', '$ solo5-hvt service.hvt'),
    undefined,
    /service/,
  ],
  [
    'a key for apt, written by a user where only root may',
    fence(
      'shell',
      'printf key > key.asc',
      'curl --silent "file://$PWD/key.asc" | gpg --dearmor > /usr/share/keyrings/key.gpg',
      'ls key.asc',
    ),
    /page\.md:10: ended with status 1/,
    /\/usr\/share\/keyrings\/key\.gpg: Permission denied/,
  ],
])('%s', { timeout: LIMIT_MS }, async (_, page, line, message) => {
  const { runs, out, red } = await run('page.md', PREPARE + '\n' + page);
  expect(runs[0]?.failure, out).toBeUndefined();
  expect(out).toMatch(message);
  // A transcript names the command by its own line; of a fence that is run as a whole, the line stands in what it printed.
  expect(red[0]).toBe('page.md:9');
  if (line) expect(out).toMatch(line);
});

test('the same, put right, is green', { timeout: LIMIT_MS }, async () => {
  const right = fence(
    'sh',
    'sudo ip link set dev tap0 up',
    'sudo ip addr add 10.0.0.1/24 dev tap0',
    'sudo sysctl -w net.ipv4.ip_forward=1',
    'printf key | sudo tee /usr/share/keyrings/key.gpg > /dev/null',
  );
  const { red, out } = await run('page.md', `${PREPARE}\n${right}`);
  expect(red, out).toEqual([]);
});
