// kittiwake trace: the frames of a unikernel's network device, one line each, as they come, and what was dropped and why.
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import type { Command, Context } from '../command.ts';
import { CommandError, EXIT } from '../errors.ts';
import { printable } from '../printable.ts';
import type { Frame } from '../trace/capture.ts';
import { decode, type Summary } from '../trace/decode.ts';
import { TenderDrops, UnikernelDrops, type Drop } from '../trace/drops.ts';
import { frames } from '../trace/source.ts';
import { Tcpdump } from '../trace/tcpdump.ts';

const HELP = `Show the frames of a network device as they come, what was dropped, and why.

Usage: kittiwake trace [OPTIONS] FILE [-- TCPDUMP-ARGUMENTS]

FILE is what 'kittiwake run --pcap:service=FILE netcheck' captures into, a named
pipe, or - for standard input. Reading it does not disturb the unikernel. Each
frame is a line like those of tcpdump, with the time in UTC.

With -- the frames are shown by tcpdump, which has to be installed, with the
options and the filter that follow.

Options:
  -f, --follow             go on as the capture grows, until Ctrl-C, until the
                           unikernel ends (with --stats), or until --count
  -c, --count=N            end after N frames
  --stats=FILE             show what the tender dropped or delayed: the file of
                           'kittiwake run --stats=FILE'
  --metrics=ADDRESS:PORT   show what the unikernel dropped, and why: the port is
                           that of its argument --metrics-port. It is asked each
                           second; frames of that port are not shown
  --json                   as lines of JSON

Examples:
  kittiwake trace net.pcap
  kittiwake trace -f --stats=netcheck.stats --metrics=10.0.0.2:9100 net.pcap
  kittiwake trace --follow net.pcap -- -v tcp port 7
  ssh host cat net.pcap | kittiwake trace --json -
`;

/** How often it is asked what was dropped. */
const DROPS_MS = 1000;

export const trace: Command = {
  help: HELP,
  options: ['--follow', '--count=', '--stats=', '--metrics=', '--json', '--help'],
  takesImage: true,
  run(args, context) {
    const mark = args.indexOf('--');
    const { values, positionals } = parseArgs({
      args: args.slice(0, mark < 0 ? undefined : mark),
      options: {
        follow: { type: 'boolean', short: 'f' },
        count: { type: 'string', short: 'c' },
        stats: { type: 'string' },
        metrics: { type: 'string' },
        json: { type: 'boolean' },
      },
      allowPositionals: true,
    });
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0)
      throw new CommandError(EXIT.usage, `trace takes one capture; see 'kittiwake trace --help'`);
    if (mark >= 0 && values.json)
      throw new CommandError(EXIT.usage, `--json: not with '--', as tcpdump prints no JSON; leave one away`);
    return new Trace(context, values.json ?? false, {
      ...(values.stats !== undefined && { stats: new TenderDrops(values.stats) }),
      ...(values.metrics !== undefined && { metrics: parseMetricsAddress(values.metrics) }),
      ...(mark >= 0 && { tcpdump: args.slice(mark + 1) }),
    }).run(path, values.follow ?? false, parseCount(values.count));
  },
};

function parseCount(text: string | undefined): number {
  if (text === undefined) return Infinity;
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new CommandError(EXIT.usage, `--count '${printable(text)}': not a number from 1 to 999999999`);
  return Number(text);
}

function parseMetricsAddress(text: string): UnikernelDrops {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  if (isIP(host) !== (bracketed === undefined ? 4 : 6) || Number(port) < 1 || Number(port) > 65535)
    throw new CommandError(
      EXIT.usage,
      `--metrics '${printable(text)}': not an address and a port; write it as 10.0.0.2:9100 or [fd00::2]:9100`,
    );
  return new UnikernelDrops(host, Number(port));
}

interface Parts {
  readonly stats?: TenderDrops;
  readonly metrics?: UnikernelDrops;
  readonly tcpdump?: readonly string[];
}

