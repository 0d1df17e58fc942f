// Trains of segments and unfinished checksums, as virtio 1.2, 5.1.6, has them: what a host with offloads sends, and takes.
import { expect, test } from 'vitest';
import { checksum, ip } from '../../packets.ts';
import { EVENT, Host } from '../host.ts';

const HEADER = 10;
const IP = HEADER + 14;
const TCP = IP + 20;
const MSS = 1448;
const MS = 1_000_000n;

interface Transfer {
  readonly frames: Buffer[];
  readonly received: Buffer;
  readonly sent: Buffer;
}

/** Sends `size` bytes from one host to another across a wire that takes trains as they are. */
async function transfer(size: number): Promise<Transfer> {
  const hosts = [
    await Host.create({ id: 1, offload: true }),
    await Host.create({ id: 2, offload: true }),
  ] as const;
  const sent = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255));
  const frames: Buffer[] = [];
  const wire: { to: Host; frame: Buffer }[] = [];
  const parts: Buffer[] = [];
  let done = 0;
  const [client, server] = hosts;
  client.onTransmit = (frame) => {
    frames.push(frame);
    wire.push({ to: server, frame });
  };
  server.onTransmit = (frame) => void wire.push({ to: client, frame });
  client.onEvent = (connection, events) => {
    if (events & EVENT.ended) return;
    while (done < size) {
      const written = client.write(connection, sent.subarray(done));
      if (written === 0) return;
      done += written;
    }
    client.close(connection);
  };
  server.onEvent = (connection, events) => {
    if (events & EVENT.ended) return;
    for (let part = server.read(connection); part.length > 0; part = server.read(connection))
      parts.push(part);
    if (events & EVENT.peerClosed) server.close(connection);
  };
  server.listen(80);
  client.connect('10.0.0.2', 80);
  client.flush();
  for (let now = 1_000_000_000n; now < 3_000_000_000n; now += MS) {
    for (const { to, frame } of wire.splice(0)) to.receive(frame, now);
    for (const host of hosts) host.tick(now);
  }
  return { frames, received: Buffer.concat(parts), sent };
}

test('a stream goes in trains, and arrives whole', async () => {
  const { frames, received, sent } = await transfer(1_000_000);
  expect(received.equals(sent)).toBe(true);
  const trains = frames.filter((frame) => frame.readUInt8(1) !== 0);
  expect(trains.length).toBeGreaterThan(5);
  expect(frames.length).toBeLessThan(sent.length / MSS / 3);
  for (const train of trains) {
    const headers = TCP - HEADER + ((train[TCP + 12] ?? 0) >> 4) * 4;
    // Flags, kind, bytes of headers, bytes of a segment, where the checksum begins and where it stands.
    expect([train[0], train[1], train.readUInt16LE(2), train.readUInt16LE(4)]).toEqual([1, 1, headers, MSS]);
    expect([train.readUInt16LE(6), train.readUInt16LE(8)]).toEqual([TCP - HEADER, 16]);
    expect(train.readUInt16BE(IP + 2)).toBe(train.length - IP);
    expect(checksum(train.subarray(IP, TCP))).toBe(0);
  }
});

test('what is left to the host has the sum of the pseudo-header alone; what has no data is complete', async () => {
  const { frames } = await transfer(5000);
  const segments = frames.filter((frame) => frame.readUInt16BE(HEADER + 12) === 0x0800);
  for (const frame of segments) {
    const segment = frame.subarray(TCP);
    const pseudo = Buffer.concat([
      ip('10.0.0.1'),
      ip('10.0.0.2'),
      Buffer.from([0, 6, segment.length >> 8, segment.length & 255]),
    ]);
    if (frame[0] === 0) expect(checksum(Buffer.concat([pseudo, segment]))).toBe(0);
    else expect(segment.readUInt16BE(16)).toBe(~checksum(pseudo) & 0xffff);
  }
  expect(segments.map((frame) => frame[0])).toEqual(expect.arrayContaining([0, 1]));
});

test('a wrong checksum is refused, unless the host vouches for it', async () => {
  const host = await Host.create({ id: 2, offload: true });
  const { frames } = await transfer(100);
  const syn = frames.find((frame) => frame.length > TCP && ((frame[TCP + 13] ?? 0) & 2) !== 0);
  const spoiled = Buffer.from(syn ?? Buffer.alloc(0));
  spoiled.writeUInt16BE(spoiled.readUInt16BE(TCP + 16) ^ 1, TCP + 16);
  host.listen(80);
  host.receive(spoiled, 1_000_000_000n);
  expect(host.dropped).toMatch(/wrong checksum/);
  spoiled[0] = 2;
  host.receive(spoiled, 1_000_000_000n);
  expect(host.dropped).toBe('');
});
