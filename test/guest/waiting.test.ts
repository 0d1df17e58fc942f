// Sleeping with a network device that wakes the image: frames, deadlines, and one after the other. In a lab VM, where taps are.
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMachine, type Machine } from '../../labs/vm/machine.ts';
import { labSnapshot } from '../../scripts/vm.ts';
import { buildProgram } from './image.ts';

/** Where no lab VM is in the cache one is built first. */
const BUILD_LIMIT_MS = 900_000;
const RUN_LIMIT_MS = 25_000;

let machine: Machine;
beforeAll(async () => {
  machine = await startMachine(await labSnapshot());
}, BUILD_LIMIT_MS);
afterAll(() => machine.stop());

test.each(['spt', 'hvt'] as const)(
  'a frame or the next deadline ends a sleep under %s, whatever was before',
  async (abi) => {
    const devices = [{ name: 'service', type: 'NET_BASIC' }];
    const { image, folder } = await buildProgram('waiting', abi, devices);
    const bytes = readFileSync(image).toString('base64');
    await rm(folder, { recursive: true });
    let out = '';
    const script = `
echo ${bytes} | base64 -d > /tmp/waiting.${abi}
ip tuntap add ${abi}0 mode tap; ip addr add 10.0.0.1/24 dev ${abi}0; ip link set ${abi}0 up
ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev ${abi}0
kittiwake-${abi} --mem=4 --net:service=${abi}0 /tmp/waiting.${abi} > /tmp/out & guest=$!
until grep -q ready /tmp/out; do kill -0 $guest || exit 1; done
ping -q -i 0.01 10.0.0.2 > /dev/null & ping=$!
wait $guest; status=$?
kill $ping; ip link delete ${abi}0
exit $status`;
    const { exit } = await machine.root.run(`(${script}\n) 2>&1`, {
      timeoutMs: RUN_LIMIT_MS,
      onOutput: (text) => (out += text),
    });
    expect({ exit, out }).toEqual({ exit: 42, out: '' });
  },
  RUN_LIMIT_MS,
);
