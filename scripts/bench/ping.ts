// Round-trip time of ICMP echo: netcheck behind a tap against the kernel's own stack behind a veth pair.
// Everything happens in network namespaces of its own, so an ordinary user can run it and nothing is left behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runtimeTree } from '../runtime.ts';
import { compare, type Comparison } from './compare.ts';

const PINGS = 2000;

/**
 * A shell in a new network namespace: netcheck at 10.0.0.2 by a tap, the kernel at 10.0.1.2 by a veth pair. Once both answer
 * it says "ready", then pings each address it reads with nothing between the echo requests but their replies.
 */
const NAMESPACE = `
set -eu
ip tuntap add tap0 mode tap
ip addr add 10.0.0.1/24 dev tap0
ip link set tap0 up
"$1" --mem=4 --net:service=tap0 "$2" --ipv4=10.0.0.2/24 >&2 &
guest=$!
unshare --net sleep 600 &
peer=$!
trap 'kill $guest $peer' EXIT
# The link can move only once the other side has left this namespace.
until [ "$(readlink /proc/$peer/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
ip link add veth0 type veth peer name veth1
ip link set veth1 netns $peer
ip addr add 10.0.1.1/24 dev veth0
ip link set veth0 up
nsenter --net --target $peer sh -c 'ip addr add 10.0.1.2/24 dev veth1; ip link set veth1 up'
for address in 10.0.0.2 10.0.1.2; do ping -q -c 1 -w 20 $address >&2; done
echo ready
while read -r address; do ping -q -f -c ${PINGS} $address | tail -n 1; done
`;

/** Average round trip of a flood ping, in microseconds. */
export async function benchPing(rounds: number): Promise<Comparison[]> {
  const shell = spawn(
    'unshare',
    [
      '--map-root-user',
      '--net',
      'sh',
      '-c',
      NAMESPACE,
      'sh',
      join(runtimeTree, 'bin/kittiwake-spt'),
      join(runtimeTree, 'share/kittiwake/images/netcheck.spt'),
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], timeout: 600_000 },
  );
  let complaints = '';
  shell.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaints = (complaints + text).slice(-4096)));
  const answers = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const answer = await answers.next();
    if (answer.done) throw new Error(`the network namespace for the ping benchmark ended:\n${complaints}`);
    return answer.value;
  };
  const roundTrip = async (address: string): Promise<number> => {
    shell.stdin.write(`${address}\n`);
    const line = await next();
    const average = /= [\d.]+\/([\d.]+)\//.exec(line)?.[1];
    if (average === undefined) throw new Error(`ping ${address} printed no round-trip times: ${line}`);
    return Number(average) * 1000;
  };
  try {
    await next();
    return await compare(
      `flood ping, ${PINGS} echoes`,
      'µs',
      rounds,
      { name: 'netcheck.spt by a tap', run: () => roundTrip('10.0.0.2') },
      [{ name: "Linux's own stack by a veth pair", run: () => roundTrip('10.0.1.2') }],
    );
  } finally {
    shell.stdin.end();
    if (shell.exitCode === null && shell.signalCode === null) await once(shell, 'exit');
  }
}
