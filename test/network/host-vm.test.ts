// Networks on a whole host, a lab VM: the installed command, systemd, dnsmasq, other people's rules, commands ended by SIGKILL. What the operations
// do in every case, killed at every moment, is tried in namespaces beside (manage.test.ts), where a command takes no seconds.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { masked } from './host.ts';
import { BUILD_LIMIT_MS, HostMachine } from './machine.ts';

let host: HostMachine;
let before: string;
let beforeServices: string;
beforeAll(async () => {
  host = await HostMachine.open();
  await host.connect();
  before = await host.picture();
  beforeServices = await host.services();
}, BUILD_LIMIT_MS);
afterAll(() => host[Symbol.asyncDispose]());

const WEB = 'web --subnet 10.0.42.0/24 --subnet6 fd00:42::/64 --nat --dhcp';
const LIMIT_MS = 1_200_000;

/** A picture without the numbers the kernel gives to what is made: of interfaces, of a bridge's timers. */
function steady(picture: string): string {
  return masked(
    picture
      .replace(/^\d+: /gm, '')
      .replace(/@if\d+|_timer +[\d.]+/g, '')
      .replace(/ (valid_lft|preferred_lft) \w+/g, ''),
  );
}

async function net(command: string): Promise<string> {
  return host.do(`kittiwake net ${command}`);
}

async function expectAsBefore(when: string): Promise<void> {
  expect(await host.picture(), when).toBe(before);
  expect(await host.services(), when).toBe(beforeServices);
}

/**
 * Runs a command again and again, and kills it each time before its `stride`th change, until it comes to its end: the first change of each run is the
 * one that the run before did not come to. On a fast host that is every one. Returns how often it was killed.
 */
async function killedUntilDone(command: string, stride: number): Promise<number> {
  for (let kills = 0; ; kills++) {
    const { status, out } = await host.killedAt(host.fast ? 2 : stride, command);
    if (status !== 137) {
      expect(status, out).toBe(0);
      return kills;
    }
    expect(kills).toBeLessThan(60);
  }
}

/** What the network looks like when all is well, and the commands that --dry-run promises for it. */
let made: string;
let creation: string;
let removal: string;

describe('a network on a host with systemd', { timeout: LIMIT_MS }, () => {
  test('is created by commands that are killed, found as it is, and removed by such without a trace', async () => {
    creation = await net(`create ${WEB} --dry-run`);
    await expectAsBefore('after a dry run');
    expect(await killedUntilDone(`create ${WEB}`, 4)).toBeGreaterThan(0);
    const services = await host.services();
    expect(services).toMatch(/kittiwake-networks\.service +loaded active exited/);
    expect(services).toMatch(/kittiwake-dhcp-web\.service +loaded active running/);
    made = steady(await host.picture());
    expect(made).not.toBe(steady(before));
    expect(await net(`create ${WEB}`)).toBe('network web: there already, nothing to do\n');
    expect(steady(await host.picture())).toBe(made);
    expect(await host.do('systemd-analyze verify kittiwake-networks.service')).toBe('');
    removal = await net('rm web --dry-run');

    await net('tap add web www --user operator');
    await net('publish web [2001:db8::1]:53:www:53/udp');
    expect(await killedUntilDone('rm web', 4)).toBeGreaterThan(0);
    await expectAsBefore('after rm');
  });

  test('the commands of a dry run, typed by hand, make the same and take it away', async () => {
    await host.do(creation);
    expect(steady(await host.picture())).toBe(made);
    await host.do(removal);
    expect(await host.picture()).toBe(before);
  });

  test('half of it is taken away', async ({ skip }) => {
    skip(!host.fast, 'a command takes many seconds here, and the same is tried in namespaces');
    expect((await host.killedAt(9, `create ${WEB}`)).status).toBe(137);
    expect(await host.picture()).not.toBe(before);
    await net('rm web');
    await expectAsBefore('create was killed');
  });

  test('is refused where the host has a route, in any table, and leaves nothing', async () => {
    const { status, out } = await host.run(
      'kittiwake net create web --subnet 10.0.42.0/24 --subnet6 2001:db8:5:1::/64 --nat',
    );
    expect(status, out).toBe(69);
    expect(out).toContain('2001:db8:5::/48 is routed to eth0');
    await expectAsBefore('after a refusal');
  });
});
