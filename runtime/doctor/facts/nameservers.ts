// The servers that are asked for names: which ones this host asks, and who of them answers anything at all.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { parseAddress } from '../../network/ip.ts';

export interface NameServers {
  /** This host's own, the one that is asked first at the beginning. */
  readonly own: readonly string[];
  /** Who answered of those that were asked, which are this host's own and those that unikernels were told. */
  readonly answering: ReadonlySet<string>;
}

/** As many as the C library takes (resolv.conf(5), MAXNS), and then some that unikernels were told. */
const ASKED_MOST = 16;
const PORT = 53;
/** When to ask again, and when to give up: what is lost once is asked for twice more, and busy machines are slow. */
const AGAIN_MS = [1000, 2000];
const PATIENCE_MS = 4000;
/** A recursive query for the name servers of the root (RFC 1035, section 4.1), which every kind of server has an answer to, if only a refusal. */
const QUERY = Buffer.from('4b57010000010000000000000000020001', 'hex');

/** The servers of resolv.conf(5); with none the C library asks this host itself, where mostly nobody listens. */
export function ownServers(file = '/etc/resolv.conf'): string[] {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // A host without the file has no servers.
  }
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)].flatMap(([, server]) => server ?? []).slice(0, 3);
}

/** Asks this host's servers, and `told`, all at once. */
export async function readNameServers(told: readonly string[]): Promise<NameServers> {
  const own = ownServers();
  const asked = [...new Set([...own, ...told])].slice(0, ASKED_MOST);
  const answers = await Promise.all(asked.map((server) => answersAt(server, PORT)));
  return { own, answering: new Set(asked.filter((_, at) => answers[at])) };
}

/** Whether anything comes back from there, be it that there is no such name. */
export function answersAt(server: string, port: number, patienceMs = PATIENCE_MS): Promise<boolean> {
  const socket = createSocket(parseAddress(server.split('%')[0] ?? '')?.family === 6 ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const timers = [setTimeout(() => end(false), patienceMs)];
    const end = (answered: boolean): void => {
      for (const timer of timers) clearTimeout(timer);
      socket.removeAllListeners().on('error', () => undefined);
      socket.close();
      resolve(answered);
    };
    const ask = (): void => socket.send(QUERY);
    // Nobody listens there, or there is no way there: the kernel says so.
    socket.on('error', () => end(false));
    socket.on('message', (answer) => {
      // The same number, and an answer instead of a question.
      if (answer.length >= 12 && answer.readUInt16BE(0) === QUERY.readUInt16BE(0) && (answer[2] ?? 0) >= 0x80)
        end(true);
    });
    socket.on('connect', () => {
      ask();
      for (const after of AGAIN_MS) timers.push(setTimeout(ask, after));
    });
    socket.connect(port, server);
  });
}
