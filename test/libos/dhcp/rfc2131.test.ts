// RFC 2131, section 4.4: the client's states, as scripts of messages with given times.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Client, loadClients, type Sent } from './client.ts';
import { ack, ADDRESS, offer, reply, seconds, SERVER, usual } from './server.ts';

const [DISCOVER, REQUEST, DECLINE, RELEASE] = [1, 3, 4, 7];
const EVERYONE = '255.255.255.255';

let load: Awaited<ReturnType<typeof loadClients>>;
let client: Client;
beforeAll(async () => {
  load = await loadClients();
});
beforeEach(() => {
  client = load('website');
});

function sent(message: Sent | null): Sent {
  if (message === null) throw new Error('it sent nothing');
  return message;
}

/** Lets the client have a lease of an hour at second 10. */
function bind(changed?: Parameters<typeof ack>[1]): Sent {
  client.start(10);
  const discover = sent(client.poll(10));
  expect(client.input(offer(discover, changed), 10)).toBe('');
  const request = sent(client.poll(10));
  expect(client.input(ack(request, changed), 10)).toBe('');
  client.events.length = 0;
  return request;
}

test('an address: DISCOVER, OFFER, REQUEST, ACK', () => {
  expect([client.state, client.poll(5)]).toEqual(['STOPPED', null]);
  client.start(10);
  const discover = sent(client.poll(10));
  expect(discover).toMatchObject({ type: DISCOVER, from: '0.0.0.0', to: EVERYONE });
  expect(client.poll(10)).toBeNull();
  expect(client.input(offer(discover), 10.5)).toBe('');
  const request = sent(client.poll(10.5));
  expect(request).toMatchObject({ type: REQUEST, xid: discover.xid, from: '0.0.0.0', to: EVERYONE });
  expect(request.options.get(50)).toEqual(Buffer.from([10, 0, 0, 77]));
  expect(request.options.get(54)).toEqual(Buffer.from([10, 0, 0, 1]));
  expect(client.lease.address).toBe('0.0.0.0/0');
  expect(client.input(ack(request), 11)).toBe('');
  expect(client.state).toBe('BOUND');
  expect(client.lease).toMatchObject({
    address: `${ADDRESS}/24`,
    server: SERVER,
    routers: ['10.0.0.1'],
    dns: ['10.0.0.1', '9.9.9.9'],
    expiry: 3610.5,
  });
  expect(client.events).toEqual(['asking for an address', 'offer', 'bound']);
});

test('its messages are BOOTP requests with its MAC, its name and what it wishes', () => {
  client.start(0);
  const { bytes, options } = sent(client.poll(0));
  expect(bytes.length).toBe(300);
  expect(bytes.subarray(0, 4)).toEqual(Buffer.from([1, 1, 6, 0]));
  expect(bytes.readUInt16BE(10)).toBe(0x8000);
  expect(bytes.subarray(12, 28)).toEqual(Buffer.alloc(16));
  expect(bytes.toString('hex', 28, 44)).toBe('020000000002' + '00'.repeat(10));
  expect(bytes.readUInt32BE(236)).toBe(0x63825363);
  expect(options.get(61)).toEqual(Buffer.from('01020000000002', 'hex'));
  expect(options.get(12)?.toString()).toBe('website');
  expect([...(options.get(55) ?? [])]).toEqual([1, 121, 3, 6, 15, 26, 58, 59]);
  expect(options.get(57)?.readUInt16BE(0)).toBe(1472);
  expect(options.has(50) || options.has(54)).toBe(false);
});

test('without a name it says none', () => {
  client = load('');
  client.start(0);
  expect(sent(client.poll(0)).options.has(12)).toBe(false);
});

test('it writes nothing into too small a room, and does so later', () => {
  client.start(0);
  expect(client.poll(0, 547)).toBeNull();
  expect(client.poll(0)?.type).toBe(DISCOVER);
});

