// The lines an operator reads: a DHCP client must not fail in silence.
import { expect, test } from 'vitest';
import { loadClients, type Sent } from './client.ts';
import { ack, offer, reply, seconds, usual } from './server.ts';

test('a whole life in the log', async () => {
  const load = await loadClients();
  let log = '';
  const client = load('website', 1n, (text) => (log += text));
  const lines = (): string[] => {
    const said = log.replaceAll(/^\S+ /gm, '').trimEnd().split('\n');
    log = '';
    return said;
  };
  client.start(1);
  for (let i = 0; i < 4; i++) client.next();
  const discover = client.next().sent as Sent;
  expect(lines()).toEqual([
    'INFO  dhcp: asking for an address',
    'WARN  dhcp: no answer; is there a DHCP server on that bridge? Tried 2 times; 2 messages sent, 0 taken, 0 ignored',
  ]);

  client.input(offer(discover), 100);
  const request = client.poll(100) as Sent;
  client.input(
    ack(request, {
      15: Buffer.from('example.org'),
      26: Buffer.from([5, 120]),
      121: Buffer.from('00' + '0a000001' + '080a0a000001'.repeat(9), 'hex'),
    }),
    100,
  );
  expect(lines()).toEqual([
    'INFO  dhcp: offer of 10.0.0.77 from 10.0.0.1',
    'INFO  dhcp: bound: 10.0.0.77/24 from 10.0.0.1 for 3600 s, gateway 10.0.0.1, DNS 10.0.0.1 9.9.9.9, ' +
      'domain example.org, MTU 1400, 8 more routes, 1 routes left out: too many',
  ]);

  const renew = client.next();
  client.input(reply(renew.sent as Sent, usual(2)), renew.at);
  client.input(ack(renew.sent as Sent, { 51: seconds(0xffffffff), 3: null, 6: null }), renew.at);
  expect(lines()).toEqual([
    'DEBUG dhcp: ignored a message: of a type that is not expected now',
    'INFO  dhcp: renewed: 10.0.0.77/24 from 10.0.0.1 for ever',
  ]);

  client.conflict(renew.at);
  client.poll(renew.at);
  expect(lines()).toEqual(['ERROR dhcp: another host has the address; declined it']);
});
