// HTTP by wrk: requests a second, processor time per request, memory while serving.
import { cpuSeconds, residentKilobytes } from '../../test/net/process.ts';
import { ADDRESS, answers, ON_CLIENT_CPU, type Server } from './net-servers.ts';

/** Open connections, and so requests on their way at any time. */
const CONNECTIONS = 16;

export interface Load {
  /** Requests a second. */
  readonly rate: number;
  /** Microseconds of the server's processor time for each, its own and the kernel's in its name. */
  readonly cpu: number;
  /** MiB the server has resident afterwards. */
  readonly resident: number;
}

/**
 * `seconds` of wrk on the start page. With `connections`, each request has a connection of its own: wrk with "Connection: close"
 * rather than ab, because it keeps 16 under way where ab has one loop and is itself the limit.
 * @throws Error when an answer is not 200 or a connection fails, because then the rate means something else.
 */
export async function load(server: Server, seconds: number, connections: boolean): Promise<Load> {
  const url = `http://${ADDRESS}/`;
  await answers(server.client, url);
  const close = connections ? ['-H', 'Connection: close'] : [];
  const before = cpuSeconds(server.pid);
  const wrk = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, ...close, url];
  const { status, out, err } = await server.client.run([...ON_CLIENT_CPU, ...wrk]);
  const used = cpuSeconds(server.pid) - before;
  const [, requests, time] = /(\d+) requests in ([\d.]+)s/.exec(out) ?? [];
  const wrong = /(Non-2xx.*|Socket errors.*)/.exec(out)?.[0];
  if (status !== 0 || requests === undefined || wrong)
    throw new Error(`wrk on ${server.name}: ${wrong ?? `exit status ${status}`}\n${out}${err}`);
  const done = Number(requests);
  return {
    rate: done / Number(time),
    cpu: (used / done) * 1e6,
    resident: residentKilobytes(server.pid) / 1024,
  };
}