describe('nobody answers', () => {
  test('4, 8, 16, 32, 64, 64 … seconds ± 1 between tries (4.1), with a line about it', () => {
    client.start(0);
    let last = 0;
    client.poll(0);
    for (const pause of [4, 8, 16, 32, 64, 64, 64, 64, 64, 64, 64]) {
      const { at, sent: message } = client.next();
      expect(message?.type).toBe(DISCOVER);
      expect(Math.abs(at - last - pause)).toBeLessThanOrEqual(1);
      expect(message?.bytes.readUInt16BE(8)).toBe(Math.floor(Math.ceil(at * 1000) / 1000));
      last = Math.ceil(at * 1000) / 1000;
    }
    const silence = 'no answer; is there a DHCP server on that bridge?';
    expect(client.events).toEqual(['asking for an address', silence, silence]);
  });

  test('two hosts do not wait the same (4.1)', () => {
    const waits = [1n, 2n, 3n].map((seed) => {
      const other = load('', seed);
      other.start(0);
      other.poll(0);
      return other.deadline;
    });
    expect(new Set(waits).size).toBe(3);
  });

  test('to a REQUEST: four tries, then the search again with another xid', () => {
    client.start(0);
    const discover = sent(client.poll(0));
    client.input(offer(discover), 0);
    const tries = [sent(client.poll(0)), ...Array.from({ length: 3 }, () => sent(client.next().sent))];
    expect(tries.map(({ type }) => type)).toEqual([REQUEST, REQUEST, REQUEST, REQUEST]);
    // 4.4.1: the `secs` of the DISCOVER.
    expect(tries.map(({ bytes }) => bytes.readUInt16BE(8))).toEqual([0, 0, 0, 0]);
    const again = sent(client.next().sent);
    expect(again.type).toBe(DISCOVER);
    expect(again.xid).not.toBe(discover.xid);
    expect(client.events).toContain('the server offered an address and did not confirm it; asking again');
  });
});

