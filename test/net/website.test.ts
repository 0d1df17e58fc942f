// The website image, read by curl over Linux's own TCP: whole, fast, over bad wires, among bad clients.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, describe, expect, test } from 'vitest';
import { noise } from '../random.ts';
import { client, clientCommand } from './client.ts';
import { long } from './long.ts';
import { Namespace, noNamespaces } from './namespace.ts';
import { impairedTap, type Impairment } from './netem.ts';
import { residentKilobytes } from './process.ts';
import { site } from './sites.ts';
import { noImage, prebuilt, Unikernel } from './unikernel.ts';

const skipped = noNamespaces ?? noImage('website');
const HOST = ['10.0.0.1/24', 'fd00::1/64'];
const ARGS = ['--ipv4=10.0.0.2/24', '--ipv6=fd00::2/64'];
const HTTP = 80;

const FILES = {
  'index.html': '<!doctype html><title>start</title>\n',
  'small.bin': noise(400_000, 3),
  'large.bin': noise(50_000_000, 5),
};
type Name = keyof typeof FILES;
const digests = Object.fromEntries(
  Object.entries(FILES).map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
) as Record<Name, string>;

const content = skipped ? undefined : site(FILES);
afterAll(() => content?.[Symbol.dispose]());
const start = { image: prebuilt('website'), args: ARGS, data: content?.archive ?? '' };

async function direct(namespace: Namespace): Promise<Unikernel> {
  await namespace.tap('tap0', ...HOST);
  return Unikernel.ready(namespace, start);
}

async function across(namespace: Namespace, impairment: Impairment): Promise<Unikernel> {
  return Unikernel.ready((await impairedTap(namespace, HOST, impairment)).namespace, start);
}

/** Downloads `name` and compares its digest. `seconds` is the longest it may take. */
async function downloads(
  namespace: Namespace,
  name: Name,
  { host = '10.0.0.2', seconds = 50 } = {},
): Promise<void> {
  const script = `curl -q -sS --noproxy '*' --fail --max-time ${seconds} 'http://${host}/${name}' | sha256sum`;
  const shell = ['bash', '-euo', 'pipefail', '-c', script];
  const { err, out } = await namespace.run(shell, undefined, (seconds + 5) * 1000);
  expect(err).toBe('');
  expect(out.split(' ')[0]).toBe(digests[name]);
}

/**
 * The guest's link-local address: who answers a ping of all nodes and is not us (RFC 4291, section 2.7.1). We answer, too; and for a
 * second both still ask whether anybody has their address (RFC 4862, section 5.4).
 */
async function linkLocal(namespace: Namespace): Promise<string> {
  const own = /inet6 (fe80:[0-9a-f:]+)/.exec(await namespace.shell('ip -6 address show dev tap0'))?.[1];
  const { out } = await namespace.run(['ping', '-6', '-c', '12', '-i', '0.2', 'ff02::1%tap0']);
  const found = [...out.matchAll(/bytes from (fe80:[0-9a-f:]+)%tap0/g)].map((match) => match[1]);
  const guest = found.find((address) => address !== own);
  if (guest === undefined) throw new Error(`nobody answers a ping of all nodes:\n${out}`);
  return guest;
}

describe.skipIf(skipped)(`website ${skipped ?? ''}`, () => {
  test('serves files as they are, however large, by IPv4 and IPv6', async () => {
    await using namespace = await Namespace.open();
    await using guest = await direct(namespace);
    for (const name of ['index.html', 'small.bin', 'large.bin'] as const) await downloads(namespace, name);
    await downloads(namespace, 'small.bin', { host: '[fd00::2]' });
    await guest.stop();
  });

  test('serves at its link-local address', async () => {
    await using namespace = await Namespace.open();
    await using guest = await direct(namespace);
    await downloads(namespace, 'small.bin', { host: `[${await linkLocal(namespace)}%25tap0]` });
    await guest.stop();
  });

  test('serves many clients at once, each what it asked for', async () => {
    await using namespace = await Namespace.open();
    await using guest = await direct(namespace);
    const names = Array.from({ length: 12 }, (_, i): Name => (i % 3 === 0 ? 'index.html' : 'small.bin'));
    await Promise.all(names.map((name) => downloads(namespace, name)));
    await guest.stop();
  });

  test('uses one connection for many requests', async () => {
    await using namespace = await Namespace.open();
    await using guest = await direct(namespace);
    const out = await namespace.shell(
      `curl -q -sS --noproxy '*' -o /dev/null -w '%{num_connects} %{http_code}\\n' 'http://10.0.0.2/index.html?[1-50]'`,
    );
    const made = out.trim().split('\n');
    expect(made).toHaveLength(50);
    expect(made[0]).toBe('1 200');
    expect(new Set(made.slice(1))).toEqual(new Set(['0 200']));
    await guest.stop();
  });

  test('serves an honest client while fifty slow ones hold their connections', async () => {
    await using namespace = await Namespace.open();
    await using guest = await direct(namespace);
    const slow = namespace.start(clientCommand('hold', '10.0.0.2', HTTP, 50), ['pipe', 'pipe', 'inherit']);
    if (slow.stdout) expect(String(await once(slow.stdout, 'data'))).toBe('{"held":50}\n');
    await downloads(namespace, 'index.html', { seconds: 2 });
    await guest.stop();
  });

  test('10,000 connections opened and dropped leave it as it was', async () => {
    await using namespace = await Namespace.open();
    await using guest = await direct(namespace);
    await client(namespace, 'drop', '10.0.0.2', HTTP, 1000);
    const before = residentKilobytes(guest.pid);
    expect((await client(namespace, 'drop', '10.0.0.2', HTTP, 9000)).made).toBe(9000);
    // How many are open at once differs, and so does what is set aside for them; 60 bytes lost of each would be more than this.
    expect(residentKilobytes(guest.pid) - before).toBeLessThan(512);
    await downloads(namespace, 'small.bin');
    await guest.stop();
  });
});

