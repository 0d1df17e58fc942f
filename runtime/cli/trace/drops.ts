// What was dropped, and why, from two sides: the tender's counters (--stats=FILE) and the unikernel's own (its port of metrics). Both only grow;
// what is new since the last look is told.
import { get } from 'node:http';
import { isIPv6 } from 'node:net';
import { readStats } from '../stats.ts';
import { REASONS } from './reasons.ts';

export interface Drop {
  readonly by: 'tender' | 'unikernel';
  readonly reason: string;
  /** In words. */
  readonly text: string;
  readonly count: number;
}

/** Counters of a network device in --stats that are about frames lost or late. */
const TENDER: Readonly<Record<string, string>> = {
  out_refused: 'the host did not take it; is the tap down, or its queue full?',
  out_bad: 'the unikernel sent a frame that is too long or too short',
  uncaptured: 'it is missing in the capture, whose disk is full',
  in_delayed: 'late, not lost: --net-rate held it back on its way in',
  out_delayed: 'late, not lost: --net-rate held it back on its way out',
};

/** What the counters of `now` have more than those of the last call with the same `seen`. */
function grown(
  by: Drop['by'],
  now: ReadonlyMap<string, number>,
  seen: Map<string, number>,
  words: typeof TENDER,
): Drop[] {
  const found: Drop[] = [];
  for (const [reason, value] of now) {
    const before = seen.get(reason) ?? 0;
    seen.set(reason, value);
    // Less than before: the unikernel was started again.
    const count = value >= before ? value - before : value;
    if (count > 0) found.push({ by, reason, text: words[reason] ?? 'unknown', count });
  }
  return found;
}

/** The tender's, and whether its guest still runs. */
export class TenderDrops {
  readonly #path: string;
  readonly #seen = new Map<string, number>();
  ended = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws CommandError when the file holds no statistics. */
  look(): Drop[] {
    const { devices, state } = readStats(this.#path);
    this.ended = state !== 'running';
    const now = new Map<string, number>();
    for (const { type, counters } of devices) {
      if (type !== 'net') continue;
      for (const name of Object.keys(TENDER)) now.set(name, (now.get(name) ?? 0) + (counters[name] ?? 0));
    }
    return grown('tender', now, this.#seen, TENDER);
  }
}

/** Longest an answer may take, and be. */
const ANSWER_MS = 3000;
const ANSWER_MAX = 262_144;

/** The unikernel's, asked at the port that its --metrics-port names. */
export class UnikernelDrops {
  readonly #url: URL;
  readonly #end: string;
  readonly #seen = new Map<string, number>();
  /** @param host its address */
  constructor(host: string, port: number) {
    this.#url = new URL(`http://${isIPv6(host) ? `[${host}]` : host}:${port}/metrics`);
    this.#end = `${host}.${port}`;
  }

  /** Whether the frame that `text` is about is a question of ours, or an answer. */
  isOwn(text: string): boolean {
    return text.includes(` ${this.#end} > `) || text.includes(` > ${this.#end}: `);
  }

  /** @throws Error when there is no answer. */
  async look(): Promise<Drop[]> {
    return grown('unikernel', parseMetrics(await fetchText(this.#url)), this.#seen, REASONS);
  }
}

/** The drops in a text of Prometheus's, by reason; only reasons that are known, so that their number has a bound. */
export function parseMetrics(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, reason = '', value] of text.matchAll(
    /^net_drops_total\{reason="([a-z0-9_]{1,40})"\} (\d{1,16})$/gm,
  ))
    if (Object.hasOwn(REASONS, reason)) found.set(reason, Number(value));
  return found;
}

function fetchText(url: URL): Promise<string> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      reject(
        new Error(
          signal.aborted ? `no answer within ${ANSWER_MS / 1000} seconds` : (error.code ?? error.message),
        ),
      );
    const request = get(url, { agent: false, signal }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (part: string) => {
        text += part;
        if (text.length > ANSWER_MAX) request.destroy(new Error('the answer is too long'));
      });
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`status ${response.statusCode}`)),
      );
      response.on('error', failed);
    });
    request.on('error', failed);
  });
}
