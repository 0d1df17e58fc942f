// What ordinary users of a host may do: a website by one command with nothing set up, and a unikernel on a tap that is theirs. In a lab VM, whose users are
// real.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUILD_LIMIT_MS, HostMachine } from './machine.ts';

let host: HostMachine;
beforeAll(async () => {
  host = await HostMachine.open();
  // Without any group but her own: not kvm, not sudo.
  await host.do(`useradd --create-home alice; useradd --create-home bob
groupadd webmasters; useradd --create-home --groups webmasters carol`);
}, BUILD_LIMIT_MS);
afterAll(() => host[Symbol.asyncDispose]());

const LIMIT_MS = 900_000;

/** A shell script as `user`, who has no more than that. */
const as = (user: string, script: string): string =>
  `setpriv --reuid ${user} --regid ${user} --init-groups --reset-env sh -c '
cd; PATH=/usr/local/bin:/usr/bin:/bin; ${script}'`;

describe('an ordinary user', { timeout: LIMIT_MS }, () => {
  test('serves a page from nothing by one command, and the host stays as it is', async () => {
    await host.do(as('alice', 'echo "<h1>Hello from alice</h1>" > index.html; tar -cf site.tar index.html'));
    const before = await host.picture();
    const command = 'kittiwake run website --publish 8080:80 --block:data=site.tar';
    // curl asks again as long as nobody listens.
    const ask = 'curl -s --retry 1000 --retry-connrefused --retry-delay 1 http://127.0.0.1:8080/';
    expect(await host.do(as('alice', `${command} > log 2>&1 & ${ask}; kill $!; wait $! || true`))).toBe(
      '<h1>Hello from alice</h1>\n',
    );
    expect(await host.picture()).toBe(before);
  });

  test('runs a unikernel on the tap that was made for her or for her group, and on no other', async () => {
    await host.do(`kittiwake net create web --subnet 10.0.42.0/24
kittiwake net tap add web www --user alice
kittiwake net tap add web team --group webmasters`);
    expect(await host.do('kittiwake net inspect web')).toMatch(/^team .* group webmasters$/m);
    const run = (tap: string, address: string): string =>
      `mac=$(kittiwake net inspect web | grep "^${tap} " | grep -o "02:[0-9a-f:]*")
kittiwake run --net:service=${tap} --net-mac:service=$mac netcheck.spt -- --ipv4=${address}/24`;
    const serves = (tap: string, address: string): string =>
      `${run(tap, address)} > log 2>&1 &
until grep -q ready log || ! kill -0 $!; do sleep 0.1; done
cat log; ping -q -c 1 -w 60 ${address} > ping.log && echo answered; kill $!; wait $! || true`;
    expect(await host.do(as('alice', serves('www', '10.0.42.2')))).toMatch(/ready[^]*^answered$/m);
    expect(await host.do(as('carol', serves('team', '10.0.42.3')))).toMatch(/ready[^]*^answered$/m);
    for (const [user, tap] of [
      ['bob', 'www'],
      ['alice', 'team'],
    ] as const) {
      const { status, out } = await host.run(as(user, run(tap, '10.0.42.9')));
      expect({ user, tap, status }, out).toEqual({ user, tap, status: 77 });
      expect(out).toContain(tap);
    }
    await host.do('kittiwake net rm web');
  });
});
