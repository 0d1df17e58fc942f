// A network that is bridged to what is beyond a port of the host: its unikernels are stations there, and the host is nothing but a switch.
// NAT and routing by an uplink are in traffic.test.ts.
import { describe, expect, test } from 'vitest';
import { addTap, create, publish, remove, up } from '../../runtime/network/manager.ts';
import type { Settings } from '../../runtime/network/model.ts';
import { NetworkError } from '../../runtime/network/errors.ts';
import type { Namespace } from '../net/namespace.ts';
import { ask, guest, pings, serve, tapOf } from './guests.ts';
import { Host, killEverywhere, masked, noHost } from './host.ts';

const lan: Settings = {
  name: 'lan',
  subnet: '198.51.100.0/24',
  subnet6: '2001:db8:51::/64',
  forward: 'bridged',
  uplink: 'eth1',
  dhcp: false,
  isolated: false,
};
const ROUTER = { ipv4: '198.51.100.1', ipv6: '2001:db8:51::1' };

/** A host with a second interface, on which it has no address, and the router of the network behind that. */
async function withPort(host: Host, state: 'up' | 'down' = 'up'): Promise<Namespace> {
  const router = await host.namespace.another();
  await host.namespace.shell(`ip link add eth1 type veth peer name eth0 netns ${router.pid}
ip link set eth1 up
# One that never was up looks otherwise, and nothing brings that back.
ip link set eth1 ${state}`);
  await router.shell(`PATH=$PATH:/sbin sysctl -qw net.ipv6.conf.eth0.accept_dad=0
ip addr add ${ROUTER.ipv4}/24 dev eth0
ip addr add ${ROUTER.ipv6}/64 dev eth0 nodad
ip link set eth0 up`);
  // Until link-local addresses are no longer on their way.
  if (state === 'up')
    await host.namespace.shell(
      'until ip -o link show dev eth1 | grep -q "state UP" && ip -6 -o addr show dev eth1 scope link | grep inet6 | grep -qv tentative; do sleep 0.05; done',
    );
  return router;
}

/** Expects the host's picture to be `before`, at the latest when the kernel has noticed what its links are: a busy one takes its time. */
async function restored(host: Host, before: string, when = 'afterwards'): Promise<void> {
  await expect.poll(() => host.picture(), { message: when }).toBe(before);
}

/** The host's picture once the bridge has noticed that its port has a carrier. */
async function settled(host: Host): Promise<string> {
  await host.namespace.shell(
    'until ip -o link show dev kw-lan | grep -q "state UP" && ip -6 -o addr show dev eth1 scope link | grep -q inet6; do sleep 0.05; done',
  );
  return masked(await host.picture());
}