class Trace {
  readonly #context: Context;
  readonly #json: boolean;
  readonly #parts: Parts;
  readonly #stop = new AbortController();
  #shown = 0;
  #dropped = 0;
  /** The last question to the unikernel had no answer. */
  #silent = false;

  constructor(context: Context, json: boolean, parts: Parts) {
    this.#context = context;
    this.#json = json;
    this.#parts = parts;
  }

  async run(path: string, follow: boolean, count: number): Promise<number> {
    const stop = (): void => this.#stop.abort();
    const signals = ['SIGINT', 'SIGTERM'] as const;
    for (const signal of signals) process.on(signal, stop);
    try {
      return await this.#show(path, follow, count);
    } finally {
      for (const signal of signals) process.off(signal, stop);
    }
  }

  async #show(path: string, follow: boolean, count: number): Promise<number> {
    const { signal } = this.#stop;
    const renewed = (): void => this.#context.note('a new capture begins: the unikernel was started again');
    const tcpdump = this.#parts.tcpdump && new Tcpdump(this.#parts.tcpdump);
    let looked = performance.now();
    let last = false;
    try {
      for await (const frame of frames(path, { follow, signal, renewed })) {
        if (frame && (await this.#take(frame, tcpdump)) && ++this.#shown >= count) break;
        if (tcpdump?.closed || (last && !frame)) break;
        if (!follow || performance.now() - looked < DROPS_MS) continue;
        await this.#drops();
        looked = performance.now();
        last = this.#parts.stats?.ended ?? false; // what it wrote before its end is read first
      }
    } catch (error) {
      await tcpdump?.end().catch(() => undefined); // it shows what it has first
      throw error;
    }
    const status = (await tcpdump?.end()) ?? EXIT.ok;
    await this.#drops();
    const drops = this.#parts.stats || this.#parts.metrics ? `, ${this.#dropped} dropped or late` : '';
    // What tcpdump showed of them is its own to count.
    if (!tcpdump || drops)
      this.#context.note(`${this.#shown} ${this.#shown === 1 ? 'frame' : 'frames'}${drops}`);
    return status;
  }

  /** Shows the frame, unless it is of a question of ours to the unikernel: then false. */
  async #take(frame: Frame, tcpdump: Tcpdump | undefined): Promise<boolean> {
    const summary = decode(frame.bytes);
    if (this.#parts.metrics?.isOwn(summary.text)) return false;
    if (tcpdump) await tcpdump.show(frame);
    else this.#print(frame, summary);
    return true;
  }

  #print({ seconds, nanoseconds, length }: Frame, summary: Summary): void {
    const time = new Date(seconds * 1000).toISOString().slice(0, 19);
    const fraction = String(nanoseconds).padStart(9, '0');
    this.#context.out(
      this.#json
        ? `${JSON.stringify({ time: `${time}.${fraction}Z`, length, ...summary })}\n`
        : `${time.slice(11)}.${fraction.slice(0, 6)} ${summary.text}\n`,
    );
  }

  /** Tells what was dropped since the last time. */
  async #drops(): Promise<void> {
    const { stats, metrics } = this.#parts;
    const lookAtTender = (): void => stats?.look().forEach((drop) => this.#printDrop(drop));
    lookAtTender();
    if (!metrics || stats?.ended) return;
    try {
      for (const drop of await metrics.look()) this.#printDrop(drop);
      this.#silent = false;
    } catch (error) {
      lookAtTender(); // who has ended meanwhile need not answer
      if (!this.#silent && !stats?.ended)
        this.#context.note(
          `--metrics: ${(error as Error).message}; is that the address and the --metrics-port of the unikernel?`,
        );
      this.#silent = true;
    }
  }

  #printDrop({ by, reason, text, count }: Drop): void {
    this.#dropped += count;
    const words = by === 'tender' ? `tender, ${reason}` : `unikernel, ${reason}`;
    this.#context.out(
      this.#json
        ? `${JSON.stringify({ dropped: count, by, reason, text })}\n`
        : `-- ${count} × ${words}: ${text}\n`,
    );
  }
}
