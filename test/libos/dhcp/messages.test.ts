// What a server's message may hold and what it must not: RFC 2132, 3396, 3442, 6842; and random messages, by seed.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seeded } from '../../random.ts';
import { loadClients, type Client, type Sent } from './client.ts';
import { ack, offer, option, reply, seconds, usual } from './server.ts';

let load: Awaited<ReturnType<typeof loadClients>>;
let client: Client;
let discover: Sent;
beforeAll(async () => {
  load = await loadClients();
});
beforeEach(() => {
  client = load();
  client.start(0);
  discover = client.poll(0) as Sent;
});

/** Accepts an offer made of these, and returns the lease. */
function leaseOf(changed: Parameters<typeof ack>[1]) {
  expect(client.input(offer(discover), 0)).toBe('');
  expect(client.input(ack(client.poll(0) as Sent, changed), 0)).toBe('');
  return client.lease;
}

const MALFORMED = /malformed/;
const OTHER = /another client/;
const whole = (bytes: Buffer, at: number, value: number): Buffer => {
  bytes[at] = value;
  return bytes;
};

test('SipHash-2-4 gives the value its authors publish', () => {
  const hash = client.core.hash(0x0706050403020100n, 0x0f0e0d0c0b0a0908n, 0x0706050403020100n);
  expect(BigInt.asUintN(64, hash)).toBe(0x93f5f5799a932462n);
});

test.each<[string, (to: Sent) => Buffer, RegExp]>([
  ['empty', () => Buffer.alloc(0), MALFORMED],
  ['cut in the header', (to) => offer(to).subarray(0, 239), MALFORMED],
  ['without options', (to) => offer(to).subarray(0, 240), MALFORMED],
  ['cut in an option', (to) => offer(to).subarray(0, 248), MALFORMED],
  ['cut after the code of an option', (to) => offer(to).subarray(0, 244), MALFORMED],
  ['a request', (to) => reply(to, usual(2), { op: 1 }), MALFORMED],
  ['without the magic cookie', (to) => reply(to, usual(2), { cookie: 0x63825364 }), MALFORMED],
  ['of other hardware', (to) => whole(offer(to), 1, 6), MALFORMED],
  ['with a short hardware address', (to) => whole(offer(to), 2, 5), MALFORMED],
  ['with a type of two bytes', (to) => offer(to, { 53: Buffer.from([2, 2]) }), MALFORMED],
  ['of another exchange', (to) => reply(to, usual(2), { xid: (to.xid ^ 1) >>> 0 }), OTHER],
  ['for another MAC', (to) => reply(to, usual(2), { mac: '020000000003' }), OTHER],
  [
    'for another client identifier (RFC 6842)',
    (to) => offer(to, { 61: Buffer.from('01020000000003', 'hex') }),
    OTHER,
  ],
  [
    'for a longer client identifier',
    (to) => offer(to, { 61: Buffer.from('0102000000000200', 'hex') }),
    OTHER,
  ],
  ['from nobody', (to) => offer(to, { 54: null }), /which server/],
  ['from an impossible server', (to) => offer(to, { 54: '224.0.0.1' }), /which server/],
  ['giving no address', (to) => reply(to, usual(2), { address: '0.0.0.0' }), /no host can have/],
  ['giving the loopback address', (to) => reply(to, usual(2), { address: '127.0.0.1' }), /no host can have/],
  ['giving a group address', (to) => reply(to, usual(2), { address: '239.1.1.1' }), /no host can have/],
  ["giving the network's address", (to) => reply(to, usual(2), { address: '10.0.0.0' }), /no host can have/],
  [
    'giving the broadcast address',
    (to) => reply(to, usual(2), { address: '10.0.0.255' }),
    /no host can have/,
  ],
  ['with a torn mask', (to) => offer(to, { 1: '255.0.255.0' }), /impossible network mask/],
  ['with an empty mask', (to) => offer(to, { 1: '0.0.0.0' }), /impossible network mask/],
  [
    'with a mask of three bytes',
    (to) => offer(to, { 1: Buffer.from([255, 255, 255]) }),
    /impossible network mask/,
  ],
  ['without a lease time', (to) => offer(to, { 51: null }), /lease time/],
  ['with a lease of nine seconds', (to) => offer(to, { 51: seconds(9) }), /lease time/],
])('an offer %s is ignored, and counted', (_, make, why) => {
  expect(client.input(make(discover), 0)).toMatch(why);
  expect([client.state, client.dropped, client.events.at(-1)]).toEqual(['SELECTING', 1, 'ignored a message']);
  expect(client.input(offer(discover), 1)).toBe('');
});

