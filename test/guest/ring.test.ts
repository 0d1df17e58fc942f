// The net ring as images use it: with and without one, alone and beside the tender's thread. In a lab VM with two processors.
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseStats, type Stats } from '../../runtime/tender-stats.ts';
import { labVm, written } from '../vm/lab.ts';
import { buildProgram } from './image.ts';

const RUN_LIMIT_MS = 280_000;

const lab = labVm(RUN_LIMIT_MS, ({ addProcessor }) => addProcessor());

/** Runs a shell script beside a fresh tap. */
async function vm(script: string): Promise<string> {
  const { out } = await lab.run(`cd /tmp
ip tuntap add tap0 mode tap; ip addr add 10.0.0.1/24 dev tap0; ip link set tap0 up
${script}
ip link delete tap0`);
  return out;
}

/** What the tender counted while netcheck answered 1,000 pings and sent back 3 MB: frames, hypercalls for them. */
async function serve(options: string, launcher = ''): Promise<{ stats: Stats; sent: number; calls: number }> {
  const out = await vm(`head -c 3000000 /dev/urandom > sent
${launcher} kittiwake-hvt --stats=/tmp/stats --net:service=tap0 ${options} /usr/local/share/kittiwake/images/netcheck.hvt --ipv4=10.0.0.2/24 > log 2>&1 & guest=$!
until ping -q -c 1 -w 5 10.0.0.2 > /dev/null; do kill -0 $guest || exit 1; done
ping -q -f -c 1000 -W 60 10.0.0.2 | grep -o '[0-9]* received'
timeout 200 nc -N 10.0.0.2 7 < sent > back; cmp sent back && echo intact
kill $guest; wait $guest; echo ended $?
base64 -w 0 stats`);
  const [pings, stream, end, base64 = ''] = out.split('\n');
  expect({ pings, stream, end }).toEqual({ pings: '1000 received', stream: 'intact', end: 'ended 0' });
  const stats = parseStats(Buffer.from(base64, 'base64'), () => undefined);
  const sent = stats.devices[0]?.counters['out_frames'] ?? 0;
  expect(sent).toBeGreaterThan(1000);
  return { stats, sent, calls: stats.hypercalls?.['net_write'] ?? 0 };
}

test.each([
  ['where the tender offers one by itself', '--mem=4', ''],
  ['on a single processor', '--mem=4 --net-ring', 'taskset 1'],
])('frames leave by the ring, many without a hypercall: %s', async (_, options, launcher) => {
  const { stats, sent, calls } = await serve(options, launcher);
  expect(calls).toBeLessThan(sent);
  expect(stats.hypercalls?.['net_read']).toBeGreaterThan(1000);
}, RUN_LIMIT_MS);

test.each([
  ['the tender does not offer one', '--mem=4 --no-net-ring', ''],
  ['the tender is on a single processor', '--mem=4', 'taskset 1'],
  ['memory is small', '--mem=3 --net-ring', ''],
])('frames leave by hypercalls where %s', async (_, options, launcher) => {
  const { sent, calls } = await serve(options, launcher);
  expect(calls).toBe(sent);
}, RUN_LIMIT_MS);

/** Of each frame in a capture on standard input: is it the next one, as long as it should be, and whole? */
const CHECK = String.raw`binmode STDIN; read STDIN, $_, 24; my ($n, $bad) = (0, 0);
while (read(STDIN, my $head, 16) == 16) {
  my (undef, undef, $size) = unpack 'V4', $head; read STDIN, my $frame, $size;
  my $long = $n % 16 == 15 ? 60000 + $n % 128 : 60 + $n * 7919 % 1500;
  $bad++ unless $frame eq "\2" x 12 . "\x88\xb5" . pack('V', $n) . chr($n & 255) x ($long - 18);
  $n++;
}
print "$n frames, $bad bad\n";`;

test.each([
  ['--net-ring', 0],
  ['--no-net-ring', 2500],
])(
  'frames of all lengths arrive whole and in order, also what is under way when the image ends, with %s',
  async (option, calls) => {
    const devices = [{ name: 'service', type: 'NET_BASIC' }];
    const { image, folder } = await buildProgram('sending', 'hvt', devices);
    const bytes = readFileSync(image);
    await rm(folder, { recursive: true });
    // The tender's own capture would leave the ring out. There is room in this one's buffer for all 12 MB.
    const out = await vm(`${written(bytes, 'sending.hvt')}
rm -f pcap; timeout 200 tcpdump -Z root -i tap0 -B 32768 -c 2500 -w pcap ether proto 0x88b5 2> log & capture=$!
until grep -q 'listening on' log; do kill -0 $capture || exit 1; sleep 0.05; done
kittiwake-hvt --mem=4 ${option} --stats=/tmp/stats --net:service=tap0 sending.hvt; echo $?
kittiwake stats --json ./stats | grep -o '"net_write":[0-9]*'
wait $capture; perl -e '${CHECK}' < pcap`);
    expect(out).toBe(`0\n"net_write":${calls}\n2500 frames, 0 bad\n`);
  },
  RUN_LIMIT_MS,
);
