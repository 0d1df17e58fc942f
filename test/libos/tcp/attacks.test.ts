// What strangers cannot do: RFC 5961 (blind segments), RFC 6528 (sequence numbers), RFC 4987 (floods of SYNs); and peers that are gone
// (RFC 9293, 3.8.4: keep-alives). What they say by ICMP is in icmp.test.ts.
import { describe, expect, test } from 'vitest';
import { PEER } from '../frames.ts';
import { Peer } from './peer.ts';

describe('blind attacks (RFC 5961)', () => {
  test('a reset counts only with exactly the number that is expected', async () => {
    const peer = await Peer.accepted();
    peer.send('R', { seq: 0 });
    peer.send('R', { seq: 20000 });
    expect(peer.host.dropped).toBe('TCP outside the window');
    peer.expectNothing();
    peer.send('R', { seq: 2 });
    expect(peer.host.dropped).toBe('TCP that might be forged; challenged');
    peer.expect('A', { seq: 1, ack: 1 });
    expect(peer.state).toBe('ESTABLISHED');
    peer.send('R', { seq: 1 });
    expect(peer.events()).toBe('ended reset');
  });

  test.each([0, 1, 5000, -99999])(
    'a SYN with the number %i is challenged, and resets nothing',
    async (seq) => {
      const peer = await Peer.accepted();
      peer.send('S', { seq });
      peer.expect('A', { seq: 1, ack: 1 });
      expect(peer.state).toBe('ESTABLISHED');
      expect(peer.events()).toBe('');
    },
  );

  test.each([2, 5000, 0x7fff_ffff, -70000])('data that acknowledges %i is not taken', async (ack) => {
    const peer = await Peer.accepted();
    peer.send('A', { data: 10, ack });
    peer.expect('A', { ack: 1 });
    expect(peer.host.dropped).toBe('TCP that acknowledges what was never sent');
    expect(peer.events()).toBe('');
  });

  test('data that acknowledges a little less than the last is', async () => {
    const peer = await Peer.accepted();
    peer.send('A', { data: 10, ack: -60000 });
    expect(peer.events()).toBe('readable');
  });

  test('challenges are few (7)', async () => {
    const peer = await Peer.accepted();
    for (let i = 0; i < 100; i++) {
      peer.send('R', { seq: 100 + i });
      peer.send('S', { seq: 100_000 + i });
      peer.send('S', { seq: -1 - i });
    }
    peer.expect('A');
    peer.expectNothing();
    peer.after(500);
    peer.send('S', { seq: 5000 });
    peer.expect('A');
    peer.expectNothing();
    expect(peer.host.count('challenges')).toBe(2);
  });

  test('two ends that disagree do not answer each other for ever', async () => {
    const peer = await Peer.accepted();
    for (let i = 0; i < 20; i++) peer.send('A', { seq: 500_000, ack: 500_000 });
    expect(peer.left.length).toBeLessThanOrEqual(1);
  });
});

describe('sequence numbers (RFC 6528)', () => {
  async function issOf(port: number, seed: number, now: bigint): Promise<number> {
    const peer = await Peer.create({ seed, now });
    peer.port = port;
    peer.send('S');
    return peer.expect('SA').seq;
  }

  test('follow a clock of four microseconds for the same ends', async () => {
    const first = await issOf(1000, 1, 1_000_000_000n);
    const second = await issOf(1000, 1, 2_000_000_000n);
    expect((second - first) >>> 0).toBe(250_000);
  });

  test('differ by port and by secret', async () => {
    const found = await Promise.all(Array.from({ length: 20 }, (_, i) => issOf(1000 + i, 1, 1_000_000_000n)));
    expect(new Set(found.map((iss) => iss >>> 16)).size).toBeGreaterThan(18);
    expect(await issOf(1000, 2, 1_000_000_000n)).not.toBe(found[0]);
  });

  test('timestamps begin elsewhere for each connection (RFC 7323, 5.4)', async () => {
    const stamps: number[] = [];
    for (const port of [1, 2, 3]) {
      const peer = await Peer.create();
      peer.port = port;
      peer.send('S', { options: { timestamps: [1, 0] } });
      stamps.push(peer.expect('SA').options.timestamps?.[0] ?? 0);
    }
    expect(new Set(stamps).size).toBe(3);
  });
});

