// Whether a unikernel is well: as its fleet file says, asked from this host, again and again until it is or the time is over.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Client } from '../../client/socket.ts';
import type { Name } from '../../protocol/name.ts';
import { shownName } from '../orchestrated.ts';
import { statesOf } from '../states.ts';
import type { Health } from './schema.ts';

/** Seconds where none are given. */
const WITHIN = 30;
/** Milliseconds that one try may take, and from one to the next. */
const TRY_MS = 3000;
const AGAIN_MS = 250;

export function healthWords(health: Health): string {
  if ('runs' in health) return `runs for ${health.runs} s`;
  if ('tcp' in health) return `takes connections at ${health.tcp}`;
  if ('ping' in health) return `answers pings of ${health.ping}`;
  const status = health.status === undefined ? '' : ` with ${health.status}`;
  return `answers ${health.http}${status}`;
}

/** It is not well: one line for the person. */
export class HealthError extends Error {
  override readonly name = 'HealthError';
}

/** Why it is not well; undefined where it is. */
type Probe = (signal: AbortSignal) => Promise<string | undefined>;

async function tcp(address: string, signal: AbortSignal): Promise<string | undefined> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port: Number(port) });
  try {
    await once(socket, 'connect', { signal });
    return undefined;
  } finally {
    socket.destroy();
  }
}

async function http(
  url: string,
  status: number | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const answer = await fetch(url, { redirect: 'manual', signal });
  await answer.body?.cancel();
  const well = status === undefined ? answer.status >= 200 && answer.status < 400 : answer.status === status;
  return well ? undefined : `it answered with ${answer.status}`;
}

async function ping(address: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    await promisify(execFile)('ping', ['-n', '-q', '-c', '1', '-W', '2', address], { signal });
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new HealthError('ping is not installed on this host; install iputils-ping, or check tcp');
    return 'no answer';
  }
}

const probeOf = (health: Exclude<Health, { readonly runs: number }>): Probe =>
  'tcp' in health
    ? (signal) => tcp(health.tcp, signal)
    : 'http' in health
      ? (signal) => http(health.http, health.status, signal)
      : (signal) => ping(health.ping, signal);

function causeOf(error: unknown): string {
  const { code, message, name, cause } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError') return `no answer in ${TRY_MS / 1000} s`;
  if (cause instanceof Error) return causeOf(cause);
  return code ?? message;
}

export interface Asked {
  readonly client: Client;
  readonly name: Name;
  /** It was started just now; else it is enough for `runs` that it runs. */
  readonly fresh: boolean;
}

/** Waits until it is well. @throws HealthError, one line, why it is not, once its time is over or it has ended for good. */
export async function waitForHealth(health: Health, { client, name, fresh }: Asked): Promise<void> {
  const called = shownName(name);
  if ('runs' in health) return staysUp(health.runs, client, name, fresh);
  const probe = probeOf(health);
  const { within = WITHIN } = health;
  const end = performance.now() + within * 1000;
  for (;;) {
    const cause = await probe(AbortSignal.timeout(TRY_MS)).catch((error: unknown) => {
      if (error instanceof HealthError) throw error;
      return causeOf(error);
    });
    if (cause === undefined) return;
    const ended = await whyEnded(client, name);
    if (ended !== undefined)
      throw new HealthError(`${called}: it ${ended}; 'kittiwake logs ${called}' has its last lines`);
    if (performance.now() >= end)
      throw new HealthError(
        `${called}: it is not well after ${within} s (${healthWords(health)}: ${cause}); 'kittiwake logs ${called}' has what it printed`,
      );
    await after(AGAIN_MS);
  }
}

async function whyEnded(client: Client, name: Name): Promise<string | undefined> {
  const [status] = await statesOf(client, name);
  if (!status) return 'is not there any longer';
  return status.state?.kind === 'ended' ? `has ended (${status.state.value.why})` : undefined;
}

async function staysUp(seconds: number, client: Client, name: Name, fresh: boolean): Promise<void> {
  const called = shownName(name);
  const end = performance.now() + (fresh ? seconds * 1000 : 0);
  let first: number | undefined;
  for (;;) {
    const [status] = await statesOf(client, name);
    const kind = status ? (status.state?.kind ?? 'running') : 'ended';
    const started = status?.info?.started.getTime();
    first ??= started;
    if (kind !== 'running' || started !== first)
      throw new HealthError(
        `${called}: it did not run for ${seconds} s; 'kittiwake logs ${called}' has its last lines`,
      );
    if (performance.now() >= end) return;
    await after(AGAIN_MS);
  }
}
