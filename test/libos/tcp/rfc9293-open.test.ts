// How connections begin (RFC 9293, 3.5 and 3.10.7.2 to 3.10.7.4), by either version of IP.
import { describe, expect, test } from 'vitest';
import { FAMILIES, Peer } from './peer.ts';

describe.each(FAMILIES)('by IPv%i', (family) => {
  describe('a listener', () => {
    test('answers a SYN with its own, and is open once that is acknowledged', async () => {
      const peer = await Peer.create({ family });
      peer.send('S', { options: { mss: peer.mss } });
      peer.expect('SA', { seq: 0, ack: 1, options: { mss: peer.mss } });
      expect(peer.events()).toBe('');
      expect(peer.host.count('halfOpen')).toBe(1);
      peer.send('A');
      expect(peer.events()).toBe('connected');
      expect(peer.host.count('halfOpen')).toBe(0);
      peer.expectNothing();
    });

    test('takes data that comes with the last acknowledgment', async () => {
      const peer = await Peer.create({ family });
      peer.send('S');
      peer.expect('SA');
      peer.send('A', { data: 100 });
      peer.connection = peer.host.events[0]?.connection ?? 0;
      expect(peer.events()).toBe('connected readable');
      peer.expect('A', { ack: 101 });
      expect(peer.read(0)).toBe(100);
    });

    test('offers only what the SYN offered', async () => {
      const peer = await Peer.create({ family });
      peer.send('S', { options: { mss: 1000 } });
      expect(peer.expect('SA').options).toEqual({ mss: peer.mss });
      const other = await Peer.create({ family });
      other.send('S', { options: { mss: 1000, scale: 7, sackPermitted: true, timestamps: [77, 0] } });
      expect(other.expect('SA').options).toMatchObject({ mss: peer.mss, scale: 3, sackPermitted: true });
    });

    test('answers a SYN that comes again, and its own timer, with the same SYN', async () => {
      const peer = await Peer.create({ family });
      peer.send('S');
      peer.expect('SA', { seq: 0, ack: 1 });
      peer.after(100);
      peer.send('S', { seq: 0 });
      peer.expect('SA', { seq: 0, ack: 1 });
      peer.after(3000);
      peer.expect('SA', { seq: 0, ack: 1 });
    });

    test('gives a half-open connection up, and tells nobody', async () => {
      const peer = await Peer.create({ family });
      peer.send('S');
      peer.expect('SA');
      for (const at of [1000, 3000, 7000, 15000]) {
        peer.at(at + 20);
        peer.expect('SA', { at });
      }
      peer.at(60000);
      peer.expectNothing();
      peer.expectGone();
      expect(peer.events()).toBe('');
    });

    test('refuses an acknowledgment out of nowhere, and that of another SYN', async () => {
      const peer = await Peer.create({ family });
      peer.send('A', { seq: 7, ack: 99 });
      peer.expect('R', { seq: 99 });
      peer.next = 0;
      peer.send('S');
      peer.expect('SA');
      peer.send('A', { ack: 2 });
      peer.expect('R', { seq: 2 });
      peer.send('A', { ack: 0 });
      peer.expect('R', { seq: 0 });
      peer.send('A', { ack: 1 });
      expect(peer.events()).toBe('connected');
    });

    test.each(['', 'F', 'P', 'U', 'R', 'RA', 'SR'])(
      'is silent at a segment with the flags "%s"',
      async (flags) => {
        const peer = await Peer.create({ family });
        peer.send(flags, { data: 10 });
        peer.expectNothing();
        peer.expectGone();
      },
    );

    test('forgets a half-open connection that is reset, and tells nobody', async () => {
      const peer = await Peer.create({ family });
      peer.send('S');
      peer.expect('SA');
      peer.send('R');
      peer.expectNothing();
      peer.expectGone();
      expect(peer.events()).toBe('');
    });
  });

  describe('a port where nobody listens', () => {
    test.each([
      ['S', 'RA', 0, 1],
      ['SF', 'RA', 0, 2],
      ['', 'RA', 0, 0],
      ['A', 'R', 4711, undefined],
      ['SA', 'R', 4711, undefined],
      ['FA', 'R', 4711, undefined],
    ] as const)('answers %s with %s', async (flags, answer, seq, ack) => {
      const peer = await Peer.create({ family });
      peer.hostPort = 81;
      peer.send(flags, { ack: 4711 });
      peer.expect(answer, { seq, ...(ack !== undefined && { ack }) });
    });

    test('never answers a reset, and every other segment once', async () => {
      const peer = await Peer.create({ family });
      peer.hostPort = 81;
      peer.send('R');
      peer.send('RA');
      peer.expectNothing();
      for (let i = 0; i < 80; i++) peer.send('S', { seq: i });
      expect(peer.left).toHaveLength(80);
    });
  });

  describe('a connection we open', () => {
    test('offers everything, and is open with the answer', async () => {
      const peer = await Peer.create({ family });
      peer.connect();
      peer.expectSyn({ mss: peer.mss, scale: 3, sackPermitted: true });
      expect(peer.state).toBe('SYN-SENT');
      peer.send('SA', { options: { mss: 1400 } });
      peer.expect('A', { seq: 1, ack: 1 });
      expect(peer.events()).toBe('connected');
      expect(peer.host.congestion(peer.connection).mss).toBe(1400);
    });

    test('asks again after 1, 3, 7, 15, 31 and 63 seconds, and gives up after 127', async () => {
      const peer = await Peer.create({ family });
      peer.connect();
      peer.expectSyn();
      for (const at of [1000, 3000, 7000, 15000, 31000, 63000]) {
        peer.at(at + 20);
        peer.expect('S', { seq: 0, at });
      }
      peer.at(122000);
      expect(peer.events()).toBe('');
      peer.at(127010);
      peer.expectNothing();
      expect(peer.events()).toBe('ended timedOut');
      peer.expectGone();
    });

    test('ends when it is refused by a reset that acknowledges its SYN, and by no other', async () => {
      const peer = await Peer.create({ family });
      peer.connect();
      peer.expectSyn();
      peer.send('R');
      peer.send('RA', { ack: 0 });
      peer.send('RA', { ack: 2 });
      expect(peer.events()).toBe('');
      peer.expectNothing();
      peer.send('RA', { ack: 1 });
      expect(peer.events()).toBe('ended reset');
      peer.expectGone();
    });

    test('refuses an answer to another SYN and goes on (figure 9)', async () => {
      const peer = await Peer.create({ family });
      peer.connect();
      peer.expectSyn();
      peer.send('SA', { seq: 0, ack: 91 });
      peer.expect('R', { seq: 91 });
      peer.send('SA');
      peer.expect('A', { seq: 1, ack: 1 });
      expect(peer.events()).toBe('connected');
    });

    test('may cross with one the peer opens (figure 8)', async () => {
      const peer = await Peer.create({ family });
      peer.connect();
      peer.expectSyn();
      peer.send('S', { options: { mss: peer.mss, scale: 2 } });
      peer.expect('SA', { seq: 0, ack: 1 });
      expect(peer.state).toBe('SYN-RECEIVED');
      peer.send('SA', { seq: 0, window: 2 * peer.mss, options: { mss: peer.mss, scale: 2 } });
      expect(peer.events()).toBe('connected');
      expect(peer.state).toBe('ESTABLISHED');
      // The window of a SYN is not scaled: no more than two segments may leave.
      peer.left.length = 0;
      peer.write(8000, 0);
      expect(peer.left.reduce((sum, { segment }) => sum + segment.data.length, 0)).toBe(2 * peer.mss);
    });

    test('that cross and are acknowledged plainly, too', async () => {
      const peer = await Peer.create({ family });
      peer.connect();
      peer.expectSyn();
      peer.send('S', { options: { mss: peer.mss } });
      peer.expect('SA', { seq: 0, ack: 1 });
      peer.send('A');
      expect(peer.events()).toBe('connected');
      peer.expectNothing();
    });

    test('closed before it was open is forgotten; one that crosses is closed in order', async () => {
      const peer = await Peer.create({ family });
      peer.connect();
      peer.expectSyn();
      peer.close();
      peer.expectNothing();
      expect(peer.events()).toBe('ended');
      peer.expectGone();

      const other = await Peer.create({ family });
      other.connect();
      other.expectSyn();
      other.send('S');
      other.expect('SA');
      other.close();
      other.expectNothing();
      expect(other.state).toBe('SYN-RECEIVED');
      other.send('A');
      other.expect('FA', { seq: 1, ack: 1 });
      expect(other.state).toBe('FIN-WAIT-1');
    });

    test('takes a FIN that comes with the answer', async () => {
      const peer = await Peer.create({ family });
      peer.connect();
      peer.expectSyn();
      peer.send('SFA');
      peer.expect('A', { ack: 2 });
      expect(peer.events()).toBe('connected readable peerClosed');
      expect(peer.state).toBe('CLOSE-WAIT');
    });
  });

  test('segments with a wrong bit are dropped', async () => {
    const peer = await Peer.create({ family });
    const frame = peer.frame('S', { data: 3 });
    const segment = family === 4 ? 34 : 54;
    const covered = Array.from({ length: frame.length - segment }, (_, i) => segment + i);
    // The header of IPv6 has no checksum: that of TCP is all that covers the sender's address (RFC 8200, 8.1).
    if (family === 6) covered.push(...Array.from({ length: 16 }, (_, i) => 22 + i));
    for (const at of covered) {
      const spoiled = Buffer.from(frame);
      spoiled[at] = (spoiled[at] ?? 0) ^ 4;
      peer.host.receive(spoiled, peer.now);
      expect(peer.host.dropped, `byte ${at}`).toBe('malformed TCP or wrong checksum');
    }
    peer.expectNothing();
    peer.host.receive(frame, peer.now);
    peer.expect('SA');
  });
});