describe('a lease', () => {
  test.each([
    ['255.255.255.255', 32],
    ['255.255.255.254', 31],
    ['255.255.252.0', 22],
    ['128.0.0.0', 1],
  ])('mask %s is /%i', (mask, prefix) => {
    expect(leaseOf({ 1: mask }).address).toBe(`10.0.0.77/${prefix}`);
  });

  test.each([
    ['10.0.0.77', 8],
    ['172.16.0.9', 16],
    ['192.168.1.9', 24],
  ])('%s without a mask has that of its class, /%i', (address, prefix) => {
    client.input(reply(discover, usual(2), { address }), 0);
    const request = client.poll(0) as Sent;
    expect(client.input(reply(request, usual(5, { 1: null }), { address }), 0)).toBe('');
    expect(client.lease.address).toBe(`${address}/${prefix}`);
  });

  test('keeps three routers and three DNS servers, those that are hosts', () => {
    const list = '0.0.0.0 10.0.0.1 255.255.255.255 10.0.0.2 10.0.0.3 10.0.0.4';
    const lease = leaseOf({ 3: list, 6: list });
    expect(lease.routers).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    expect(lease.dns).toEqual(lease.routers);
  });

  test('lists of a wrong length do not count', () => {
    const lease = leaseOf({ 3: Buffer.from([10, 0, 0, 1, 10]), 6: Buffer.alloc(0) });
    expect([lease.routers, lease.dns]).toEqual([[], []]);
  });

  test.each([
    ['example.org', 'example.org'],
    ['a-b.example\0', 'a-b.example'],
    ['evil\u001b[2J', ''],
    ['two words', ''],
    ['', ''],
  ])('domain %j is %j', (domain, expected) => {
    expect(leaseOf({ 15: Buffer.from(domain, 'latin1') }).domain).toBe(expected);
  });

  test.each([
    ['05dc', 1500],
    ['0240', 576],
    ['023f', 0],
    ['ff', 0],
  ])('MTU %s is %i', (mtu, expected) => {
    expect(leaseOf({ 26: Buffer.from(mtu, 'hex') }).mtu).toBe(expected);
  });
});

describe('classless routes (RFC 3442)', () => {
  const routes = (hex: string) => leaseOf({ 121: Buffer.from(hex.replaceAll(' ', ''), 'hex') });

  test("the RFC's examples of destinations, and the routers do not count", () => {
    const lease = routes(
      '08 0a 0a000001  18 0a0000 0a000002  10 0a11 0a000003  18 0a1b81 0a000004  19 0a229800 00000000  20 0a198f0f 0a000006  00 0a0000fe',
    );
    expect(lease.routes).toEqual([
      '10.0.0.0/8 10.0.0.1',
      '10.0.0.0/24 10.0.0.2',
      '10.17.0.0/16 10.0.0.3',
      '10.27.129.0/24 10.0.0.4',
      '10.34.152.0/25 0.0.0.0',
      '10.25.143.15/32 10.0.0.6',
    ]);
    expect(lease.routers).toEqual(['10.0.0.254']);
  });

  test('bits beyond the prefix are cleared', () => {
    expect(routes('09 0aff 0a000001').routes).toEqual(['10.128.0.0/9 10.0.0.1']);
  });

  test.each(['21 0a000000000a000001', '18 0a0000 0a0000', '08 0a 0a000001 08', '18'])(
    'a malformed list (%s) counts as none: the routers stay',
    (hex) => {
      expect(routes(hex)).toMatchObject({ routes: [], routers: ['10.0.0.1'] });
    },
  );

  test('more than eight are counted, not kept', () => {
    const lease = routes('08 0a 0a000001 '.repeat(11));
    expect([lease.routes.length, lease.routesLeftOut]).toEqual([8, 3]);
  });

  test('a list too long for one option comes in parts (RFC 3396)', () => {
    const all = Buffer.from('18 0a0000 0a000002'.replaceAll(' ', '').repeat(5), 'hex');
    expect(client.input(offer(discover), 0)).toBe('');
    const parts = [...usual(5), [121, all.subarray(0, 11)], [121, all.subarray(11)]] as const;
    expect(client.input(reply(client.poll(0) as Sent, parts), 0)).toBe('');
    expect(client.lease.routes.length).toBe(5);
  });
});

