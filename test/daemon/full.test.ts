// A disk that is full: each verb is done, or refused with what is the matter and nothing of it done; when there is room again, all work.
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Disk } from '../../runtime/daemon/disk.ts';
import type { Config } from '../../runtime/protocol/config.ts';
import { formatName } from '../../runtime/protocol/name.ts';
import type { Command } from '../../runtime/protocol/command.ts';
import { noNamespaces } from '../net/namespace.ts';
import { checker, create, DaemonHost, restart, unikernel } from './host.ts';

const LIMIT_MS = 240_000;
const SIZE = 2 << 20;
const PAGE = 4096;

/** What outlives the daemon: unikernels with their memory, those that ended, policies with theirs. */
interface State {
  readonly run: Record<string, number>;
  readonly past: readonly string[];
  readonly policies: Record<string, number>;
}

describe.skipIf(noNamespaces !== undefined)('kittiwaked on a full disk', () => {
  let host: DaemonHost;
  beforeEach(async () => {
    host = await DaemonHost.open();
    // Where the daemon is, and nowhere else, its folders are small.
    const folders = ['state', 'run'].map((name) => join(host.folder, name));
    for (const folder of folders) await fs.mkdir(folder);
    const mounts = folders.map((folder) => `mount -t tmpfs -o size=${SIZE} none ${folder}`);
    await host.start('unshare', '--mount', 'sh', '-ec', `${mounts.join('\n')}\nexec "$@"`, 'sh');
  }, LIMIT_MS);
  afterEach(async () => {
    await host.end('SIGKILL');
    for (const pid of await host.tenders()) process.kill(pid, 'SIGKILL');
    await host.close();
  }, LIMIT_MS);

  const within = (...path: string[]): string =>
    join(`/proc/${host.daemon?.pid ?? 0}/root`, host.folder, ...path);

  /** Leaves `room` bytes in `folder`. */
  async function fill(folder: string, room: number): Promise<void> {
    const file = await fs.open(within(folder, 'filler'), 'w');
    const piece = Buffer.alloc(PAGE);
    let size = 0;
    try {
      for (;;) size += (await file.write(piece)).bytesWritten;
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    }
    await file.truncate(Math.max(0, size - room));
    await file.close();
  }

  async function remembered(): Promise<State> {
    const { unikernels, past, policies, damaged } = (await Disk.open(within('state'))).remembered;
    expect(damaged).toEqual([]);
    return {
      run: Object.fromEntries(unikernels.map(({ name, config }) => [formatName(name), config.memory])),
      past: past.map((each) => formatName(each.unikernel.name)),
      policies: Object.fromEntries([...policies].map(([path, { memory }]) => [path, memory])),
    };
  }

  const grant = (memory: number): Command => ({
    kind: 'policy',
    value: { kind: 'add', value: { unikernels: 9, memory, cpuids: [0], bridges: ['br0'] } },
  });

  test.each(['state', 'run'])(
    '%s',
    async (folder) => {
      const config = (memory: number, salt: number): Promise<Config> =>
        checker('10.0.0.2', { memory }).then((plain) => ({
          ...plain,
          // An image of its own each time, so that it has to be written.
          image: Buffer.concat([plain.image, Buffer.alloc(1 + salt)]),
        }));
      const replace = (value: Config): Command => ({
        kind: 'unikernel',
        value: { kind: 'forceCreate', value },
      });
      let memory = 16;
      let refusals = 0;
      /** Tries it: either it was done, and `after` is so, or nothing has changed. */
      const tried = async (
        name: string,
        command: Command,
        after: (before: State) => State,
      ): Promise<boolean> => {
        const before = await remembered();
        const failure = await host.ask(name, command).then(
          () => undefined,
          (error: unknown) => (error as Error).message,
        );
        if (failure === undefined) {
          expect(await remembered()).toEqual(after(before));
          return true;
        }
        refusals += 1;
        expect(failure).toMatch(/disk is full; make room there/);
        expect(await remembered()).toEqual(before);
        return false;
      };
      const runs = (name: string, size: number) => (before: State) => ({
        ...{ ...before, run: { ...before.run, [name]: size } },
        past: before.past.filter((each) => each !== name),
      });
      const verbs = async (salt: number): Promise<void> => {
        memory += 1;
        await tried(':a', replace(await config(memory, salt)), runs(':a', memory));
        await tried(':a', restart, (before) => before);
        await tried('team:', grant(100 + memory), (before) => ({
          ...before,
          policies: { ...before.policies, 'team:': 100 + memory },
        }));
        const size = { kind: 'add', value: 1 } as const;
        if (await tried('disk', { kind: 'block', value: size }, (before) => before))
          await host.ask('disk', { kind: 'block', value: { kind: 'remove' } });
        const stop: Command = { kind: 'kittiwake', value: { kind: 'stop' } };
        const b = await checker('10.0.0.3', {
          memory: 16,
          image: Buffer.concat([(await config(1, salt)).image, Buffer.alloc(1)]),
        });
        if (await tried(':b', create(b), runs(':b', 16))) {
          const stopped = await tried(':b', stop, (before) => ({
            ...{
              ...before,
              run: Object.fromEntries(Object.entries(before.run).filter(([name]) => name !== ':b')),
            },
            past: [...before.past, ':b'],
          }));
          if (!stopped)
            expect((await host.states()).find(({ name }) => name.label === 'b')?.state.kind).not.toBe(
              'ended',
            );
          // Nothing has to be written for that.
          await host.ask('b', unikernel('destroy'));
        }
      };
      await host.ask('a', create(await config(memory, 0)));
      for (const pages of [0, 1, 2, 3, 4, 6, 8, 50, 60]) {
        await fill(folder, pages * PAGE);
        await verbs(pages);
        await fs.rm(within(folder, 'filler'));
        // What could not be started again meanwhile is, once it can be.
        await expect
          .poll(async () => (await host.states()).map(({ state }) => state.kind), { timeout: LIMIT_MS })
          .toEqual(['running']);
        await host.answers('10.0.0.2');
      }
      expect(refusals).toBeGreaterThan(4);
      const before = refusals;
      await verbs(100);
      expect(refusals).toBe(before);
      expect(await fs.readdir(within('run'))).toHaveLength(1);
      expect(await fs.readdir(within('state', 'images'))).toHaveLength(1);
    },
    LIMIT_MS,
  );
});
