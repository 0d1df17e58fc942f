// The daemon and real tenders, on a host of their own: what runs, what is left, and what a daemon finds that comes after a killed one.
import * as fs from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Data } from '../../runtime/protocol/data.ts';
import { parseName, type Name } from '../../runtime/protocol/name.ts';
import { noNamespaces } from '../net/namespace.ts';
import { checker, create, DaemonHost, restart, unikernel } from './host.ts';

const LIMIT_MS = 120_000;

describe.skipIf(noNamespaces !== undefined)('kittiwaked', () => {
  let host: DaemonHost;
  beforeEach(async () => {
    host = await DaemonHost.open();
    await host.start();
  }, LIMIT_MS);
  afterEach(() => host.close(), LIMIT_MS);

  const taps = async (): Promise<string[]> =>
    (await host.namespace.shell('ip -o link show type tun')).match(/kwd[0-9a-f]{12}/g) ?? [];
  const said = async (name: string): Promise<string[]> => {
    const lines: string[] = [];
    const asked = {
      kind: 'console',
      value: { kind: 'subscribe', value: { kind: 'count', value: 50 } },
    } as const;
    await using exchange = await host.client.open(parseName(name), asked, false);
    for await (const { data } of exchange.data()) if (data.kind === 'console') lines.push(data.value.line);
    return lines;
  };

  test(
    'a unikernel is created, answers, is restarted, stopped and destroyed, and nothing is left of it',
    async () => {
      const config = await checker('10.0.0.2');
      expect(await host.ask('team:a', create(config))).toEqual({ kind: 'text', value: 'created unikernel' });
      await host.answers('10.0.0.2');
      const [status] = await host.states();
      expect(status).toMatchObject({ name: { path: ['team'], label: 'a' }, state: { kind: 'running' } });
      expect(await said('team:a')).toEqual([expect.stringContaining('ready: 10.0.0.2/16')]);
      const before = await host.processes();
      await host.ask('team:a', restart);
      await host.answers('10.0.0.2');
      expect((await host.processes()).get('team:a')).not.toBe(before.get('team:a'));
      expect(await taps()).toHaveLength(1);

      await host.ask('team:a', { kind: 'kittiwake', value: { kind: 'stop' } });
      expect(await taps()).toEqual([]);
      expect(await host.states()).toMatchObject([
        { state: { kind: 'ended' }, last: { kind: 'status', value: 0 } },
      ]);
      await host.ask('team:a', restart);
      await host.answers('10.0.0.2');
      await host.ask('team:a', unikernel('destroy'));
      expect(await host.states()).toEqual([]);
      expect(await taps()).toEqual([]);
      expect(await fs.readdir(host.runs)).toEqual([]);
      expect(await host.tenders()).toEqual([]);
    },
    LIMIT_MS,
  );

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'what runs when the daemon ends by %s runs on, and the next daemon has it, what it printed meanwhile included',
    async (signal) => {
      await host.ask(
        'a',
        create(await checker('10.0.0.2', { arguments: ['--ipv4=10.0.0.2/16', '-l', 'debug'] })),
      );
      await host.answers('10.0.0.2');
      const before = await host.processes();
      await host.end(signal);
      if (signal === 'SIGTERM') expect(host.log).toContain('ends; 1 unikernels run on');
      await host.answers('10.0.0.2');
      await host.namespace.shell(
        `timeout 30 bash -c 'exec 3<>/dev/tcp/10.0.0.2/7; echo anybody >&3; head -n 1 <&3'`,
      );
      await host.start();
      expect(await host.processes()).toEqual(before);
      expect(await host.states()).toMatchObject([
        { state: { kind: 'running', value: { pid: before.get(':a') } } },
      ]);
      await expect.poll(() => said('a')).toContainEqual(expect.stringContaining('10.0.0.1'));
      expect((await said('a'))[0]).toContain('ready: 10.0.0.2/16');
      await host.ask('a', unikernel('destroy'));
      expect(await host.tenders()).toEqual([]);
      expect(await taps()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'what ended while no daemon ran is kept with how it ended, or started again where it was to be',
    async () => {
      await host.ask('quits', create(await checker('10.0.0.2')));
      await host.ask(
        'again',
        create(await checker('10.0.0.3', { failBehaviour: { kind: 'restart', value: [] } })),
      );
      const before = await host.processes();
      await host.end('SIGKILL');
      for (const pid of before.values()) process.kill(pid, 'SIGTERM');
      await expect.poll(() => host.tenders()).toEqual([]);
      await host.start();
      await host.answers('10.0.0.3');
      const states = await host.states();
      expect(states).toContainEqual(
        expect.objectContaining({
          name: { path: [], label: 'quits' },
          state: expect.objectContaining({ kind: 'ended' }) as unknown,
          last: { kind: 'status', value: 0 },
        }),
      );
      expect([...(await host.processes()).keys()]).toEqual([':again']);
      expect(await taps()).toHaveLength(1);
    },
    LIMIT_MS,
  );

  test(
    'what a unikernel uses is told once to who asks once: its process, and its interface from both sides',
    async () => {
      await host.ask('team:a', create(await checker('10.0.0.2')));
      await host.answers('10.0.0.2');
      const subscribe = { kind: 'stats', value: { kind: 'subscribe' } } as const;
      await using exchange = await host.client.open(parseName('team:'), subscribe, false);
      const all: { name: Name; data: Data }[] = [];
      for await (const one of exchange.data()) all.push(one);
      expect(all.map(({ name }) => name)).toEqual([{ path: [], label: 'a' }]);
      const [{ data } = { data: undefined }] = all;
      if (data?.kind !== 'statistics') throw new Error('no statistics');
      const { rusage, memory, interfaces } = data.value;
      expect(rusage.minflt).toBeGreaterThan(10n);
      expect(Number(memory?.rss) * 4096).toBeGreaterThan(500_000);
      expect(Math.abs(Number(memory?.start) / 1000 - Date.now())).toBeLessThan(LIMIT_MS);
      expect(interfaces).toMatchObject([{ bridge: 'service' }]);
      // A request for its address and a ping, each with its answer.
      expect(interfaces[0]?.inputPackets).toBeGreaterThanOrEqual(2n);
      expect(interfaces[0]?.outputBytes).toBeGreaterThanOrEqual(84n);
    },
    LIMIT_MS,
  );

  test(
    'a bridge that is missing is refused by its name, and one that is missing when the daemon begins is waited for',
    async () => {
      const elsewhere = await checker('10.0.0.2', { bridges: [{ name: 'service', bridge: 'br9' }] });
      await expect(host.ask('a', create(elsewhere))).rejects.toThrow(
        'policy of : does not allow bridge br9; the host has br0',
      );
      await host.ask('a', create(await checker('10.0.0.2')));
      await host.end('SIGKILL');
      for (const pid of (await host.processes()).values()) process.kill(pid, 'SIGKILL');
      await expect.poll(() => host.tenders()).toEqual([]);
      // As after the host's start: nothing is known of what ran, and the bridge has not been made yet.
      await fs.rm(host.runs, { recursive: true });
      await host.namespace
        .shell(`for t in $(ip -o link show type tun | grep -o 'kwd[0-9a-f]*'); do ip link del $t; done
        ip link del br0`);
      await host.start();
      expect(await host.states()).toMatchObject([{ state: { kind: 'waiting' } }]);
      expect(host.log).toContain('bridge br0: there is none on this host; make it with');
      await host.namespace.shell(
        'ip link add br0 type bridge; ip addr add 10.0.0.1/16 dev br0; ip link set br0 up',
      );
      await expect
        .poll(async () => (await host.states())[0]?.state.kind, { timeout: LIMIT_MS })
        .toBe('running');
      await host.answers('10.0.0.2');
    },
    LIMIT_MS,
  );

  test(
    'a tender that will not start the guest is refused in its own words',
    async () => {
      await expect(host.ask('a', create(await checker('10.0.0.2', { memory: 0 })))).rejects.toThrow(
        /memory|--mem/,
      );
      expect(await host.states()).toEqual([]);
      expect(await taps()).toEqual([]);
      expect(await fs.readdir(host.runs)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'a second daemon on the same folders is refused',
    async () => {
      const log = host.log.length;
      await expect(host.start()).rejects.toThrow('another kittiwaked looks after it; end that first');
      expect(host.log.slice(log)).not.toContain('started');
    },
    LIMIT_MS,
  );
});
