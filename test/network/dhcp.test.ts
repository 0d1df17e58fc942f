// Addresses by DHCP and router advertisements on a managed network: the ones that were allotted, from a server that comes and goes with it.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { options, running, serve } from '../../runtime/network/dhcp.ts';
import { addTap, create, publish, remove, removeTap } from '../../runtime/network/manager.ts';
import { findTap, withTap, type Network, type Settings } from '../../runtime/network/model.ts';
import { site } from '../net/sites.ts';
import { noImage, prebuilt, Unikernel } from '../net/unikernel.ts';
import { Host, Killed, noDnsmasq, noHost } from './host.ts';

const home: Settings = {
  name: 'home',
  subnet: '10.0.42.0/24',
  subnet6: 'fd00:42::/64',
  forward: 'nat',
  dhcp: true,
  isolated: false,
};
const network: Network = { ...home, seed: '5e'.repeat(32), taps: [], former: [], published: [] };
const servers = { systemd: false, folder: '/nonexistent' };

test('the server is told each tap, and nothing of a network without it', () => {
  const args = options(withTap(network, { name: 'www' }), servers);
  expect(args).toContain('--dhcp-range=10.0.42.0,static,255.255.255.0,1h');
  expect(args).toContain('--dhcp-range=fd00:42::,ra-only,64,1h');
  expect(args.filter((each) => each.startsWith('--dhcp-host='))).toEqual([
    expect.stringMatching(/^--dhcp-host=02:[0-9a-f:]{14},10\.0\.42\.2$/),
  ]);
  expect(args.filter((each) => each.startsWith('--host-record='))).toEqual([
    expect.stringMatching(/^--host-record=www,10\.0\.42\.2,fd00:42::/),
  ]);
  expect(options({ ...network, subnet: '10.0.0.0/9' }, servers)).toContain(
    '--dhcp-range=10.0.0.0,static,255.128.0.0,1h',
  );
  expect(serve({ ...network, dhcp: false }, servers)).toEqual([]);
});

test('systemd is asked to run it contained, where it runs the host', () => {
  const [step] = serve(network, { ...servers, systemd: true });
  expect(step?.program).toBe('systemd-run');
  expect(step?.args).toContain('--unit=kittiwake-dhcp-home.service');
  expect(step?.args).toContain('NoNewPrivileges=yes');
  expect(step?.args.slice(-options(network, servers).length - 1)).toEqual([
    'dnsmasq',
    ...options(network, servers),
  ]);
});

const skipped = noHost ?? noDnsmasq ?? noImage('website');

describe.skipIf(skipped)(`a network with DHCP ${skipped ?? ''}`, { timeout: 120_000 }, () => {
  test('gives unikernels the addresses that were allotted', async () => {
    await using host = await Host.open();
    using content = site({ 'index.html': 'hello\n' });
    const before = await host.picture();
    create(home, host.around);
    const first = running(home, host.around.servers);
    expect(create(home, host.around).commands).toEqual([]);
    const added = addTap('home', { name: 'www' }, host.around);
    const tap = added.network && findTap(added.network, 'www');
    if (!tap) throw new Error('no tap');
    const second = running(home, host.around.servers);
    expect(second?.pid).not.toBe(first?.pid);
    expect(existsSync(`/proc/${first?.pid}`)).toBe(false);
    publish('home', { protocol: 'tcp', port: 8080, tap: 'www', guestPort: 80 }, host.around);
    expect(running(home, host.around.servers)?.pid).toBe(second?.pid);
    {
      await using guest = new Unikernel(host.namespace, {
        ...{ image: prebuilt('website'), args: ['--dhcp'], tap: 'www', data: content.archive },
        options: [`--net-mac:service=${tap.mac}`],
      });
      await guest.line(/dhcp: bound: 10\.0\.42\.2\/24 from 10\.0\.42\.1 .*gateway 10\.0\.42\.1/);
      const ask = (url: string): Promise<string> =>
        host.namespace.shell(
          `curl -q -sS -g --noproxy '*' --retry 5 --retry-connrefused --max-time 10 '${url}'`,
        );
      expect(await ask('http://127.0.0.1:8080/')).toBe('hello\n');
      // It heard the router advertisement, made its address, and answers for it.
      await host.namespace.shell(`until ping -q -c 1 -W 1 ${tap.address6}; do :; done`);
      expect(await ask(`http://[${tap.address6}]/`)).toBe('hello\n');
    }
    removeTap('home', 'www', false, host.around);
    expect(running(home, host.around.servers)?.args.join(' ')).not.toContain('--dhcp-host');
    const last = running(home, host.around.servers);
    remove('home', false, host.around);
    expect(existsSync(`/proc/${last?.pid}`)).toBe(false);
    expect(await host.picture()).toBe(before);
  });

  test('is completed and undone with its server, wherever create or rm was killed', async () => {
    await using host = await Host.open();
    const before = await host.picture();
    for (let n = 12; ; n++) {
      let ended = true;
      try {
        create(home, host.killedAt(n));
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        ended = false;
      }
      create(home, host.around);
      const server = running(home, host.around.servers);
      expect(server).toBeDefined();
      try {
        remove('home', false, host.killedAt(n - 11));
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        if (host.around.store.names().includes('home')) remove('home', false, host.around);
      }
      expect(existsSync(`/proc/${server?.pid}`)).toBe(false);
      expect(await host.picture(), `killed at ${n}`).toBe(before);
      if (ended) break;
    }
  });
});