describe('the lease ends', () => {
  test('T1 and T2 are half and seven eighths, less up to a 32nd (4.4.5)', () => {
    bind();
    const { t1, t2, expiry } = client.lease;
    expect(expiry).toBe(3610);
    expect(t1).toBeGreaterThan(10 + 1800 - 112.5);
    expect(t1).toBeLessThanOrEqual(10 + 1800);
    expect(t2).toBeGreaterThan(10 + 3150 - 112.5);
    expect(t2).toBeLessThanOrEqual(10 + 3150);
    expect(Number(client.deadline) / 1e9).toBe(t1);
  });

  test("the server's own T1 and T2 count if they are in order", () => {
    bind({ 58: seconds(100), 59: seconds(200) });
    expect(client.lease).toMatchObject({ t1: 110, t2: 210 });
    for (const [t1, t2] of [
      [200, 100],
      [100, 3600],
      [0, 100],
    ] as const) {
      client = load();
      bind({ 58: seconds(t1), 59: seconds(t2) });
      expect(client.lease.t1).toBeGreaterThan(1600);
    }
  });

  test('RENEWING: by unicast, without server and requested address (table 5); the ACK starts it anew', () => {
    const before = bind();
    const { at, sent: renew } = client.next();
    const message = sent(renew);
    expect(client.state).toBe('RENEWING');
    expect(message).toMatchObject({ type: REQUEST, from: ADDRESS, to: SERVER });
    expect(message.options.has(50) || message.options.has(54)).toBe(false);
    expect(message.bytes.subarray(12, 16)).toEqual(Buffer.from([10, 0, 0, 77]));
    expect(message.bytes.readUInt16BE(10)).toBe(0);
    expect(message.xid).not.toBe(before.xid);
    expect(client.input(ack(message, { 6: '10.0.0.9' }), at + 1)).toBe('');
    expect(client.state).toBe('BOUND');
    expect(client.lease.dns).toEqual(['10.0.0.9']);
    expect(Math.abs(client.lease.expiry - at - 3600)).toBeLessThan(0.01);
    expect(client.events).toEqual(['renewed']);
  });

  test('no answer: half of the rest each time, not below a minute; REBINDING asks all; then it is over', () => {
    bind();
    const log: [string, string, number][] = [];
    for (let i = 0; i < 40 && client.state !== 'SELECTING'; i++) {
      const { at, sent: message } = client.next();
      log.push([client.state, message?.to ?? '', at]);
    }
    const last = log.pop();
    expect([last?.[0], last?.[2]]).toEqual(['SELECTING', 3610]);
    const renewing = log.filter(([state]) => state === 'RENEWING');
    const rebinding = log.filter(([state]) => state === 'REBINDING');
    expect(new Set(renewing.map(([, to]) => to))).toEqual(new Set([SERVER]));
    expect(new Set(rebinding.map(([, to]) => to))).toEqual(new Set([EVERYONE]));
    expect(renewing.length).toBeGreaterThan(3);
    expect(rebinding.length).toBeGreaterThan(2);
    const pauses = log.slice(1).map(([, , at], i) => at - (log[i]?.[2] ?? 0));
    // The last pause of a state ends with the state.
    pauses.splice(renewing.length - 1, 1);
    for (const pause of pauses) expect(pause).toBeGreaterThan(59.9);
    expect(client.lease.address).toBe('0.0.0.0/24');
    expect(client.events).toEqual([
      'no answer; is there a DHCP server on that bridge?',
      'the server does not renew the lease; asking every server',
      expect.stringContaining('no answer'),
      'the lease ran out and no server renewed it; the address is gone',
      'asking for an address',
    ]);
  });

  test('REBINDING: any server may go on with it', () => {
    bind();
    let message = sent(client.next().sent);
    while (client.state !== 'REBINDING') message = sent(client.next().sent);
    expect(client.input(ack(message, { 54: '10.0.0.2' }), 3300)).toBe('');
    expect(client.state).toBe('BOUND');
    expect(client.lease.server).toBe('10.0.0.2');
  });

  test('never, if the server says so', () => {
    bind({ 51: seconds(0xffffffff) });
    expect(client.deadline).toBe(0xffffffffffffffffn);
    expect(client.poll(1e9)).toBeNull();
    expect(client.state).toBe('BOUND');
  });
});

describe('the address is refused', () => {
  const nak = (to: Sent, server = SERVER) =>
    reply(
      to,
      [
        [53, 6],
        [54, server],
      ],
      { address: '0.0.0.0' },
    );

  test('NAK to a REQUEST: from the beginning, ever slower', () => {
    client.start(0);
    let now = 0;
    const pauses = [];
    for (let i = 0; i < 9; i++) {
      const before = now;
      now = Math.ceil(Number(client.deadline) / 1e6) / 1e3;
      pauses.push(now - before);
      client.input(offer(sent(client.poll(now))), now);
      expect(client.input(nak(sent(client.poll(now))), now)).toBe('');
      expect(client.state).toBe('INIT');
    }
    expect(pauses).toEqual([0, 0, 2, 4, 8, 16, 32, 64, 64]);
  });

  test('NAK while RENEWING: the address is gone at once', () => {
    bind();
    const { at, sent: message } = client.next();
    expect(client.input(nak(sent(message), '10.0.0.2'), at)).toMatch(/server that was not asked/);
    expect(client.lease.address).toBe(`${ADDRESS}/24`);
    expect(client.input(nak(sent(message)), at)).toBe('');
    expect(client.lease.address).toBe('0.0.0.0/24');
    expect(client.events).toContain('the server refused the address');
    expect(client.next().sent?.type).toBe(DISCOVER);
  });

  test('another host has it (RFC 5227): DECLINE, ten seconds, search', () => {
    const before = bind();
    client.conflict(12);
    expect(client.lease.address).toMatch(/^0\.0\.0\.0/);
    const message = sent(client.poll(12));
    expect(message).toMatchObject({ type: DECLINE, from: '0.0.0.0', to: EVERYONE });
    expect(message.xid).not.toBe(before.xid);
    expect(message.options.get(50)).toEqual(Buffer.from([10, 0, 0, 77]));
    expect(message.options.get(54)).toEqual(Buffer.from([10, 0, 0, 1]));
    // Table 5: these must not be in a DECLINE.
    expect([12, 51, 55, 57].some((code) => message.options.has(code))).toBe(false);
    expect(message.bytes.readUInt16BE(10)).toBe(0);
    expect(client.poll(21.9)).toBeNull();
    expect(client.poll(22)?.type).toBe(DISCOVER);
    expect(client.events).toEqual(['another host has the address; declined it', 'asking for an address']);
  });

  test('after ten conflicts only one try a minute (RFC 5227, 2.1.1)', () => {
    let now = 10;
    client.start(now);
    for (let i = 1; i <= 11; i++) {
      client.input(offer(sent(client.poll(now))), now);
      client.input(ack(sent(client.poll(now))), now);
      client.conflict(now);
      expect(client.poll(now)?.type).toBe(DECLINE);
      const next = Number(client.deadline) / 1e9;
      expect(next - now).toBe(i < 10 ? 10 : 60);
      now = next;
    }
  });
});

