// A DNS server for a namespace: NAME=ADDRESS[,ADDRESS] for each argument, at port 53 of both versions of IP. Names it does not know do not exist.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { A, AAAA, read, soa, SOA, write } from '../libos/dns/messages.ts';
import type { Namespace } from './namespace.ts';

/** Starts it; it ends with the namespace. */
export async function serveNames(namespace: Namespace, ...names: readonly string[]): Promise<void> {
  const server = namespace.start([process.execPath, fileURLToPath(import.meta.url), ...names]);
  if (server.stdout) await once(server.stdout, 'data');
}

function answer(query: Buffer, names: ReadonlyMap<string, readonly string[]>): Buffer {
  const { id, questions } = read(query);
  const [question] = questions;
  const known = names.get(question?.name.toLowerCase() ?? '');
  const right = known?.filter((address) => (question?.type === AAAA) === address.includes(':')) ?? [];
  const name = question?.name ?? '';
  return write({
    id,
    flags: known ? 0x8180 : 0x8183,
    questions,
    answers: right.map((data) => ({ name, type: data.includes(':') ? AAAA : A, data })),
    authorities: right.length === 0 ? [{ name: 'test', type: SOA, data: soa(60) }] : [],
  });
}

function main(args: readonly string[]): void {
  const names = new Map(
    args.map((arg) => arg.split('=')).map(([name = '', list = '']) => [name, list.split(',')]),
  );
  const socket = createSocket('udp6');
  socket.on('message', (query, { address, port }) => socket.send(answer(query, names), port, address));
  socket.bind(53, () => process.stdout.write('bound\n'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
