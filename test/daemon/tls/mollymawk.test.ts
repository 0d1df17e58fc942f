// A session as Mollymawk has it: the requests its pages make, in their order, by TLS to a daemon that starts real tenders.
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Endpoint } from '../../../runtime/daemon/tls/endpoint.ts';
import { RevocationList } from '../../../runtime/daemon/tls/revoked.ts';
import { withoutImage } from '../../../runtime/daemon/table.ts';
import type { Command } from '../../../runtime/protocol/command.ts';
import type { Config } from '../../../runtime/protocol/config.ts';
import { issueRoot, newKeys } from '../../../runtime/protocol/issue.ts';
import type { Message } from '../../../runtime/protocol/message.ts';
import type { Policy } from '../../../runtime/protocol/policy.ts';
import { noNamespaces } from '../../net/namespace.ts';
import { noise } from '../../random.ts';
import { checker, DaemonHost } from '../host.ts';
import { Mollymawk } from './mollymawk.ts';
import { serverFiles, TERMINATOR, text } from './world.ts';

const LIMIT_MS = 120_000;
const POLICY: Policy = { unikernels: 2, cpuids: [0, 1], memory: 128, block: 8, bridges: ['br0'] };
const INFO: Command = { kind: 'unikernel', value: { kind: 'info' } };
const name = (label: string) => ({ path: [], label });

