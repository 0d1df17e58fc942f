// Two hundred unikernels on one host: all answer, the daemon stays small, and the next one has them all.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noNamespaces } from '../net/namespace.ts';
import { residentKilobytes } from '../net/process.ts';
import { checker, create, DaemonHost } from './host.ts';

const COUNT = 200;
const LIMIT_MS = 600_000;
/** Kilobytes that the daemon may have resident. */
const RESIDENT_MAX = 200_000;

describe.skipIf(noNamespaces !== undefined)('kittiwaked with many unikernels', () => {
  let host: DaemonHost;
  beforeEach(async () => {
    host = await DaemonHost.open();
    await host.start();
  }, LIMIT_MS);
  afterEach(() => host.close(), LIMIT_MS);

  const addresses = Array.from({ length: COUNT }, (_, at) => `10.0.1.${at + 1}`);

  /** Those that answer no ping. */
  async function silent(): Promise<string[]> {
    const pings = addresses.map(
      (address) => `(ping -q -c 1 -w 60 ${address} >/dev/null || echo ${address}) &`,
    );
    return (await host.namespace.shell(`${pings.join('\n')}\nwait`, LIMIT_MS)).split('\n').filter(Boolean);
  }

  test(
    'all answer, before its end and after it',
    async () => {
      for (const [at, address] of addresses.entries())
        await host.ask(`u${at}`, create(await checker(address, { memory: 4 })));
      expect(await silent()).toEqual([]);
      expect((await host.states()).map(({ state }) => state.kind)).toEqual(addresses.map(() => 'running'));
      expect(residentKilobytes(host.daemon?.pid ?? 0)).toBeLessThan(RESIDENT_MAX);
      const before = await host.processes();
      expect(before.size).toBe(COUNT);
      await host.end('SIGKILL');
      await host.start();
      expect(await host.processes()).toEqual(before);
      expect((await host.states()).map(({ state }) => state.kind)).toEqual(addresses.map(() => 'running'));
      expect(await silent()).toEqual([]);
      expect(residentKilobytes(host.daemon?.pid ?? 0)).toBeLessThan(RESIDENT_MAX);
    },
    LIMIT_MS,
  );
});