const WIRES: readonly (readonly [string, Impairment])[] = [
  ['loses 2 % and delays', { delay: 5, loss: 2 }],
  ['reorders and duplicates', { delay: 5, reorder: 25, duplicate: 10 }],
  ['corrupts', { delay: 5, corrupt: 2 }],
];

describe.skipIf(skipped)(`website over a wire that ${skipped ?? ''}`, () => {
  test.each(WIRES)('%s serves files intact', async (_, impairment) => {
    await using namespace = await Namespace.open();
    await using guest = await across(namespace, impairment);
    await downloads(namespace, 'small.bin');
    await downloads(namespace, 'small.bin', { host: '[fd00::2]' });
    await guest.stop();
  });

  test.skipIf(!long)(
    'loses 2 % with 50 ms from there to back serves 50 MB intact',
    async () => {
      await using namespace = await Namespace.open();
      await using guest = await across(namespace, { delay: 25, loss: 2 });
      await downloads(namespace, 'large.bin', { seconds: 1500 });
      await guest.stop();
    },
    1_600_000,
  );
});

const noNmap = spawnSync('nmap', ['--version']).error ? 'nmap is not installed' : undefined;

describe.skipIf(skipped ?? noNmap)(`website and nmap ${skipped ?? noNmap ?? ''}`, () => {
  test.each([['-sT'], ['-sS'], ['-sN'], ['-sA'], ['-O']])(
    'a scan by %s finds port 80 and no other',
    async (kind) => {
      await using namespace = await Namespace.open();
      await using guest = await direct(namespace);
      const out = await namespace.shell(`nmap -n -Pn ${kind} -T5 -p 1-300 10.0.0.2`);
      if (kind === '-sT' || kind === '-sS') {
        expect(out).toMatch(/Not shown: 299 closed/);
        expect(out).toMatch(/^80\/tcp open/m);
      }
      await downloads(namespace, 'index.html');
      await guest.stop();
    },
  );
});

/** How long the soak takes, in minutes. */
const SOAK = 30;

describe.skipIf(skipped ?? !long)(`website for long ${skipped ?? ''}`, () => {
  test('cuts slow clients off, a thousand of them', async () => {
    await using namespace = await Namespace.open();
    await using guest = await direct(namespace);
    const slow = namespace.start(clientCommand('hold', '10.0.0.2', HTTP, 1000), ['pipe', 'pipe', 'inherit']);
    if (slow.stdout) await once(slow.stdout, 'data');
    const gone = `until [ $(ss -Htn state established dst 10.0.0.2 | wc -l) -eq 0 ]; do sleep 1; done`;
    await namespace.shell(gone, 120_000);
    await downloads(namespace, 'index.html');
    await guest.stop();
  }, 180_000);

  test(
    `serves for ${SOAK} minutes in the same memory`,
    async () => {
      await using namespace = await Namespace.open();
      await using guest = await direct(namespace);
      const until = Date.now() + SOAK * 60_000;
      const samples: number[] = [];
      while (Date.now() < until) {
        await client(namespace, 'drop', '10.0.0.2', HTTP, 2000);
        await downloads(namespace, 'large.bin');
        for (let i = 0; i < 10; i++) await downloads(namespace, 'small.bin', { host: '[fd00::2]' });
        samples.push(residentKilobytes(guest.pid));
      }
      const third = Math.floor(samples.length / 3);
      const growth = Math.max(...samples.slice(-third)) - Math.max(...samples.slice(0, third));
      expect(growth, samples.join(' ')).toBeLessThanOrEqual(64);
      await guest.stop();
    },
    (SOAK + 5) * 60_000,
  );
});