describe('options in other fields (RFC 2132, 9.3)', () => {
  const [lease, mask] = [option([51, seconds(7200)]), option([1, '255.255.0.0'])];
  const end = Buffer.from([255]);

  function input(overload: Buffer | number, file: Buffer, serverName: Buffer): string {
    const options = [...usual(2, { 51: null, 1: null }), [52, overload]] as const;
    return client.input(reply(discover, options, { file, serverName }), 0);
  }

  test.each<[number, Buffer, Buffer]>([
    [1, Buffer.concat([lease, mask, end]), Buffer.from('garbage\xff\xff')],
    [2, Buffer.from('\x06\xff\xff'), Buffer.concat([mask, Buffer.alloc(3), lease])],
    [3, Buffer.concat([lease, end]), Buffer.concat([mask, end])],
  ])('overload %i', (overload, file, serverName) => {
    expect(input(overload, file, serverName)).toBe('');
  });

  test.each<[string, number | Buffer, Buffer, Buffer]>([
    ['that does not exist', 0, lease, lease],
    ['that does not exist', 4, lease, lease],
    ['of two bytes', Buffer.from([1, 1]), lease, lease],
    ['inside another field', 1, option([52, 2]), mask],
    ['with an option beyond the field', 1, Buffer.from([0, 51, 127]), mask],
    ['with an option beyond sname', 3, lease, Buffer.from([51, 63])],
  ])('overload %s is malformed', (_, overload, file, serverName) => {
    expect(input(overload, file, serverName)).toMatch(MALFORMED);
  });
});

test('an option longer than anybody needs counts as none', () => {
  client.input(offer(discover), 0);
  const parts = Array.from({ length: 5 }, () => [6, Buffer.alloc(252, 10)] as const);
  expect(client.input(reply(client.poll(0) as Sent, [...usual(5, { 6: null }), ...parts]), 0)).toBe('');
  expect(client.lease.dns).toEqual([]);
});

test('20,000 random and mutated messages: no trap, no growth, and no address that was not given', () => {
  const random = seeded(0x2545f491);
  const pages = client.core.pages();
  let taken = 0;
  for (let i = 0; i < 20_000; i++) {
    if (client.state !== 'SELECTING' && client.state !== 'REQUESTING') client.start(i);
    const request = client.poll(i) ?? discover;
    discover = request;
    const base = reply(
      request,
      usual(random(8), { 121: Buffer.alloc(random(40), random(256)), 52: random(5) }),
    );
    for (let n = random(4); n > 0; n--)
      base[random(4) === 0 ? random(240) : 240 + random(base.length - 240)] = random(256);
    const message = random(3) === 0 ? base.subarray(0, random(base.length + 1)) : base;
    if (client.input(message, i) === '') taken++;
  }
  expect(taken).toBeGreaterThan(500);
  expect(client.core.pages()).toBe(pages);
});
