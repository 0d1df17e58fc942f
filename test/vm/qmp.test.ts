// QEMU's control socket against peers that answer well, badly, or not at all.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, Qmp } from '../../labs/vm/qmp.ts';

let folder: string;
let server: Server;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kittiwake-qmp-'));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** A control line to a peer that does `react` with each piece it hears. */
async function qmp(react: (peer: Socket, heard: string) => void, limitMs?: number): Promise<Qmp> {
  server = createServer((peer) => {
    peer.on('error', () => undefined).on('data', (bytes) => react(peer, String(bytes)));
  });
  const path = join(folder, 'control');
  await once(server.listen(path), 'listening');
  return new Qmp(await connect(path), limitMs);
}

test('answers belong to commands in their order; greetings and events do not count', async () => {
  let count = 0;
  const line = await qmp((peer, heard) => {
    const commands = heard.trim().split('\n');
    peer.write(commands.map(() => `{"event":"STOP"}\n{"return":${++count}}\n`).join(''));
  });
  expect(await Promise.all([line.run('a'), line.run('b'), line.run('c')])).toEqual([1, 2, 3]);
  line.close();
  await expect(line.run('d')).rejects.toThrow('QEMU ended');
});

test('an event is waited for by its name', async () => {
  const line = await qmp((peer) => peer.write('{"event":"STOP"}\n{"event":"RESET"}\n{"return":1}\n'));
  const reset = line.event('RESET');
  const never = line.event('SHUTDOWN');
  expect(await line.run('a')).toBe(1);
  await reset;
  await expect(line.event('SHUTDOWN', 50)).rejects.toThrow('QEMU does not tell of SHUTDOWN (waited 0.05 s)');
  line.close();
  await expect(never).rejects.toThrow('QEMU ended');
});

test.each<[string, (peer: Socket) => void, string]>([
  ['refuses', (peer) => peer.write('{"error":{"desc":"no such command"}}\n'), 'QEMU: no such command'],
  ['hangs up', (peer) => peer.destroy(), 'QEMU ended'],
  ['breaks off', (peer) => peer.end('{"retu'), 'broke off in the middle of an answer'],
  ['is silent', () => undefined, "QEMU does not answer 'query-status' (waited 2 s)"],
])('a peer that %s is an error that says so', async (_, react, message) => {
  const line = await qmp(react, 2000);
  await expect(line.run('query-status')).rejects.toThrow(message);
  line.close();
});
