// Networks on a whole host, a lab VM: the installed command, systemd, dnsmasq, other people's rules. What the operations do in every case, and when they
// are killed, is tried in namespaces beside (manage.test.ts), where a command takes no seconds.
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
/** More moments than a command has, each of which takes seconds. */
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

/** What the network looks like when all is well, and the commands that --dry-run promises for it. */
let made: string;
let madeServices: string;
let creation: string;
let removal: string;

describe('a network on a host with systemd', { timeout: LIMIT_MS }, () => {
  test('is created, found as it is when it is created again, and removed without a trace', async () => {
    creation = await net(`create ${WEB} --dry-run`);
    await expectAsBefore('after a dry run');
    expect(await net(`create ${WEB}`)).toBe('network web: kw-web with 10.0.42.1 and fd00:42::1\n');
    made = steady(await host.picture());
    madeServices = await host.services();
    expect(made).not.toBe(steady(before));
    expect(madeServices).toMatch(/kittiwake-networks\.service +loaded active exited/);
    expect(madeServices).toMatch(/kittiwake-dhcp-web\.service +loaded active running/);
    expect(await net(`create ${WEB}`)).toBe('network web: there already, nothing to do\n');
    expect(steady(await host.picture())).toBe(made);
    expect(await host.services()).toBe(madeServices);
    removal = await net('rm web --dry-run');

    await net('tap add web www --user operator');
    await net('tap add web db --group operator');
    await net('publish web 8080:www:80');
    await net('publish web [2001:db8::1]:53:db:53/udp');
    await net('rm web');
    await expectAsBefore('after rm');
  });

  test('the commands of a dry run, typed by hand, make the same and take it away', async () => {
    await host.do(creation);
    expect(steady(await host.picture())).toBe(made);
    await host.do(removal);
    expect(await host.picture()).toBe(before);
  });
});
