// Linux's own bad network, tc-netem(8), between Linux's own TCP and a unikernel's: in the lab VM, whose kernel has it. The client is in a
// namespace behind a router, so each direction leaves the router by an interface of its own, and each is impaired.
import { describe, expect, test } from 'vitest';
import { labVm } from '../vm/lab.ts';
import { long } from './long.ts';

const LIMIT_MS = 280_000;

/** Runs a shell script as root of the lab VM. @throws Error with all it said, if it fails. */
async function vm(script: string): Promise<string> {
  const { status, out } = await lab.run(`set -eu; PATH=$PATH:/usr/sbin:/sbin\n${script}`);
  if (status !== 0) throw new Error(`exit status ${status}:\n${script}\n${out}`);
  return out.trim();
}

const IMAGES = '/usr/local/share/kittiwake/images';

const lab = labVm(LIMIT_MS, () =>
  vm(`
mkdir /site; head -c 10000000 /dev/urandom >/site/large; head -c 700000 /site/large >/site/file
tar -cf /site.tar -C /site .
ip netns add client
ip link add r0 type veth peer name c0 netns client
ip addr add 10.1.0.1/24 dev r0; ip link set r0 up
ip -n client addr add 10.1.0.2/24 dev c0; ip -n client link set c0 up; ip -n client route add default via 10.1.0.1
echo 1 >/proc/sys/net/ipv4/ip_forward
ip netns add server
ip link add r1 type veth peer name s0 netns server
ip addr add 10.2.0.1/24 dev r1; ip link set r1 up
ip -n server addr add 10.2.0.2/24 dev s0; ip -n server link set s0 up; ip -n server route add default via 10.2.0.1
for image in website netcheck; do
  [ $image = website ] && tap=tap0 net=10.3.0 disk=--block-ro:data=/site.tar || { tap=tap1; net=10.4.0; disk=; }
  ip tuntap add $tap mode tap; ip addr add $net.1/24 dev $tap; ip link set $tap up
  kittiwake-spt --mem=16 --net:service=$tap $disk ${IMAGES}/$image.spt --ipv4=$net.2/24 --ipv4-gateway=$net.1 >/$image.log 2>&1 </dev/null &
done
ip netns exec client ping -q -c 1 -w 30 10.3.0.2 >/dev/null
ip netns exec client ping -q -c 1 -w 30 10.4.0.2 >/dev/null`),
);

/** From now on both directions are so. */
async function impair(how: string): Promise<void> {
  const devices = ['r0', 'r1', 'tap0', 'tap1'];
  await vm(devices.map((dev) => `tc qdisc replace dev ${dev} root netem limit 10000 ${how}`).join('\n'));
}

describe('by Linux to a unikernel and back', () => {
  test.each([
    ['loses 2 % and delays by 10 ms', 'delay 10ms loss 2%'],
    ['reorders a quarter', 'delay 10ms reorder 75% 50%'],
    ['doubles a tenth', 'delay 5ms duplicate 10%'],
    ['damages one in 200', 'delay 5ms corrupt 0.5%'],
    ['delays unevenly', 'delay 20ms 15ms distribution normal'],
  ])('a network that %s brings all bytes unchanged', { timeout: LIMIT_MS }, async (_, how) => {
    await impair(how);
    const counted = await vm(`
ip netns exec client curl -s -m 120 http://10.3.0.2/file | cmp - /site/file
ip netns exec client timeout 120 nc -N 10.4.0.2 7 </site/file | cmp - /site/file
tc -s qdisc show dev tap1`);
    // It did what it was told: the bytes went through it.
    const [, sent] = /Sent (\d+) bytes/.exec(counted) ?? [];
    expect(Number(sent)).toBeGreaterThan(700_000);
  });
});

describe.skipIf(!long)(`goodput over 2 % loss and 50 ms${long ? '' : ' (KITTIWAKE_LONG=1)'}`, () => {
  const seconds = async (script: string): Promise<number> =>
    Number(
      await vm(`start=$(date +%s%N)\n${script} >/dev/null\necho $((($(date +%s%N) - start) / 1000000))`),
    ) / 1000;

  test('is at least 0.8 of that between two Linuxes', { timeout: 6 * LIMIT_MS }, async () => {
    await impair('delay 25ms loss 2%'); // each way
    await vm(`ip netns exec server nc -l -N 10.2.0.2 80 </site/large >/dev/null &`);
    const ours = await seconds('ip netns exec client curl -s -m 270 http://10.3.0.2/large');
    const theirs = await seconds('ip netns exec client timeout 270 nc -d 10.2.0.2 80');
    expect(theirs / ours, `${ours} s beside ${theirs} s of Linux`).toBeGreaterThan(0.8);
  });
});