describe.skipIf(noHost)(`a bridged network ${noHost ?? ''}`, { timeout: 300_000 }, () => {
  test('has its unikernels beyond the port, and not the host', async () => {
    await using host = await Host.open();
    const router = await withPort(host);
    const before = await host.picture();
    create(lan, host.around);
    const www = tapOf(addTap('lan', { name: 'www', address: '198.51.100.50' }, host.around).network, 'www');
    const db = tapOf(addTap('lan', { name: 'db', address: '198.51.100.51' }, host.around).network, 'db');
    // Its own, made of its MAC address: nobody beyond gives it another.
    expect(www.address6).toMatch(/^2001:db8:51:[0-9a-f:]+$/);
    const made = await host.picture();
    {
      const one = await guest(host, www, ROUTER);
      const two = await guest(host, db, ROUTER);
      await serve(router, 'router');
      expect(await ask(one, 'http://198.51.100.1/')).toBe('router 198.51.100.50');
      expect(await ask(one, `http://[${ROUTER.ipv6}]/`)).toBe(`router ${www.address6}`);
      expect(await ask(router, 'http://198.51.100.50/')).toBe('www 198.51.100.1');
      expect(await ask(router, `http://[${db.address6}]/`)).toBe(`db ${ROUTER.ipv6}`);
      expect(await ask(two, 'http://198.51.100.50/')).toBe('www 198.51.100.51');
      await pings(router, '198.51.100.51');
      // The host has addresses, and Linux would tell anybody on any of its interfaces who has them.
      for (const from of [router, one]) {
        await from.shell('ip route add 192.0.2.1/32 dev eth0');
        expect((await from.run(['ping', '-c', '1', '-W', '1', '192.0.2.1'])).status).toBe(1);
        expect(await from.shell('ip neigh show to 192.0.2.1')).toMatch(/INCOMPLETE|FAILED/);
      }
      await router.shell(
        'ip neigh replace 192.0.2.1 lladdr $(ip neigh show to 198.51.100.50 | grep -o "..:..:..:..:..:..") dev eth0',
      );
    }
    expect(await host.namespace.shell('ip -o addr show dev kw-lan')).toBe('');
    expect(create(lan, host.around).commands).toEqual([]);
    expect(masked(await host.picture()).includes('forwarding = 1')).toBe(
      masked(made).includes('forwarding = 1'),
    );
    expect(() =>
      publish('lan', { protocol: 'tcp', port: 80, tap: 'www', guestPort: 80 }, host.around),
    ).toThrow(/nothing to publish/);
    expect(() => addTap('lan', { name: 'third' }, host.around)).toThrow(/settled beyond eth1.*add --address/);
    remove('lan', true, host.around);
    await restored(host, before);
  });

  test('never takes an interface that the host lives on', async () => {
    await using host = await Host.open();
    await withPort(host);
    await host.namespace.shell(`ip link add br9 type bridge
ip link add veth0 type veth peer name veth1; ip link set veth0 master br9
ip link set veth1 up; ip route add 203.0.113.0/24 dev veth1
ip tuntap add tap9 mode tap`);
    const before = await host.picture();
    for (const [uplink, cause] of [
      ['eth0', /--uplink eth0: carries the host's address 192\.0\.2\.1\/24: .*cut off/],
      ['veth0', /--uplink veth0: a port of br9 already/],
      ['veth1', /--uplink veth1: carries the host's route to 203\.0\.113\.0\/24: .*cut off/],
      ['br9', /--uplink br9: bridge, no port/],
      ['tap9', /--uplink tap9: a tap, no port/],
      ['lo', /--uplink lo: loopback, no port/],
      ['eth7', /--uplink eth7: no such interface/],
    ] as const) {
      expect(() => create({ ...lan, uplink }, host.around), uplink).toThrow(cause);
      expect(() => create({ ...lan, uplink }, host.dry), uplink).toThrow(cause);
    }
    await restored(host, before);
    expect(host.around.store.names()).toEqual([]);
    // One that the host came to live on while the network was down, as at a start, is left to it.
    create(lan, host.around);
    await host.namespace.shell('ip link set eth1 nomaster; ip addr add 198.51.100.9/24 dev eth1');
    const [outcome] = up(undefined, host.around);
    expect(outcome).toBeInstanceOf(NetworkError);
    expect(await host.namespace.shell('ip -o link show dev eth1')).not.toContain('master');
  });

  test.each(['up', 'down'] as const)(
    'that is killed anywhere is completed and undone; the port was %s and is again',
    async (state) => {
      await using host = await Host.open();
      await withPort(host, state);
      const before = await host.picture();
      create(lan, host.around);
      const made = await settled(host);
      remove('lan', false, host.around);
      await restored(host, before);
      const moments = await killEverywhere(
        host,
        (around) => create(lan, around),
        async (n) => {
          create(lan, host.around);
          expect(await settled(host), `create killed at ${n}`).toBe(made);
          remove('lan', false, host.around);
          await restored(host, before, `create killed at ${n}`);
        },
      );
      expect(moments).toBeGreaterThan(6);
      await killEverywhere(
        host,
        (around) => remove('lan', false, around),
        async (n) => {
          if (host.around.store.names().length > 0) remove('lan', false, host.around);
          await restored(host, before, `rm killed at ${n}`);
          create(lan, host.around);
        },
      );
      await restored(host, before);
    },
  );
});