test('RELEASE: to the server, once, and then silence', () => {
  bind();
  client.release(50);
  const message = sent(client.poll(50));
  expect(message).toMatchObject({ type: RELEASE, from: ADDRESS, to: SERVER });
  expect(message.options.get(54)).toEqual(Buffer.from([10, 0, 0, 1]));
  expect(message.options.has(50)).toBe(false);
  expect([client.state, client.poll(1e6)]).toEqual(['STOPPED', null]);
  client.release(60);
  expect(client.poll(60)).toBeNull();
});

test('an answer that nobody waits for changes nothing', () => {
  const request = bind();
  for (const type of [2, 5, 6, 9]) {
    expect(client.input(reply(request, usual(type, { 1: '255.0.0.0' })), 12)).toMatch(/not expected now/);
  }
  expect(client.lease.address).toBe(`${ADDRESS}/24`);
  client = load();
  client.start(0);
  const discover = sent(client.poll(0));
  expect(client.input(ack(discover), 0)).toMatch(/not expected now/);
  client.input(offer(discover), 0);
  // An ACK before the REQUEST was sent.
  expect(client.input(ack(discover), 0)).toMatch(/not expected now/);
});

test('an ACK for another address, or from another server, is not ours', () => {
  client.start(0);
  client.input(offer(sent(client.poll(0))), 0);
  const request = sent(client.poll(0));
  expect(client.input(reply(request, usual(5), { address: '10.0.0.78' }), 0)).toMatch(/another than offered/);
  expect(client.input(ack(request, { 54: '10.0.0.9' }), 0)).toMatch(/not asked/);
  expect(client.input(ack(request, { 51: null }), 0)).toMatch(/lease time/);
  expect(client.lease.address).toMatch(/^0\.0\.0\.0/);
  expect(client.input(ack(request), 0)).toBe('');
});

test('a client that is closed leaves no memory and nothing for the next one', () => {
  const { core } = client;
  const pages = core.pages();
  for (let i = 0; i < 2000; i++) {
    const next = new Client(core, 'again', BigInt(i));
    expect([next.state, next.dropped, next.deadline]).toEqual(['STOPPED', 0, 0xffffffffffffffffn]);
    next.start(1);
    expect(next.input(offer(sent(next.poll(1))), 1)).toBe('');
    expect(next.input(Buffer.alloc(9), 1)).toBe('malformed');
    next.close();
  }
  expect(core.pages()).toBe(pages);
});
