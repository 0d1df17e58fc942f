// How connections end: every state of RFC 9293, figure 5, and what comes late (3.6, 3.10.7.4).
import { describe, expect, test } from 'vitest';
import { Peer, type PeerOptions } from './peer.ts';

/** What a connection's user did not yet read keeps its buffer; without data there is none. */
async function established(options?: PeerOptions): Promise<Peer> {
  return Peer.accepted(options);
}

describe('we close first', () => {
  test('FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, and nothing after a minute (figure 12)', async () => {
    const peer = await established();
    peer.close();
    peer.expect('FA', { seq: 1, ack: 1 });
    expect(peer.state).toBe('FIN-WAIT-1');
    peer.send('A');
    expect(peer.state).toBe('FIN-WAIT-2');
    peer.expectNothing();
    peer.send('FA');
    peer.expect('A', { seq: 2, ack: 2 });
    expect(peer.state).toBe('TIME-WAIT');
    expect(peer.events()).toBe('readable peerClosed ended');
    peer.after(59_900);
    expect(peer.host.count('timeWaits')).toBe(1);
    peer.after(200);
    peer.expectNothing();
    peer.expectGone();
  });

  test('at the same time as the peer: CLOSING (figure 13)', async () => {
    const peer = await established();
    peer.close();
    peer.expect('FA', { seq: 1, ack: 1 });
    peer.send('FA', { ack: 1 });
    peer.expect('A', { seq: 2, ack: 2 });
    expect(peer.state).toBe('CLOSING');
    peer.send('A', { ack: 2 });
    expect(peer.state).toBe('TIME-WAIT');
    expect(peer.events()).toBe('readable peerClosed ended');
    peer.expectNothing();
  });

  test('and the peer acknowledges and closes with one segment', async () => {
    const peer = await established();
    peer.close();
    peer.expect('FA');
    peer.send('FA');
    peer.expect('A', { ack: 2 });
    expect(peer.state).toBe('TIME-WAIT');
  });

  test('after data: the FIN rides on the last of it', async () => {
    const peer = await established();
    peer.host.write(peer.connection, Buffer.alloc(0));
    peer.write(100, 0);
    peer.expect('A', { seq: 1, size: 100 });
    peer.host.write(peer.connection, Buffer.from([0]));
    peer.close();
    expect(peer.left[0]?.segment).toMatchObject({ flags: 'FA', data: Buffer.from([0]) });
  });

  test('and go on reading what the peer sends: half-close', async () => {
    const peer = await established();
    peer.close();
    peer.expect('FA');
    peer.send('A');
    for (let i = 0; i < 30; i++) {
      peer.after(10_000);
      peer.send('A', { data: 1000 });
      expect(peer.read(i * 1000)).toBe(1000);
    }
    expect(peer.state).toBe('FIN-WAIT-2');
    peer.send('FA');
    expect(peer.events()).toMatch(/peerClosed ended$/);
  });

  test('and the last data comes with the FIN: it can be read, and only then it is over', async () => {
    const peer = await established();
    peer.close();
    peer.expect('FA');
    peer.send('A');
    peer.events();
    peer.send('FA', { data: 1000 });
    peer.expect('A', { ack: 1002 });
    expect(peer.events()).toBe('readable peerClosed');
    expect(peer.state).toBe('TIME-WAIT');
    expect(peer.read(0, 400)).toBe(400);
    expect(peer.events()).toBe('');
    expect(peer.read(400)).toBe(600);
    expect(peer.events()).toBe('ended');
    peer.after(61_000);
    peer.expectGone();
  });

  test('and nobody reads the last data: it is forgotten with the connection, or when the user gives up', async () => {
    const peer = await established();
    peer.close();
    peer.send('FA', { data: 1000, ack: 2 });
    peer.events();
    peer.after(61_000);
    expect(peer.events()).toBe('ended');
    peer.expectGone();

    const other = await established();
    other.close();
    other.send('FA', { data: 1000, ack: 2 });
    other.events();
    other.left.length = 0;
    other.abort();
    other.expectNothing();
    expect(other.events()).toBe('ended');
    expect(other.state).toBe('TIME-WAIT');
    expect(other.host.count('memory')).toBe(1 << 24);
  });

  test('and the peer never closes: given up after two minutes of silence, then it is told', async () => {
    const peer = await established();
    peer.close();
    peer.expect('FA');
    peer.after(20_000);
    peer.left.length = 0;
    peer.send('A', { ack: 2 });
    peer.after(119_000);
    expect(peer.state).toBe('FIN-WAIT-2');
    peer.after(2_000);
    expect(peer.events()).toBe('ended timedOut');
    peer.expectGone();
    peer.send('A', { data: 10, ack: 2 });
    peer.expect('R', { seq: 2 });
  });
});

