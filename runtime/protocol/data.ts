// What a daemon sends unasked after it was subscribed to: lines of a console, statistics, the data of a block device.
import { choice, explicit, implicit, mapped, optional, sequence, sequenceOf } from './der/compose.ts';
import type { Of } from './der/codec.ts';
import { int64, integer, line, nothing, octets, text, time } from './der/primitives.ts';

const int32 = (what: string) => integer(what, -0x80000000, 0x7fffffff);

/** Seconds and microseconds, here as microseconds. */
const microseconds = (what: string) =>
  mapped(
    sequence(what, { seconds: int64('seconds'), micros: integer('microseconds', 0, 999_999) }),
    ({ seconds, micros }) => seconds * 1_000_000n + BigInt(micros),
    (all) => {
      const micros = ((all % 1_000_000n) + 1_000_000n) % 1_000_000n;
      return { seconds: (all - micros) / 1_000_000n, micros: Number(micros) };
    },
  );

/** What getrusage(2) counts. */
const rusage = sequence('resource usage', () => ({
  utime: microseconds('user time'),
  stime: microseconds('system time'),
  maxrss: int64('maxrss'),
  ixrss: int64('ixrss'),
  idrss: int64('idrss'),
  isrss: int64('isrss'),
  minflt: int64('minflt'),
  majflt: int64('majflt'),
  nswap: int64('nswap'),
  inblock: int64('inblock'),
  outblock: int64('outblock'),
  msgsnd: int64('msgsnd'),
  msgrcv: int64('msgrcv'),
  nsignals: int64('nsignals'),
  nvcsw: int64('nvcsw'),
  nivcsw: int64('nivcsw'),
}));

/** Sizes of the process: `vsize` in bytes, the others in pages. */
const processMemory = sequence('memory', () => ({
  vsize: int64('vsize'),
  rss: int64('rss'),
  tsize: int64('tsize'),
  dsize: int64('dsize'),
  ssize: int64('ssize'),
  /** Microseconds. */
  runtime: int64('runtime'),
  cow: integer('cow'),
  start: microseconds('start'),
}));

/** An interface as the host counts it: input is what came from the unikernel. */
const interfaceData = sequence('interface', () => ({
  bridge: text('bridge'),
  flags: int32('flags'),
  sendLength: int32('send length'),
  maxSendLength: int32('maximal send length'),
  sendDrops: int32('send drops'),
  mtu: int32('MTU'),
  baudrate: int64('baudrate'),
  inputPackets: int64('input packets'),
  inputErrors: int64('input errors'),
  outputPackets: int64('output packets'),
  outputErrors: int64('output errors'),
  collisions: int64('collisions'),
  inputBytes: int64('input bytes'),
  outputBytes: int64('output bytes'),
  inputMcast: int64('input multicasts'),
  outputMcast: int64('output multicasts'),
  inputDropped: int64('input dropped'),
  outputDropped: int64('output dropped'),
}));

export const statistics = sequence('statistics', () => ({
  rusage,
  interfaces: sequenceOf('interfaces', interfaceData),
  /** Counters of a virtual machine monitor, by name. */
  vmm: optional(
    explicit(
      0,
      sequenceOf('counters', sequence('counter', { name: text('counter'), value: int64('value') })),
    ),
  ),
  memory: optional(implicit(1, processMemory)),
}));
export type Statistics = Of<typeof statistics>;

export const data = choice('data', {
  statistics: [1, statistics],
  console: [3, sequence('console line', { time: time('time'), line: line('line') })],
  block: [4, choice('block data', { piece: [0, octets('piece')], end: [1, nothing] })],
  /** Of the kittiwake command of that name; the header has whose. */
  event: [30, sequence('event', { time: time('time'), text: text('event') })],
});
export type Data = Of<typeof data>;
