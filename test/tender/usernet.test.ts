// The network of the host's sockets, as an ordinary user has it: real tender, real images, the kernel's own clients.
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/setup/free-port.ts';
import { fixtures, imageFolder, run, tenders } from './tender.ts';

const usernet = join(tenders, 'kittiwake-usernet');
const spt = join(tenders, 'kittiwake-spt');
const netcheck = join(fixtures, 'netcheck.spt');
/** Nobody, where the tests are root's and others may enter the project's folder; else whoever runs them. */
const nobody = { uid: 65534, gid: 65534 };
const ordinary = spawnSync(usernet, ['--help'], nobody).status === 0 ? nobody : {};
const LIMIT_MS = 20_000;

const { image, remove } = imageFolder();
afterAll(remove);

const started: ChildProcess[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const end = once(child, 'close');
    child.kill('SIGKILL');
    await end;
  }
});

/** Starts netcheck, or another image, in such a network, and waits until it is ready. */
async function guest(
  options: string[],
  args: string[] = [],
  { image: name = 'netcheck', tender = [] as string[] } = {},
): Promise<ChildProcess> {
  const file = join(fixtures, `${name}.spt`);
  const words = ['--net=service', ...options, '--', spt, '--mem=16', ...tender, file, ...args];
  const child = spawn(usernet, words, { stdio: ['ignore', 'pipe', 'pipe'], ...ordinary });
  started.push(child);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (line: Buffer): void => {
      said += line.toString();
      if (said.includes('ready')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('close', (status) => reject(new Error(`ended with ${status}: ${said}`)));
  });
  return child;
}

/** What the echo service at `port` gives back for `word`. */
async function echo(port: number, word: string, host = '127.0.0.1'): Promise<string> {
  const socket = connect(port, host);
  socket.end(word);
  return await text(socket);
}

async function echoUdp(port: number, word: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    const answer = once(socket, 'message') as Promise<[Buffer]>;
    socket.send(word, port, '127.0.0.1');
    return (await answer)[0].toString();
  } finally {
    socket.close();
  }
}

/** The network's process: the child of `pid`. */
function networkOf(pid: number): number {
  const child = readdirSync('/proc').find((entry) => {
    try {
      return (
        /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/status`, 'utf8').includes(`\nPPid:\t${pid}\n`)
      );
    } catch {
      return false; // it has ended meanwhile
    }
  });
  return Number(child);
}

describe('an ordinary user without a tap', { timeout: LIMIT_MS }, () => {
  test('reaches what is published, by TCP and by UDP', async () => {
    const port = await freePort();
    await guest([`--publish=${port}:7`, `--publish=127.0.0.1:${port}:7/udp`]);
    expect(await echo(port, 'ahoy')).toBe('ahoy');
    expect(await echoUdp(port, 'ahoy')).toBe('ahoy');
    const long = 'kittiwake'.repeat(100_000);
    expect(await echo(port, long)).toBe(long);
  });

  test('reaches it by IPv6 as well, at the address that follows from the MAC address', async () => {
    const port = await freePort();
    await guest([`--publish=[::1]:${port}:7`, '--mac=02:00:00:00:00:77']);
    expect(await echo(port, 'ahoy', '::1')).toBe('ahoy');
  });

  test('keeps its network when a client goes away in the middle of a download', async () => {
    const [chargen, port] = [await freePort(), await freePort()];
    await guest([`--publish=${chargen}:19`, `--publish=${port}:7`]);
    for (let i = 0; i < 20; i++) {
      const socket = connect(chargen, '127.0.0.1');
      await once(socket, 'data');
      // A reset after the stream's own end is what makes writing to it a signal (tcp_reset() of Linux).
      socket.end(() => socket.resetAndDestroy());
      await once(socket, 'close');
      expect(await echo(port, 'still there')).toBe('still there');
    }
  });

  test('has its network in the session it was started in, beside the group that Ctrl-C ends', async () => {
    const port = await freePort();
    const { pid = 0 } = await guest([`--publish=${port}:7`]);
    /** Process group and session (proc(5)). */
    const place = (process: number): string[] => {
      const stat = readFileSync(`/proc/${process}/stat`, 'utf8');
      return stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .slice(2, 4);
    };
    const [group, session] = place(pid);
    const [networkGroup, networkSession] = place(networkOf(pid));
    expect(networkSession).toBe(session);
    expect(networkGroup).not.toBe(group);
  });

  test('has DHCP', async () => {
    const port = await freePort();
    await guest([`--publish=${port}:7`], ['--dhcp']);
    expect(await echo(port, 'ahoy')).toBe('ahoy');
  });

  test.skipIf(process.getuid?.() !== 0)('lets the guest reach the host itself only if asked to', async () => {
    const server = createSocket('udp4').bind(514, '127.0.0.1');
    await once(server, 'listening');
    try {
      const heard: string[] = [];
      server.on('message', (message) => heard.push(message.toString()));
      const site = image(
        'site.tar',
        execFileSync('tar', ['-C', join(fixtures, '..'), '-c', 'images/index.json']),
      );
      chmodSync(dirname(site), 0o755); // for the ordinary user
      const started = async (options: string[]): Promise<void> => {
        const data = `--block-ro:data=${site}`;
        await guest(options, ['--syslog=10.0.0.1'], { image: 'website', tender: [data] });
      };
      const port = await freePort();
      await started([`--publish=${port}:80`]);
      // It has logged before it answers.
      expect((await fetch(`http://127.0.0.1:${port}/images/index.json`)).status).toBe(200);
      expect(heard).toEqual([]);
      const first = once(server, 'message');
      await started(['--reach-host']);
      await first;
      expect(heard[0]).toMatch(/website/);
    } finally {
      server.close();
    }
  });

  test('keeps the number of the process it started, and the network ends with it', async () => {
    const port = await freePort();
    const child = await guest([`--publish=${port}:7`]);
    const pid = child.pid ?? 0;
    expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('kittiwake-spt\n');
    const network = networkOf(pid);
    const status = readFileSync(`/proc/${network}/status`, 'utf8');
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    // The console is the guest's, and the environment the caller's.
    for (const fd of [0, 1, 2]) expect(readlinkSync(`/proc/${network}/fd/${fd}`)).toBe('/dev/null');
    for (const process of [pid, network])
      expect(readFileSync(`/proc/${process}/environ`, 'latin1')).not.toContain('PATH');
    child.kill('SIGKILL');
    await once(child, 'close');
    await expect.poll(() => echo(port, 'x').then(String, String)).toMatch(/ECONNREFUSED/);
  });

  test('gets the exit status of the guest', () => {
    const words = ['--net=service', '--', spt, netcheck, '--frob'];
    const { status, out } = run(usernet, words);
    expect(status).toBe(64);
    expect(out).toContain('--frob');
  });
});