describe('the peer closes first', () => {
  test('CLOSE-WAIT, LAST-ACK, nothing', async () => {
    const peer = await established();
    peer.send('FA');
    peer.expect('A', { ack: 2 });
    expect(peer.state).toBe('CLOSE-WAIT');
    expect(peer.events()).toBe('readable peerClosed');
    peer.close();
    peer.expect('FA', { seq: 1, ack: 2 });
    expect(peer.state).toBe('LAST-ACK');
    peer.send('A');
    expect(peer.events()).toBe('ended');
    peer.expectNothing();
    peer.expectGone();
  });

  test('and still takes what we send', async () => {
    const peer = await established();
    peer.send('FA');
    peer.expect('A', { ack: 2 });
    peer.write(2000, 0);
    peer.expect('A', { seq: 1, size: 1460 });
    peer.send('A');
    peer.expect('A', { seq: 1461, size: 540 });
    peer.send('A');
    peer.close();
    peer.expect('FA', { seq: 2001 });
  });

  test('with data, of which all is read', async () => {
    const peer = await established();
    peer.send('FA', { data: 300 });
    peer.expect('A', { ack: 302 });
    expect(peer.events()).toBe('readable peerClosed');
    expect(peer.read(0)).toBe(300);
  });

  test('and its FIN comes again: acknowledged again, told once', async () => {
    const peer = await established();
    peer.send('FA', { data: 10 });
    peer.expect('A', { ack: 12 });
    peer.events();
    peer.send('FA', { seq: 1, data: 10 });
    peer.expect('A', { ack: 12 });
    peer.send('FA', { seq: 11 });
    peer.expect('A', { ack: 12 });
    expect(peer.events()).toBe('');
  });

  test('before all its data is there: the FIN counts when the gap is closed', async () => {
    const peer = await established();
    peer.send('FA', { seq: 101, data: 50 });
    peer.expect('A', { ack: 1 });
    expect(peer.events()).toBe('');
    peer.send('A', { seq: 1, data: 100 });
    peer.expect('A', { ack: 151 });
    peer.send('FA', { seq: 151 });
    peer.expect('A', { ack: 152 });
    expect(peer.events()).toBe('readable readable peerClosed');
  });

  test('and what it sends behind its FIN is nothing', async () => {
    const peer = await established();
    peer.send('FA');
    peer.expect('A', { ack: 2 });
    peer.events();
    peer.send('A', { data: 100 });
    expect(peer.host.dropped).toBe('TCP data behind the end of its stream');
    expect(peer.events()).toBe('');
    expect(peer.read(0)).toBe(0);
  });

  test('and we write no more after our close', async () => {
    const peer = await established();
    peer.close();
    expect(peer.write(10, 0)).toBe(0);
    peer.expect('FA');
    peer.close();
    peer.expectNothing();
  });
});

describe('a FIN of ours that is lost', () => {
  test.each(['FIN-WAIT-1', 'LAST-ACK', 'CLOSING'])('is sent again in %s', async (state) => {
    const peer = await established();
    if (state === 'LAST-ACK') peer.send('FA');
    peer.close();
    if (state === 'CLOSING') peer.send('FA', { ack: 1 });
    expect(peer.state).toBe(state);
    peer.left.length = 0;
    peer.after(2000);
    const ack = state === 'FIN-WAIT-1' ? 1 : 2;
    peer.expect('FA', { seq: 1, ack });
  });

  test('is given up after all tries', async () => {
    const peer = await established();
    peer.close();
    peer.after(600_000);
    expect(peer.left.length).toBeGreaterThan(8);
    expect(peer.events()).toBe('ended timedOut');
    peer.expectGone();
  });
});

