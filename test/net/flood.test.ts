// Connections that are begun and never finished (RFC 4987), from addresses that do not exist.
import { describe, expect, test } from 'vitest';
import { ip, packet } from '../packets.ts';
import { encodeSegment, glance, TCP, type Segment } from '../segments.ts';
import { client } from './client.ts';
import { Wire } from './frames.ts';
import { Namespace, noNamespaces } from './namespace.ts';
import { residentKilobytes } from './process.ts';
import { noImage, prebuilt, Unikernel } from './unikernel.ts';

const HALF_OPEN = 10_000;
const ECHO = 7;
const skipped = noNamespaces ?? noImage('netcheck');
const SYN = { to: ECHO, flags: 'S', options: { mss: 1460 } } as const;
const guestAddress = ip('10.0.0.2');

interface Flooded extends AsyncDisposable {
  readonly namespace: Namespace;
  readonly guest: Unikernel;
  /** Sends segments to the guest from the host's MAC, by way of which it answers strangers. */
  readonly send: (
    segments: readonly (readonly [source: Buffer, segment: Partial<Segment>])[],
  ) => Promise<void>;
  readonly wire: Wire;
}

async function netcheck(): Promise<Flooded> {
  const namespace = await Namespace.open();
  await namespace.tap('tap0', '10.0.0.1/24');
  const args = ['--ipv4=10.0.0.2/24', '--ipv4-gateway=10.0.0.1'];
  const guest = await Unikernel.ready(namespace, { image: prebuilt('netcheck'), args });
  // After this each knows where the other is.
  await namespace.shell('ping -c 1 -w 5 10.0.0.2');
  const text = await namespace.shell('ip neigh show 10.0.0.2; ip link show tap0');
  const [there = '', here = ''] = [...text.matchAll(/(?:lladdr|ether) ([0-9a-f:]+)/g)].map(([, m]) => m);
  const wire = await Wire.to(namespace, 'tap0');
  return {
    namespace,
    guest,
    wire,
    send: (segments) =>
      wire.send(
        segments.map(([source, segment]) =>
          packet(
            { to: there, from: here },
            source,
            guestAddress,
            TCP,
            encodeSegment(source, guestAddress, segment),
          ),
        ),
      ),
    [Symbol.asyncDispose]: () => namespace.close(),
  };
}

/** One of many strangers, from the network that is for benchmarks (RFC 2544). */
const stranger = (number: number): Buffer => Buffer.from([198, 18, number >> 8, number & 255]);
const isSynAck = (frame: Buffer): boolean => glance(frame)?.flags === 'SA';

/** Begins `count` connections to the echo service, each from a stranger; the frames that answered. A tap queues 1000 at most. */
async function begin({ send, wire }: Flooded, count: number): Promise<Buffer[]> {
  const answers: Buffer[] = [];
  for (let first = 0; first < count; first += 100) {
    const numbers = Array.from({ length: 100 }, (_, i) => first + i);
    await send(numbers.map((n) => [stranger(n), { ...SYN, from: 1024 + n, seq: n }]));
    answers.push(...(await wire.receive(isSynAck, 100, 200)));
  }
  return answers;
}

describe.skipIf(skipped)(`half-open connections ${skipped ?? ''}`, () => {
  test('10,000 of them do not stop a real one, and cost no memory that stays', async () => {
    await using flooded = await netcheck();
    const { namespace, guest } = flooded;
    await client(namespace, 'echo', '10.0.0.2', ECHO, 100_000);
    const before = residentKilobytes(guest.pid);
    const answered = (await begin(flooded, HALF_OPEN)).length;
    // None may be left without an answer for want of room: that is what SYN cookies are for.
    expect(answered).toBeGreaterThanOrEqual(HALF_OPEN * 0.99);
    const { sent, received } = await client(namespace, 'echo', '10.0.0.2', ECHO, 100_000);
    expect(received).toBe(sent);
    expect(residentKilobytes(guest.pid) - before).toBeLessThan(1024);
    await guest.stop();
  });

  test('are completed by who really had the answer, and by nobody who guesses', async () => {
    await using flooded = await netcheck();
    const { guest, wire, send } = flooded;
    const answers = (await begin(flooded, 2000)).map(glance);
    const of = (n: number): NonNullable<(typeof answers)[number]> => {
      const found = answers.findLast((segment) => segment?.to === 1024 + n);
      if (!found) throw new Error(`SYN ${n} of ${answers.length} was not answered`);
      return found;
    };
    // The acknowledgement of a real answer, with data that the echo has to return (cookies: RFC 4987, section 3.6).
    const data = Buffer.from('it is me');
    const last = of(1999);
    expect(last.ack).toBe(2000);
    const speak = (guess: number): Promise<void> =>
      send([
        [
          stranger(1999),
          {
            from: 1024 + 1999,
            to: ECHO,
            seq: 2000,
            ack: last.seq + 1 + guess,
            flags: 'AP',
            data,
          },
        ],
      ]);
    const toLast = (frame: Buffer): boolean => glance(frame)?.to === 1024 + 1999;
    await speak(12345);
    // RFC 9293, section 3.10.7.4: an acknowledgement of what was never sent is answered by a reset in SYN-RECEIVED, or not at all.
    const refused = (await wire.receive(toLast, 1, 200)).map(glance);
    expect(refused.some((segment) => segment?.data.includes(data))).toBe(false);
    await speak(0);
    const echoed = await wire.receive((frame) => Boolean(glance(frame)?.data.equals(data)), 1);
    expect(echoed.length).toBeGreaterThanOrEqual(1);
    await guest.stop();
  });
});