test.each<[string[], number, RegExp]>([
  [['--publish=x', '--net=service', '--', spt, netcheck], 64, /publish 'x': malformed/],
  [['--frob', '--net=service', '--', spt, netcheck], 64, /option '--frob': unknown/],
  [['--net=service'], 64, /no device or no tender/],
  [['--net=service', '--'], 64, /no device or no tender/],
  [['--', spt, netcheck], 64, /no device or no tender/],
  [['--net=ser vice', '--', spt, netcheck], 64, /malformed device name/],
  [['--mac=zz', '--net=service', '--', spt, netcheck], 64, /malformed MAC address/],
  [['--publish=192.0.2.1:8080:80', '--net=service', '--', spt, netcheck], 78, /the host has no such address/],
  [['--net=service', '--', '/nowhere/kittiwake-spt', netcheck], 71, /name the tender with its path/],
  [Array.from({ length: 65 }, (_, i) => `--publish=${i + 1}`), 64, /more than 64 ports/],
])('%j is refused with %i', (words, status, line) => {
  const ended = run(usernet, ['--sysexits', ...words]);
  expect([ended.status, ended.out]).toEqual([status, '']);
  expect(ended.err).toMatch(line);
  expect(ended.err.trimEnd().split('\n')).toHaveLength(1);
});

test.each([
  ['', '0', '65536', '8080:', ':80', '8080:0', '1.2.3:8080:80', '[::1:8080:80', '[::1]8080:80', '[]:1:2'],
  ['8080:80/sctp', '/udp', '8080/', '1:2:3:4', 'localhost:8080:80', '-1', '8080:80:', '[1.2.3.4]:1:2', ' 80'],
])('what cannot be published is refused: %s %s %s %s %s %s %s %s %s %s', (...wrong) => {
  for (const port of wrong) {
    const ended = run(usernet, ['--sysexits', `--publish=${port}`, '--net=service', '--', spt, netcheck]);
    expect(ended.status, port).toBe(64);
    expect(ended.err).toContain(`publish '${port}': malformed`);
  }
});

test('a port that is taken is named', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ended = run(usernet, ['--sysexits', `--publish=${port}:7`, '--net=service', '--', spt, netcheck]);
  server.close();
  expect(ended.status).toBe(78);
  expect(ended.err).toContain(`'${port}:7': the host's port is in use`);
});
