// What an image has besides its service, against programs that others wrote: DHCP with busybox's server, multicast DNS, syslog and metrics with
// sockets of Linux's.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { Namespace, noNamespaces } from './namespace.ts';
import { residentKilobytes } from './process.ts';
import { site } from './sites.ts';
import { noImage, prebuilt, Unikernel } from './unikernel.ts';

const skipped = noNamespaces ?? noImage('website');
const noServer =
  skipped ??
  (spawnSync('busybox', ['udhcpd', '--help']).status === null ? 'busybox is not installed' : undefined);

const content = skipped ? undefined : site({ 'index.html': 'hello\n' });
const folder = mkdtempSync(join(tmpdir(), 'kittiwake-services-'));
afterAll(() => {
  content?.[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

function website(namespace: Namespace, ...args: string[]): Unikernel {
  return new Unikernel(namespace, { image: prebuilt('website'), args, data: content?.archive ?? '' });
}

/** A DHCP server that has `first` to `last` of 10.0.0.0/24 to give, for twelve seconds each. */
async function serveDhcp(namespace: Namespace, first: number, last: number): Promise<ChildProcess> {
  const file = join(folder, `${first}.conf`);
  writeFileSync(
    file,
    `start 10.0.0.${first}\nend 10.0.0.${last}\ninterface tap0\nlease_file ${file}.leases\npidfile ${file}.pid
max_leases ${last - first + 1}\nopt subnet 255.255.255.0\nopt router 10.0.0.1\nopt lease 12\nopt mtu 1400\n`,
  );
  writeFileSync(`${file}.leases`, '');
  const server = namespace.start(['busybox', 'udhcpd', '-f', file]);
  if (server.stderr) await once(server.stderr, 'data');
  return server;
}

/** Runs a program of Node's in the namespace; what it printed. */
function node(namespace: Namespace, source: string): Promise<string> {
  return namespace.shell(`exec '${process.execPath}' -e "$PROGRAM"`.replace('"$PROGRAM"', quote(source)));
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function metric(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`there is no metric ${name} in\n${text}`);
  return Number(line.split(' ')[1]);
}

describe.skipIf(noServer)(`DHCP ${noServer ?? ''}`, () => {
  test('an address is taken from a server, with what comes with it, and renewed', async () => {
    await using namespace = await Namespace.open();
    await namespace.tap('tap0', '10.0.0.1/24');
    await serveDhcp(namespace, 50, 50);
    await using guest = website(namespace, '--dhcp', '--name=kitti', '--metrics-port=9100');
    await guest.line(/ready: 1 files? at http:\/\/10\.0\.0\.50\//);
    expect(guest.console).toMatch(
      /dhcp: bound: 10\.0\.0\.50\/24 from 10\.0\.0\.1 for 12 s, gateway 10\.0\.0\.1, MTU 1400/,
    );
    expect(await namespace.shell(`curl -q -sS --noproxy '*' http://10.0.0.50/`)).toBe('hello\n');
    // The server's MTU is kept to: larger answers come in pieces.
    const pinged = await namespace.shell('ping -q -c 1 -w 5 -s 1450 10.0.0.50');
    expect(pinged).toContain(' 0% packet loss');
    // And asked of others: their segments are to fit, too.
    const connected = 'exec 3<>/dev/tcp/10.0.0.50/80; ss -tinH dst 10.0.0.50';
    expect((await namespace.run(['bash', '-c', connected])).out).toMatch(/ mss:13\d\d /);
    const metrics = await namespace.shell(`curl -q -sS --noproxy '*' http://10.0.0.50:9100/metrics`);
    expect(metric(metrics, 'dhcp_sent_total')).toBeGreaterThanOrEqual(2);
    expect(metric(metrics, 'dhcp_received_total')).toBe(2);
    await guest.line(/dhcp: renewed: 10\.0\.0\.50\/24/);
    await guest.stop();
  });

  test('an address that another host has is declined', async () => {
    await using namespace = await Namespace.open();
    await namespace.tap('tap0', '10.0.0.1/24');
    // The server's host has it itself, so that the server's own question is answered by nobody.
    await namespace.shell('ip addr add 10.0.0.51/32 dev lo');
    await serveDhcp(namespace, 51, 51);
    await using guest = website(namespace, '--dhcp');
    await guest.line(/ERROR dhcp: another host has the address; declined it/);
    expect(guest.console).not.toContain('ready');
    await guest.stop();
  });
});

describe.skipIf(skipped)(`services ${skipped ?? ''}`, () => {
  test('the name is announced and answered by IPv4 and IPv6, from port 5353', async () => {
    await using namespace = await Namespace.open();
    await namespace.tap('tap0', '10.0.0.1/24', 'fd00::1/64');
    await using guest = website(namespace, '--name=kitti', '--ipv4=10.0.0.2/24', '--ipv6=fd00::2/64');
    await guest.line(/mdns: this is kitti\.local/);
    const query = '000000000001000000000000056b69747469056c6f63616c0000ff0001';
    const heard = await node(
      namespace,
      `const dgram = require('node:dgram');
const seen = new Set();
const done = () => { console.log([...seen].sort().join('\\n')); process.exit(); };
setTimeout(done, 10000).unref();
for (const [type, group, member] of [['udp4', '224.0.0.251', '10.0.0.1'], ['udp6', 'ff02::fb', '::%tap0']]) {
  const socket = dgram.createSocket({ type, reuseAddr: true });
  socket.on('message', (data, { address, port }) => {
    if (!(data[2] & 0x80)) return;
    const text = data.toString('hex');
    if (text.includes('0a000002') && text.includes('fd000000000000000000000000000002')) seen.add(type + ' ' + address.split('%')[0].slice(0, 4) + ' ' + port);
    if (seen.size === 2) done();
  });
  socket.bind(5353, () => {
    socket.addMembership(group, member);
    socket.setMulticastInterface(member);
    const ask = () => socket.send(Buffer.from('${query}', 'hex'), 5353, group);
    setInterval(ask, 300);
    ask();
  });
}`,
    );
    expect(heard).toMatch(/^udp4 10\.0 5353\nudp6 f[de][08]0 5353\n$/);
    await guest.stop();
  });

  test('log lines go to a syslog server, and none is about itself', async () => {
    await using namespace = await Namespace.open();
    await namespace.tap('tap0', '10.0.0.1/24');
    const receiver = namespace.start([
      process.execPath,
      '-e',
      `const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (data) => console.log(data.toString()));
socket.bind(514, () => console.log('bound'));`,
    ]);
    let text = '';
    receiver.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
    if (receiver.stdout) await once(receiver.stdout, 'data');
    // The newest line alone waits for an answer to ARP, which may take a while: none of mDNS's is to come in between.
    await using guest = website(
      namespace,
      '--ipv4=10.0.0.2/24',
      '--syslog=10.0.0.1',
      '--name=kitti',
      '-l',
      'mdns:quiet',
    );
    await guest.line(/ready/);
    await namespace.shell(`curl -q -sS --noproxy '*' 'http://10.0.0.2/?[1-5]' >/dev/null`);
    while ((text.match(/GET/g) ?? []).length < 5 && receiver.stdout) await once(receiver.stdout, 'data');
    expect(text).toMatch(/^<30>1 \d{4}-\d\d-\d\dT[\d:.]+Z kitti website - - - website: ready: 1 files?/m);
    expect(text.match(/^<30>1 \S+ kitti website - - - http: .*"GET \/\?\d/gm)).toHaveLength(5);
    expect(text).not.toMatch(/- - - syslog/);
    await guest.stop();
  });

  test('metrics are there for Prometheus and Influx, for four clients at a time', async () => {
    await using namespace = await Namespace.open();
    await namespace.tap('tap0', '10.0.0.1/24');
    await using guest = website(
      namespace,
      '--ipv4=10.0.0.2/24',
      '--metrics-port=9100',
      '--name=kitti',
      '--syslog=192.0.2.1',
    );
    await guest.line(/ready/);
    const get = (path: string): Promise<string> =>
      namespace.shell(`curl -q -sS --noproxy '*' 'http://10.0.0.2${path}'`);
    await get('/?[1-3]');
    await namespace.run(['curl', '-q', '-sS', '--noproxy', '*', 'http://10.0.0.2/nowhere']);
    const text = await get(':9100/metrics');
    expect(metric(text, 'http_requests_total')).toBe(4);
    expect(metric(text, 'http_responses_total{class="2xx"}')).toBe(3);
    expect(metric(text, 'http_refusals_total{reason="not_found"}')).toBe(1);
    expect(metric(text, 'http_log_lines_total')).toBe(4);
    expect(metric(text, 'tcp_connections')).toBeGreaterThanOrEqual(1);
    expect(metric(text, 'net_received_frames_total')).toBeGreaterThan(10);
    // There is no way to that server.
    expect(metric(text, 'syslog_sent_total')).toBe(0);
    expect(metric(text, 'syslog_dropped_total')).toBeGreaterThanOrEqual(5);
    const repeated = text.match(/^# HELP \S+/gm) ?? [];
    expect(new Set(repeated).size).toBe(repeated.length);
    expect(await get(':9100/influx')).toMatch(/^website,host=kitti http_requests_total=4i \d{19}$/m);
    expect(await get(':9100/else')).toBe('there are /metrics and /influx\n');
    // Four that say nothing are in the way of a fifth.
    const outcome = await node(
      namespace,
      `const { connect } = require('node:net');
const held = [];
const hold = () => new Promise((done) => held.push(connect(9100, '10.0.0.2', done).on('error', () => undefined)));
Promise.all([hold(), hold(), hold(), hold()]).then(() => {
  const fifth = connect(9100, '10.0.0.2', () => fifth.write('GET /metrics HTTP/1.1\\r\\n\\r\\n'));
  fifth.on('error', () => undefined);
  fifth.on('close', () => {
    console.log('refused');
    const began = Date.now();
    held[0].on('close', () => { console.log(Date.now() - began > 5000 ? 'cut later' : 'cut at once'); process.exit(); });
  });
});`,
    );
    expect(outcome).toBe('refused\ncut later\n');
    expect(metric(await get(':9100/metrics'), 'management_refused_total')).toBe(1);
    await guest.stop();
  });

  test('requests, log lines and scrapes take no memory for good', async () => {
    await using namespace = await Namespace.open();
    await namespace.tap('tap0', '10.0.0.1/24');
    await using guest = website(
      namespace,
      '--ipv4=10.0.0.2/24',
      '--metrics-port=9100',
      '--name=kitti',
      '--syslog=10.0.0.1',
    );
    await guest.line(/mdns: this is/);
    // A scrape leaves a connection in TIME-WAIT, which takes some memory for a minute: so there is one a round only.
    const work = `curl -q -sS --noproxy '*' 'http://10.0.0.2/?[1-3000]' >/dev/null
curl -q -sS --noproxy '*' http://10.0.0.2:9100/metrics`;
    // Buffers of TCP grow to what the host makes of them first.
    for (let round = 0; round < 2; round++) await namespace.shell(work);
    const resident = residentKilobytes(guest.pid);
    for (let round = 0; round < 3; round++) await namespace.shell(work);
    // Sixteen bytes for each request, the least there is to allocate, would be 144 KiB.
    expect(residentKilobytes(guest.pid) - resident).toBeLessThan(96);
    expect(metric(await namespace.shell(work), 'memory_bytes')).toBeLessThan(4 << 20);
    await guest.stop();
  });
});
