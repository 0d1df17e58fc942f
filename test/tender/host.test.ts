// What the tenders say when the host does not give them what they need: files, memory, descriptors, devices, KVM. Devices are
// hidden in namespaces of the tests' own.
import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fixtures, imageFolder, noTaps, run, tender, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const spt = `${join(tenders, 'kittiwake-spt')} --sysexits`;
const hvt = `${join(tenders, 'kittiwake-hvt')} --sysexits`;
const hello = join(fixtures, 'hello.spt');

/** Root without what makes root special, so that a file's mode counts. */
const UNPRIVILEGED = 'setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all';

/** Runs a shell script as root of a new mount and network namespace. */
function inNamespaces(script: string) {
  return run('unshare', ['--map-root-user', '--mount', '--net', 'sh', '-c', script]);
}

function shell(script: string) {
  return run('sh', ['-c', script]);
}

/** One line that says `line`, and this status. */
function expectRefusal(ended: ReturnType<typeof run>, status: number, line: RegExp): void {
  expect(ended.err).toMatch(line);
  expect(ended.err).toMatch(/^kittiwake-(hvt|spt): [ -~]+; [ -~]+\n$/);
  expect(ended).toMatchObject({ status, out: '' });
}

describe('an image', () => {
  test('that this user may not read', () => {
    const file = image('secret.spt', 'x');
    chmodSync(file, 0);
    const ended = inNamespaces(`exec ${UNPRIVILEGED} ${spt} ${file}`);
    expectRefusal(ended, 66, /this user may not read it; allow it with 'chmod a\+r /);
  });

  test('that is a device', () => {
    expectRefusal(tender('spt', '--sysexits', '/dev/null'), 66, /is not a regular file/);
  });

  test('that is a pipe nobody writes to is not waited for', () => {
    const pipe = join(image('beside', ''), '..', 'pipe.spt');
    run('mkfifo', [pipe]);
    expectRefusal(tender('spt', '--sysexits', pipe), 66, /is not a regular file/);
  });

  test('that is a link to itself', () => {
    const loop = join(image('beside', ''), '..', 'loop.spt');
    symlinkSync('loop.spt', loop);
    expectRefusal(tender('spt', '--sysexits', loop), 66, /cannot be opened \(Too many levels/);
  });
});

describe('a limit', () => {
  test('of memory', () => {
    const ended = shell(`ulimit -v 100000; exec ${spt} ${hello}`);
    expectRefusal(
      ended,
      71,
      /memory: the host cannot give 512 MiB \(Cannot allocate memory\); give less with/,
    );
  });

  test.each([3, 4, 5])('of %i descriptors', (limit) => {
    expectRefusal(
      shell(`ulimit -n ${limit}; exec ${spt} ${hello}`),
      71,
      /Too many open files\); raise 'ulimit -n'/,
    );
  });
});

describe.skipIf(noTaps)(`/dev/net/tun ${noTaps ?? ''}`, () => {
  const given = `--net:service=tap0 ${join(fixtures, 'netcheck.spt')}`;
  const hidden = 'ip tuntap add tap0 mode tap; ip link set tap0 up; mount -t tmpfs none /dev/net';

  test('missing', () => {
    expectRefusal(inNamespaces(`${hidden}; exec ${spt} ${given}`), 71, /tun does not exist; load the driver/);
  });

  test('closed', () => {
    const ended = inNamespaces(
      `${hidden}; touch /dev/net/tun; chmod 0 /dev/net/tun; exec ${UNPRIVILEGED} ${spt} ${given}`,
    );
    expectRefusal(ended, 77, /this user may not open \/dev\/net\/tun/);
  });

  const noOtherUser =
    process.getuid?.() === 0 ? undefined : 'skipped: only root can make a tap for another user';
  test.skipIf(noOtherUser)(`with a tap of another user ${noOtherUser ?? ''}`, () => {
    const script = `ip tuntap add tap0 mode tap user 65534; ip link set tap0 up; exec ${UNPRIVILEGED} ${spt} ${given}`;
    expectRefusal(run('unshare', ['--net', 'sh', '-c', script]), 77, /tap0 belongs to another user/);
  });
});

describe('/dev/kvm', () => {
  const given = join(fixtures, 'hello.hvt');
  // An empty /dev, in which a plain file can stand for the device.
  const STATES: readonly [state: string, dev: string, as: string, status: number, line: RegExp][] = [
    ['missing', '', '', 69, /\/dev\/kvm: missing: /],
    ['forbidden', 'touch /dev/kvm; chmod 0 /dev/kvm', UNPRIVILEGED, 77, /forbidden: .*; join its group with/],
    ['unsupported', 'touch /dev/kvm', '', 69, /unsupported: it has not version 12 of the KVM API/],
  ];

  test.each(STATES)('%s', (state, dev, as, status, line) => {
    const prepare = `mount -t tmpfs none /dev; ${dev}`;
    expectRefusal(inNamespaces(`${prepare}\nexec ${as} ${hvt} ${given}`), status, line);
    const probe = inNamespaces(`${prepare}\nexec ${as} ${hvt} --probe-kvm`);
    expect(JSON.parse(probe.out)).toMatchObject({ kvm: state });
    expect(probe).toMatchObject({ status, err: '' });
  });
});

test('standard error that is full or closed does not change how a refusal ends', () => {
  expect(shell(`${spt} /dev/null 2>/dev/full`).status).toBe(66);
  expect(shell(`${spt} /dev/null 2>&-`).status).toBe(66);
});
