// Images that are asked to end by SIGTERM: they take no more connections, finish what is under way, and end with status 0.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { noise } from '../random.ts';
import { Namespace, noNamespaces } from './namespace.ts';
import { site } from './sites.ts';
import { noImage, prebuilt, Unikernel } from './unikernel.ts';

const skipped = noNamespaces ?? noImage('netcheck') ?? noImage('website');
const args = ['--ipv4=10.0.0.2/24'];
/** More than the image's own patience, so that only it can have ended the guest. */
const options = ['--stop-timeout=3600'];

describe.skipIf(skipped)(`SIGTERM ${skipped ?? ''}`, () => {
  test('ends netcheck with nobody there', async () => {
    await using namespace = await Namespace.open();
    await namespace.tap('tap0', '10.0.0.1/24');
    const guest = await Unikernel.ready(namespace, { image: prebuilt('netcheck'), args, options });
    await guest.stop();
    expect(await guest.status()).toBe(0);
    expect(guest.console).toMatch(/INFO {2}netcheck: asked to end, with 0 connections\n$/);
  });

  test('closes a connection of netcheck, and does not wait for ever for the peer to do the same', async () => {
    await using namespace = await Namespace.open();
    await namespace.tap('tap0', '10.0.0.1/24');
    const guest = await Unikernel.ready(namespace, { image: prebuilt('netcheck'), args, options });
    // Reads to the end of the stream, but never closes its own side.
    const script =
      'exec 5<>/dev/tcp/10.0.0.2/7; echo hello >&5; head -n 1 <&5; cat <&5; echo closed; sleep 1000';
    const client = namespace.start(['bash', '-c', script]);
    const said = new Promise<string>((resolve) => {
      let all = '';
      client.stdout?.setEncoding('utf8').on('data', (part: string) => {
        all += part;
        if (all === 'hello\n') process.kill(guest.pid, 'SIGTERM');
        if (all.endsWith('closed\n')) resolve(all);
      });
    });
    expect(await said).toBe('hello\nclosed\n');
    expect(await guest.status()).toBe(0);
    expect(guest.console).toContain('asked to end, with 1 connections');
  });

  test('lets website finish a download that has begun, and closes a connection that is kept alive', async () => {
    const large = noise(20_000_000, 7);
    using content = site({ 'large.bin': large, 'index.html': 'start' });
    await using namespace = await Namespace.open();
    await namespace.tap('tap0', '10.0.0.1/24');
    const image = prebuilt('website');
    const guest = await Unikernel.ready(namespace, { image, args, options, data: content.archive });
    const request = `exec 5<>/dev/tcp/10.0.0.2/80; printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n' >&5; cat <&5`;
    const idle = namespace.run(['bash', '-c', request]);
    await guest.line(/GET \/ HTTP/);
    const curl = ['curl', '-q', '-sS', '--noproxy', '*', '--limit-rate', '20M', 'http://10.0.0.2/large.bin'];
    const download = namespace.run(['bash', '-euo', 'pipefail', '-c', '"$@" | sha256sum', 'sh', ...curl]);
    await guest.line(/GET \/large.bin/);
    process.kill(guest.pid, 'SIGTERM');
    await guest.line(/asked to end/);
    expect((await download).out.split(' ')[0]).toBe(createHash('sha256').update(large).digest('hex'));
    expect((await idle).out).toMatch(/start$/);
    expect(await guest.status()).toBe(0);
  });
});
