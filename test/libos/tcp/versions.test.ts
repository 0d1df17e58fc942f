// A stream's whole life by either version of IP: what differs is the room in a segment, the checksum and how neighbours are found.
import { describe, expect, test } from 'vitest';
import { FAMILIES, Peer } from './peer.ts';

describe.each(FAMILIES)('by IPv%i', (family) => {
  test('bytes go both ways in full segments, and it ends in order', async () => {
    const peer = await Peer.accepted({ family });
    const full = peer.mss;
    peer.send('A', { data: full });
    peer.expect('A', { seq: 1, ack: 1 + full });
    expect(peer.events()).toBe('readable');
    expect(peer.read(0)).toBe(full);
    peer.write(2 * full + 100, 0);
    peer.expect('A', { seq: 1, size: full });
    peer.expect('A', { seq: 1 + full, size: full });
    peer.send('A', { ack: 1 + 2 * full });
    peer.expect('A', { seq: 1 + 2 * full, size: 100 });
    peer.send('A');
    peer.close();
    peer.expect('FA', { seq: 101 + 2 * full });
    peer.send('FA');
    peer.expect('A', { ack: 2 + full });
    expect(peer.state).toBe('TIME-WAIT');
    peer.after(60_100);
    peer.expectNothing();
    peer.expectGone();
  });

  test('a connection we open finds its neighbour by itself', async () => {
    const peer = await Peer.connected({ family });
    peer.write(10, 0);
    peer.expect('A', { seq: 1, size: 10 });
  });

  test('segments are as large as both links take, less the timestamps', async () => {
    const peer = await Peer.accepted({ family, syn: { timestamps: [1, 0] } });
    expect(peer.host.congestion(peer.connection).mss).toBe(peer.mss - 12);
    const narrow = await Peer.accepted({ family, syn: { mss: 1000 } });
    expect(narrow.host.congestion(narrow.connection).mss).toBe(1000);
    // A peer that does not say what it takes (RFC 9293, 3.7.1).
    const silent = await Peer.create({ family });
    silent.send('S');
    silent.expect('SA');
    silent.send('A');
    const { connection } = silent.host.events[0] ?? { connection: 0 };
    expect(silent.host.congestion(connection).mss).toBe(family === 4 ? 536 : 1220);
  });

  test('what is lost is sent again: after a timeout, or as soon as three segments behind it came', async () => {
    const peer = await Peer.accepted({ family });
    const full = peer.mss;
    peer.write(full, 0);
    peer.expect('A', { seq: 1, size: full });
    peer.after(250);
    peer.expect('A', { seq: 1, size: full });
    peer.send('A');
    peer.expectNothing();

    const other = await Peer.accepted({ family });
    other.write(4 * full, 0);
    for (let i = 0; i < 4; i++) other.expect('A', { seq: 1 + i * full, size: full });
    for (let i = 0; i < 3; i++) other.send('A', { ack: 1 });
    other.expect('A', { seq: 1, size: full });
    other.send('A', { ack: 1 + 4 * full });
    other.expectNothing();
  });

  test('a reset ends it, and only one with the right number', async () => {
    const peer = await Peer.accepted({ family });
    peer.send('R', { seq: peer.next + 100 });
    peer.expect('A', { seq: 1, ack: 1 }); // RFC 5961, 3
    expect(peer.events()).toBe('');
    peer.send('R');
    expect(peer.events()).toBe('ended reset');
    peer.expectNothing();
    peer.expectGone();
  });

  test('we reset what nobody may read any more', async () => {
    const peer = await Peer.accepted({ family });
    peer.abort();
    peer.expect('RA', { seq: 1, ack: 1 });
    peer.expectGone();
  });

  test('a SYN cookie opens a connection that was kept nowhere (RFC 4987)', async () => {
    const peer = await Peer.create({ family });
    peer.host.limit({ backlog: 1 });
    peer.send('S', { options: { mss: peer.mss } });
    peer.expect('SA');
    peer.port = 40001;
    peer.next = 0;
    peer.send('S', { options: { mss: peer.mss } });
    peer.expect('SA');
    expect(peer.host.count('cookiesSent')).toBe(1);
    peer.send('A', { data: 100 });
    expect(peer.host.count('cookiesTaken')).toBe(1);
    expect(peer.events()).toBe('connected readable');
    peer.expect('A', { ack: 101 });
  });
});