describe('a reset', () => {
  const states = ['ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSE-WAIT', 'CLOSING', 'LAST-ACK'] as const;

  async function inState(state: (typeof states)[number]): Promise<Peer> {
    const peer = await established();
    if (state === 'CLOSE-WAIT' || state === 'LAST-ACK') peer.send('FA');
    if (state !== 'ESTABLISHED' && state !== 'CLOSE-WAIT') peer.close();
    if (state === 'CLOSING') peer.send('FA', { ack: 1 });
    if (state === 'FIN-WAIT-2') peer.send('A', { ack: 2 });
    expect(peer.state).toBe(state);
    peer.events();
    peer.left.length = 0;
    return peer;
  }

  test.each(states)('ends the connection in %s', async (state) => {
    const peer = await inState(state);
    peer.send('R');
    peer.expectNothing();
    expect(peer.events()).toBe('ended reset');
    peer.expectGone();
  });

  test.each(states)('of ours is sent by an abort in %s', async (state) => {
    const peer = await inState(state);
    peer.abort();
    const seq = state === 'ESTABLISHED' || state === 'CLOSE-WAIT' ? 1 : 2;
    peer.expect('RA', { seq, ack: peer.next });
    expect(peer.events()).toBe('ended');
    peer.expectNothing();
    peer.expectGone();
  });

  test('and what follows it in the same turn meets no connection', async () => {
    const peer = await established();
    peer.sendTogether(['R'], ['A', { data: 10 }], ['S', { seq: 90000 }]);
    expect(peer.events()).toBe('ended reset');
    peer.expect('R', { seq: 1 });
    peer.expect('SA', { ack: 90001 });
    expect(peer.host.count('connections')).toBe(1);
  });

  test('together with the last acknowledgment is told once, as an end', async () => {
    const peer = await established();
    peer.sendTogether(['A', { data: 10 }], ['R']);
    expect(peer.events()).toBe('readable ended reset');
    peer.expectNothing();
    peer.expectGone();
  });
});

describe('TIME-WAIT', () => {
  async function waiting(options?: PeerOptions): Promise<Peer> {
    const peer = await established(options);
    peer.close();
    peer.expect('FA');
    peer.send('FA');
    peer.expect('A', { ack: 2 });
    peer.events();
    return peer;
  }

  test('acknowledges a FIN that comes again, and waits anew', async () => {
    const peer = await waiting();
    peer.after(50_000);
    peer.send('FA', { seq: 1 });
    peer.expect('A', { seq: 2, ack: 2 });
    peer.after(50_000);
    expect(peer.state).toBe('TIME-WAIT');
    peer.after(11_000);
    peer.expectGone();
  });

  test('is not ended by a reset (RFC 1337)', async () => {
    const peer = await waiting();
    peer.send('R');
    peer.expectNothing();
    expect(peer.state).toBe('TIME-WAIT');
    expect(peer.host.dropped).toBe('TCP that might be forged; challenged');
  });

  test('makes room for a SYN with a higher number, and for no other', async () => {
    const peer = await waiting();
    peer.send('S', { seq: 1 });
    peer.expect('A', { seq: 2, ack: 2 });
    peer.after(1000);
    peer.send('S', { seq: 3 });
    peer.expect('SA', { ack: 4 });
    expect(peer.host.count('timeWaits')).toBe(0);
    expect(peer.events()).toBe('');
  });

  test('makes room for a SYN with a later timestamp (RFC 6191)', async () => {
    const peer = await waiting({ syn: { timestamps: [1000, 0] } });
    peer.after(10);
    peer.send('S', { seq: -5000 });
    peer.expect('SA', { ack: -4999 >>> 0 });
  });

  test('goes early when the table is full, the oldest first', async () => {
    const peer = await Peer.create();
    peer.host.limit({ connections: 3 });
    for (const port of [1001, 1002, 1003]) {
      peer.port = port;
      peer.next = 0;
      peer.acked = 0;
      peer.open();
      peer.close();
      peer.expect('FA');
      peer.send('FA');
      peer.expect('A');
      peer.events();
    }
    peer.port = 1004;
    peer.next = 0;
    peer.acked = 0;
    peer.open();
    expect(peer.host.count('timeWaits')).toBe(2);
    expect(peer.host.count('connections')).toBe(3);
    // The oldest is gone: its FIN meets nobody.
    peer.port = 1001;
    peer.send('FA', { seq: 1, ack: 2 });
    peer.expect('R', { seq: 2 });
  });

  test('is kept for 512 connections at most', async () => {
    const peer = await Peer.create();
    for (let port = 1; port <= 520; port++) {
      peer.port = port;
      peer.next = 0;
      peer.acked = 0;
      peer.open();
      peer.close();
      peer.expect('FA');
      peer.send('FA');
      peer.expect('A');
      peer.events();
    }
    expect(peer.host.count('timeWaits')).toBe(512);
    expect(peer.host.count('connections')).toBe(512);
    peer.after(61_000);
    peer.expectGone();
  });
});
