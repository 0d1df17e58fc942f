// One TCP stream, each way: gigabits a second.
import { once } from 'node:events';
import { compileC } from '../setup/compile.ts';
import { ADDRESS, linux, ON_CLIENT_CPU, type Path, type Server } from './net-servers.ts';

/** The ports of the classic services netcheck has: one swallows, one generates without end (RFC 863, RFC 864). */
const DISCARD = 9;
const CHARGEN = 19;

/** What the measured side does. */
export type Direction = 'send' | 'receive';

/** Gbit/s of a stream between the kernel in the client's namespace and the server, which sends or receives. */
export async function stream(server: Server, direction: Direction, seconds: number): Promise<number> {
  const client =
    direction === 'send' ? ['receive', ADDRESS, String(CHARGEN)] : ['send', ADDRESS, String(DISCARD)];
  const program = compileC('scripts/bench/stream.c');
  const { status, out, err } = await server.client.run([
    ...ON_CLIENT_CPU,
    program,
    ...client,
    String(seconds),
  ]);
  const [bytes, took] = out.trim().split(' ').map(Number);
  if (status !== 0 || !bytes || !took) throw new Error(`a stream with ${server.name}: ${out}${err}`);
  return (bytes * 8) / took / 1e9;
}

/** Linux's own stack with the same two services, across a veth pair or a bad wire: also the ceiling of the client itself. */
export async function linuxStreams(direction: Direction, path: Path = {}): Promise<Server> {
  const verb = direction === 'send' ? 'send' : 'receive';
  const port = direction === 'send' ? CHARGEN : DISCARD;
  const program = [compileC('scripts/bench/stream.c'), 'serve', verb, String(port)];
  const where = path.impairment ? 'the same wire' : 'a veth pair';
  const server = await linux(`Linux across ${where}`, path, program);
  // `serve` has no word to say; ss(8) tells when the kernel listens.
  await server.server.shell(`until [ -n "$(ss -Hltn sport = :${port})" ]; do :; done`);
  return server;
}

/** Gbit/s of iperf3 with itself over loopback, its two ends on the processors the others' client and server have. */
export async function iperf3(server: Server, seconds: number): Promise<number> {
  const peer = server.client.start(['taskset', '--cpu-list', '1', 'iperf3', '-s', '-1', '--forceflush']);
  try {
    if (peer.stdout) await once(peer.stdout, 'data');
    const { out, status } = await server.client.run([
      ...ON_CLIENT_CPU,
      ...['iperf3', '-c', '127.0.0.1', '-t', String(seconds), '-C', 'cubic', '--json'],
    ]);
    const result = JSON.parse(out) as { error?: string; end: { sum_received: { bits_per_second: number } } };
    if (status !== 0 || result.error) throw new Error(`iperf3: ${result.error ?? out}`);
    return result.end.sum_received.bits_per_second / 1e9;
  } finally {
    peer.kill('SIGKILL');
  }
}
