// Sleeping with a network device that wakes the image: frames, deadlines, and one after the other. In a lab VM, where taps are.
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { labVm, written } from '../vm/lab.ts';
import { buildProgram } from './image.ts';

const RUN_LIMIT_MS = 120_000;

const lab = labVm(RUN_LIMIT_MS);

test.each(['spt', 'hvt'] as const)(
  'a frame or the next deadline ends a sleep under %s, whatever was before',
  async (abi) => {
    const devices = [{ name: 'service', type: 'NET_BASIC' }];
    const { image, folder } = await buildProgram('waiting', abi, devices);
    const bytes = readFileSync(image);
    await rm(folder, { recursive: true });
    const ran = await lab.run(`${written(bytes, `/tmp/waiting.${abi}`)}
ip tuntap add ${abi}0 mode tap; ip addr add 10.0.0.1/24 dev ${abi}0; ip link set ${abi}0 up
ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev ${abi}0
kittiwake-${abi} --mem=4 --net:service=${abi}0 /tmp/waiting.${abi} > /tmp/out & guest=$!
until grep -q ready /tmp/out; do kill -0 $guest || exit 1; done
ping -q -i 0.01 10.0.0.2 > /dev/null & ping=$!
wait $guest; status=$?
kill $ping; ip link delete ${abi}0
exit $status`);
    expect(ran).toEqual({ status: 42, out: '' });
  },
  RUN_LIMIT_MS,
);