describe('a flood of SYNs (RFC 4987)', () => {
  /** A host whose bound of half-open connections is reached. */
  async function flooded(options: { backlog?: number; connections?: number } = {}): Promise<Peer> {
    const { backlog = 4 } = options;
    const peer = await Peer.create();
    peer.host.limit({ backlog, ...options });
    for (let i = 0; i < backlog; i++) {
      peer.port = 1000 + i;
      peer.send('S', { seq: 0 });
      peer.expect('SA');
    }
    peer.port = 40000;
    return peer;
  }

  test('is answered with cookies, and nothing is kept', async () => {
    const peer = await flooded();
    for (let i = 0; i < 100; i++) {
      peer.port = 2000 + i;
      peer.send('S', { seq: i });
      peer.expect('SA', { ack: i + 1 });
    }
    expect(peer.host.count('connections')).toBe(4);
    expect(peer.host.count('halfOpen')).toBe(4);
    expect(peer.host.count('cookiesSent')).toBe(100);
  });

  test('lets real peers in, with their segment size, scale and SACK', async () => {
    const peer = await flooded();
    peer.send('S', { options: { mss: 1400, scale: 5, sackPermitted: true, timestamps: [1000, 0] } });
    peer.stamped = true;
    const answer = peer.expect('SA', { seq: 0, ack: 1 });
    expect(answer.options).toMatchObject({ mss: 1460, scale: 3, sackPermitted: true });
    peer.window = 100;
    peer.send('A');
    expect(peer.events()).toBe('connected');
    expect(peer.host.count('cookiesTaken')).toBe(1);
    expect(peer.host.count('halfOpen')).toBe(4);
    const connections = peer.host.count('connections');
    expect(connections).toBe(5);
    peer.send('A', { seq: 101, data: 100 });
    peer.expect('A', { ack: 1, sack: [[101, 201]] });
  });

  test('and their first data, even if it comes with the acknowledgment', async () => {
    const peer = await flooded();
    peer.send('S', { options: { mss: 1000 } });
    expect(peer.expect('SA').options).toEqual({ mss: 1460 });
    peer.send('A', { data: 100 });
    peer.connection = peer.host.events[0]?.connection ?? 0;
    expect(peer.events()).toBe('connected readable');
    peer.expect('A', { ack: 101 });
    expect(peer.read(0)).toBe(100);
    // Of 1000 only a smaller step is remembered.
    expect(peer.host.congestion(peer.connection).mss).toBe(536);
  });

  test('uses the window of the peer as it was scaled', async () => {
    const peer = await flooded();
    peer.send('S', { options: { mss: 1460, scale: 2, timestamps: [1000, 0] } });
    peer.stamped = true;
    peer.expect('SA');
    peer.window = 500;
    peer.send('A');
    peer.connection = peer.host.events[0]?.connection ?? 0;
    peer.write(4000, 0);
    expect(peer.left.reduce((sum, { segment }) => sum + segment.data.length, 0)).toBe(1448);
  });

  test('a cookie is good for two minutes, for these ends and this SYN only', async () => {
    const peer = await flooded();
    peer.send('S', { options: { mss: 1460 } });
    peer.expect('SA');
    const { next } = peer;
    for (const wrong of [{ seq: next + 1 }, { ack: 2 }, { ack: 0x0100_0001 }]) {
      peer.send('A', { seq: next, ...wrong });
      peer.expect('R');
    }
    peer.port = 40001;
    peer.send('A', { seq: next });
    peer.expect('R');
    peer.port = 40000;
    peer.after(140_000);
    peer.left.length = 0;
    peer.send('A', { seq: next });
    peer.expect('R');
    expect(peer.events()).toBe('');
  });

  test('a cookie that comes back in time is good', async () => {
    const peer = await flooded();
    peer.send('S', { options: { mss: 1460 } });
    peer.expect('SA');
    peer.after(60_000);
    peer.left.length = 0;
    peer.send('A');
    expect(peer.events()).toBe('connected');
  });

  test('no cookie is believed while none was sent', async () => {
    const peer = await Peer.create();
    for (let i = 0; i < 40; i++) peer.send('A', { seq: 1, ack: i * 99991 });
    expect(peer.host.dropped).toBe('TCP, and no connection there');
    peer.expectGone();
  });

  test('ends with the half-open connections', async () => {
    const peer = await flooded();
    peer.after(60_000);
    peer.left.length = 0;
    peer.send('S');
    peer.expect('SA');
    expect(peer.host.count('cookiesSent')).toBe(0);
    expect(peer.host.count('halfOpen')).toBe(1);
  });

  test('and a full table drops what is more', async () => {
    const peer = await Peer.create();
    peer.host.limit({ connections: 2 });
    for (let port = 1; port <= 3; port++) {
      peer.port = port;
      peer.next = 0;
      peer.acked = 0;
      peer.send('S');
      if (port === 3) break;
      peer.expect('SA');
      peer.send('A');
    }
    peer.expectNothing();
    expect(peer.host.dropped).toBe('TCP, and no room for one more connection');
    expect(peer.host.connect(PEER.ip, 99)).toBe(0);
  });
});

describe('keep-alives', () => {
  test('are off unless asked for', async () => {
    const peer = await Peer.accepted();
    peer.after(24 * 3600_000);
    peer.expectNothing();
    expect(peer.state).toBe('ESTABLISHED');
  });

  test('ask an idle peer with an old number, and go on while it answers', async () => {
    const peer = await Peer.accepted();
    peer.host.setKeepAlive(peer.connection, 30_000_000_000n);
    peer.host.flush();
    for (let i = 1; i <= 5; i++) {
      peer.at(i * 30_020);
      peer.expect('A', { seq: 0, ack: 1, size: 0 });
      peer.expectNothing();
      peer.send('A');
    }
    expect(peer.events()).toBe('');
  });

  test('six without an answer end the connection', async () => {
    const peer = await Peer.accepted();
    peer.host.setKeepAlive(peer.connection, 30_000_000_000n);
    peer.host.flush();
    peer.at(80_100);
    expect(peer.left).toHaveLength(6);
    expect(peer.events()).toBe('');
    peer.at(91_000);
    expect(peer.events()).toBe('ended timedOut');
    peer.expectGone();
  });

  test('are not sent while the peer talks, nor while data is on its way', async () => {
    const peer = await Peer.accepted();
    peer.host.setKeepAlive(peer.connection, 30_000_000_000n);
    peer.host.flush();
    for (let i = 1; i < 10; i++) {
      peer.at(i * 20_000);
      peer.send('A', { data: 1 });
      peer.after(50);
      peer.expect('A', { seq: 1, ack: 1 + i });
    }
    peer.write(100, 0);
    peer.after(60_000);
    expect(peer.left.every(({ segment }) => segment.data.length === 100)).toBe(true);
  });

  test('of a peer are answered', async () => {
    const peer = await Peer.accepted();
    peer.send('A', { seq: 0 });
    peer.expect('A', { seq: 1, ack: 1 });
  });
});
