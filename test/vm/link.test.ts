// The order in which two machines are joined. QEMU 7.2 dies of a packet for a wire that is not laid yet.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join as under } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { join } from '../../labs/vm/link.ts';
import type { Machine } from '../../labs/vm/machine.ts';

const folder = mkdtempSync(under(tmpdir(), 'kittiwake link-'));
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

test('nothing is plugged in before the wire has both its ends, and nobody connects before the other listens', async () => {
  const asked: string[] = [];
  const connected: (() => void)[] = [];
  const path = under(folder, 'link');
  const server = createServer();
  servers.push(server);
  const machine = (name: string): Machine =>
    ({
      qemu: {
        path: () => path,
        control: {
          run: (command: string, { server: listens }: { readonly server?: boolean }) => {
            asked.push(`${name} ${command}${listens === true ? ' that listens' : ''}`);
            return Promise.resolve();
          },
          event: (what: string) =>
            new Promise<void>((resolve) => {
              if (what === 'NETDEV_STREAM_CONNECTED') connected.push(resolve);
            }),
        },
      },
      root: { run: () => Promise.resolve({ exit: 0 }) },
    }) as unknown as Machine;

  // What another listens at is not this.
  mkdirSync(under(folder, 'other'));
  const another = createServer().listen(under(folder, 'other', 'link'));
  servers.push(another);
  await once(another, 'listening');
  const joined = join(machine('one'), machine('other'));
  await expect.poll(() => asked).toHaveLength(1);
  for (let looks = 0; looks < 5; looks++) await readFile('/proc/net/unix');
  asked.push('one listens');
  server.listen(path);
  await expect.poll(() => asked).toHaveLength(3);
  connected[0]?.();
  await setImmediate();
  asked.push('connected');
  connected[1]?.();
  await joined;
  expect(asked).toEqual([
    'one netdev_add that listens',
    'one listens',
    'other netdev_add',
    'connected',
    'one device_add',
    'other device_add',
  ]);
});