describe.skipIf(noNamespaces !== undefined)('Mollymawk', () => {
  let host: DaemonHost;
  let endpoint: Endpoint;
  let molly: Mollymawk;
  beforeAll(async () => {
    host = await DaemonHost.open();
    await host.start();
    const keys = newKeys();
    const root = { certificate: issueRoot('root', keys), key: keys.privateKey };
    const revoked = join(host.folder, 'revoked');
    await fs.writeFile(revoked, '');
    endpoint = new Endpoint({
      files: await serverFiles(host.folder, root, ['elsewhere.example'], newKeys()),
      terminator: TERMINATOR,
      revoked: new RevocationList(revoked),
      folder: host.folder,
      log: () => undefined,
    });
    molly = new Mollymawk(root, await endpoint.listen({ host: '127.0.0.1', port: 0 }));
  }, LIMIT_MS);
  afterAll(async () => {
    await endpoint.close();
    await host.close();
  }, LIMIT_MS);

  const answered = async (...asked: Parameters<Mollymawk['query']>) => (await molly.query(...asked)).payload;
  const success = (value: object) => ({ kind: 'success', value });
  const block = (value: Extract<Command, { kind: 'block' }>['value']): Command => ({ kind: 'block', value });

  let image: Uint8Array;
  let config: Config;

  test('begins with the policies of all', async () => {
    expect(await answered(undefined, { kind: 'policy', value: { kind: 'info' } })).toMatchObject(
      success({ kind: 'policies', value: [{ name: { path: [] } }] }),
    );
  });

  test('a user without a policy is shown nothing, and may do nothing', async () => {
    expect(await answered('anna', INFO)).toMatchObject(success({ kind: 'unikernels', value: [] }));
    const all = await checker('10.0.0.2');
    image = all.image;
    config = { ...all, image: new Uint8Array(0), cpuids: [0] };
    const create: Command = { kind: 'unikernel', value: { kind: 'create', value: config } };
    expect(await answered('anna', create, 'web', [image])).toMatchObject({
      kind: 'failure',
      value: expect.stringContaining('policy of anna:') as unknown,
    });
  });

  test('a policy is what the next certificate says', async () => {
    // Certificates count seconds: of two of the same one the narrower policy counts.
    await expect
      .poll(
        async () => {
          await molly.setPolicy('anna', POLICY);
          return answered(undefined, { kind: 'policy', value: { kind: 'info' } });
        },
        { timeout: 20_000 },
      )
      .toMatchObject(
        success({ value: expect.arrayContaining([{ name: { path: ['anna'] }, policy: POLICY }]) as unknown }),
      );
  });

  test(
    'a unikernel is created by a stream, shown, watched and started again',
    async () => {
      const create: Command = { kind: 'unikernel', value: { kind: 'create', value: config } };
      const pieces = [image.subarray(0, 4096), image.subarray(4096, 70_000), image.subarray(70_000)];
      expect(await answered('anna', create, 'web', pieces)).toEqual(text('created unikernel'));
      await host.answers('10.0.0.2');
      expect(await answered('anna', INFO)).toMatchObject(
        success({ kind: 'unikernels', value: [{ name: name('web') }] }),
      );
      expect(await answered('anna', INFO, 'web')).toMatchObject(
        success({ kind: 'unikernels', value: [{ info: { memory: 32, cpuids: [0], cpus: 1 } }] }),
      );

      const subscribe: Command = {
        kind: 'console',
        value: { kind: 'subscribe', value: { kind: 'count', value: 40 } },
      };
      const [said, line] = await molly.stream(
        'anna',
        subscribe,
        'web',
        ({ payload }) => payload.kind !== 'data',
      );
      expect(said).toMatchObject({ name: { path: ['anna'], label: 'web' }, payload: text('subscribed') });
      expect(line).toMatchObject({
        payload: { value: { kind: 'console', value: { line: expect.stringContaining('ready') as unknown } } },
      });

      const value = {
        kind: 'changed',
        value: { ...withoutImage(config), arguments: ['--ipv4=10.0.0.3/16'] },
      } as const;
      expect(await answered('anna', { kind: 'unikernel', value: { kind: 'restart', value } }, 'web')).toEqual(
        text('restarted unikernel'),
      );
      await host.answers('10.0.0.3');
    },
    LIMIT_MS,
  );

  test(
    'a clone is made of the image that is there',
    async () => {
      const got = await answered('anna', { kind: 'unikernel', value: { kind: 'get', value: 4 } }, 'web');
      if (got.kind !== 'success' || got.value.kind !== 'image') throw new Error('no image');
      const { compressed, data } = got.value.value;
      expect(compressed).toBe(true);
      expect(inflateSync(data).equals(image)).toBe(true);
      const clone = { ...config, compressed, arguments: ['--ipv4=10.0.0.4/16'] };
      const create: Command = { kind: 'unikernel', value: { kind: 'forceCreate', value: clone } };
      expect(await answered('anna', create, 'web-2', [data])).toEqual(text('force created unikernel'));
      await host.answers('10.0.0.4');
      expect(await answered('anna', { kind: 'unikernel', value: { kind: 'destroy' } }, 'web-2')).toEqual(
        text('destroyed unikernel'),
      );
    },
    LIMIT_MS,
  );

  test('a block device is added, filled, listed, read and removed', async () => {
    const data = noise(300_000);
    const filled = deflateSync(data);
    expect(await answered('anna', block({ kind: 'add', value: 1 }), 'data')).toEqual(
      text('added block device'),
    );
    expect(
      await answered('anna', block({ kind: 'set', value: true }), 'data', [
        filled.subarray(0, 65_536),
        filled.subarray(65_536),
      ]),
    ).toEqual(text('set block device'));
    expect(await answered('anna', block({ kind: 'info' }))).toEqual(
      success({ kind: 'blocks', value: [{ name: name('data'), size: 1, inUse: false }] }),
    );
    const isEnd = ({ payload }: Message): boolean =>
      payload.kind === 'data' && payload.value.kind === 'block' && payload.value.value.kind === 'end';
    const dump = block({ kind: 'dump', value: 5 });
    const [begun, ...pieces] = await molly.stream('anna', dump, 'data', (message) => !isEnd(message));
    expect(begun?.payload).toEqual(success({ kind: 'blockDump', value: true }));
    const read = pieces.flatMap(({ payload }) =>
      payload.kind === 'data' && payload.value.kind === 'block' && payload.value.value.kind === 'piece'
        ? [payload.value.value.value]
        : [],
    );
    expect(inflateSync(Buffer.concat(read)).subarray(0, data.length).equals(data)).toBe(true);
    expect(await answered('anna', block({ kind: 'remove' }), 'data')).toEqual(text('removed block'));
  });

  test(
    'statistics of all come with whole names',
    async () => {
      const of = { kind: 'stats', value: { kind: 'subscribe' } } as const;
      const messages = await molly.stream(undefined, of, '.', ({ payload }) => payload.kind !== 'data');
      expect(messages[0]?.payload).toEqual(text('subscribed'));
      expect(messages[1]).toMatchObject({
        name: { path: ['anna'], label: 'web' },
        payload: { value: { kind: 'statistics', value: { interfaces: [{ bridge: 'service' }] } } },
      });
    },
    LIMIT_MS,
  );

  test('what was destroyed is gone', async () => {
    expect(await answered('anna', { kind: 'unikernel', value: { kind: 'destroy' } }, 'web')).toEqual(
      text('destroyed unikernel'),
    );
    expect(await answered('anna', INFO)).toEqual(success({ kind: 'unikernels', value: [] }));
    expect(await answered('anna', { kind: 'console', value: { kind: 'listInactive' } })).toMatchObject(
      success({ kind: 'inactiveConsoles' }),
    );
  });
});
