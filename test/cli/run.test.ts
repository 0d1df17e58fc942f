// The command in memory: what it would start, what it says when it cannot, and with which status it ends.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Listed } from '../../runtime/cli/command.ts';
import { COMMANDS } from '../../runtime/cli/commands.ts';
import { installAt } from '../../runtime/cli/install.ts';
import type { KvmState } from '../../runtime/cli/kvm.ts';
import { main } from '../../runtime/cli/main.ts';
import { solo5Elf } from './solo5-elf.ts';

let prefix: string;
let foreign: string;

beforeAll(() => {
  prefix = mkdtempSync(join(tmpdir(), 'kittiwake-cli-'));
  const images = join(prefix, 'share', 'kittiwake', 'images');
  mkdirSync(images, { recursive: true });
  mkdirSync(join(prefix, 'bin'));
  for (const program of ['kittiwake-hvt', 'kittiwake-spt', 'kittiwake-usernet']) {
    writeFileSync(join(prefix, 'bin', program), '');
    chmodSync(join(prefix, 'bin', program), 0o755);
  }
  writeFileSync(join(images, 'hello.hvt'), solo5Elf({ target: 1 }));
  writeFileSync(join(images, 'hello.spt'), solo5Elf({ target: 2 }));
  const net = (name: string) => ({ name, type: 2 });
  writeFileSync(
    join(images, 'website.spt'),
    solo5Elf({ devices: [net('service'), { name: 'data', type: 1 }] }),
  );
  writeFileSync(join(images, 'router.spt'), solo5Elf({ devices: [net('inside'), net('outside')] }));
  writeFileSync(join(images, 'big.virtio'), solo5Elf({ target: 3 }));
  foreign = join(prefix, 'arm.hvt');
  writeFileSync(foreign, solo5Elf({ machine: 183, target: 1 }));
});
afterAll(() => rmSync(prefix, { recursive: true }));

/** Runs the command line and returns all it did. */
async function kittiwake(args: string[], kvm: KvmState = 'real') {
  const did = { status: -1, out: '', notes: [] as string[], started: undefined as string[] | undefined };
  class Started extends Error {}
  try {
    did.status = await main(args, {
      out: (text) => (did.out += text),
      note: (line) => did.notes.push(line),
      colour: false,
      install: installAt(prefix),
      probeKvm: () => ({ state: kvm, detail: 'detail' }),
      exec: (path, rest) => {
        did.started = [path.slice(path.lastIndexOf('/') + 1), ...rest];
        throw new Started();
      },
    });
  } catch (error) {
    if (!(error instanceof Started)) throw error;
  }
  return did;
}

const prebuilt = (name: string): string => join(prefix, 'share', 'kittiwake', 'images', name);

describe('run', () => {
  test('the ABI note picks the tender', async () => {
    expect((await kittiwake(['run', 'hello.hvt'])).started).toEqual([
      'kittiwake-hvt',
      '--sysexits',
      '--',
      prebuilt('hello.hvt'),
    ]);
    expect((await kittiwake(['run', 'hello.spt'])).started).toEqual([
      'kittiwake-spt',
      '--sysexits',
      '--',
      prebuilt('hello.spt'),
    ]);
  });

  test('options may stand on either side of the image, and only what follows -- is for the guest', async () => {
    const { started } = await kittiwake([
      'run',
      '--mem=4',
      'hello.hvt',
      '--net:service=tap0',
      '--',
      '--mem=9',
      '--',
      'x y',
    ]);
    expect(started?.slice(1)).toEqual([
      ...['--sysexits', '--mem=4', '--net:service=tap0', '--', prebuilt('hello.hvt')],
      ...['--mem=9', '--', 'x y'],
    ]);
  });

  test('a name without its ABI runs under hvt where KVM works, else under spt, and says so', async () => {
    expect((await kittiwake(['run', 'hello'])).started?.[0]).toBe('kittiwake-hvt');
    const { started, notes } = await kittiwake(['run', 'hello'], 'missing');
    expect(started?.[0]).toBe('kittiwake-spt');
    expect(notes).toEqual(['hello: running it under spt, since /dev/kvm does not exist']);
  });

  test.each([
    ['missing', 69, /needs KVM, but \/dev\/kvm does not exist; .* or run hello\.spt/],
    ['forbidden', 77, /you may not open \/dev\/kvm; 'sudo usermod -aG kvm \$USER'/],
    ['busy', 69, /another hypervisor .* holds the processor; stop its virtual machines/],
    ['emulating', 69, /this host interprets guest code/],
    ['unsupported', 69, /lacks what the tender needs \(detail\)/],
  ] as const)('with KVM %s an hvt image is refused with status %i', async (state, status, message) => {
    const did = await kittiwake(['run', 'hello.hvt'], state);
    expect(did).toMatchObject({ status, started: undefined, notes: [expect.stringMatching(message)] });
  });

  test('an spt image never asks for KVM', async () => {
    expect((await kittiwake(['run', 'hello.spt'], 'missing')).started?.[0]).toBe('kittiwake-spt');
  });

  test('block devices are for the tender, whatever their paths are', async () => {
    const options = ['--block:a=my disk', '--block-ro:b=x,ro=\n', '--block-sector-size:a=4096'];
    const { started } = await kittiwake(['run', ...options, 'hello.spt']);
    expect(started).toEqual(['kittiwake-spt', '--sysexits', ...options, '--', prebuilt('hello.spt')]);
  });

  describe('without --net', () => {
    test('an image with one network device gets a network of its own', async () => {
      const options = ['--publish', '8080:80', '--publish=5353:53/udp', '--mem=4', '--net-mac:service=02::1'];
      expect(
        (await kittiwake(['run', ...options, 'website.spt', '--', '--net-mac:service=x'])).started,
      ).toEqual([
        ...['kittiwake-usernet', '--sysexits', '--net=service', '--mac=02::1'],
        ...['--publish=8080:80', '--publish=5353:53/udp', '--'],
        ...[join(prefix, 'bin', 'kittiwake-spt'), '--sysexits', '--mem=4', '--', prebuilt('website.spt')],
        '--net-mac:service=x',
      ]);
    });

    test('an image with several leaves it to the tender to say which it lacks', async () => {
      expect((await kittiwake(['run', 'router.spt'])).started?.[0]).toBe('kittiwake-spt');
    });

    test.each([
      [['--publish', '1:2', 'hello.spt'], /no network device/],
      [['--publish', '1:2', 'router.spt'], /several network devices, which need a --net each/],
      [['--publish', '1:2', '--net:service=tap0', 'website.spt'], /with --net the guest has an address/],
      [['website.spt', '--net-mtu:service=1400'], /has an MTU of its own; leave it out, or give a --net/],
      [['website.spt', '--publish'], /incomplete; write it like --publish 8080:80/],
      [['website.spt', '--publish', '--mem=4'], /incomplete/],
    ])('%j is refused', async (args, message) => {
      expect(await kittiwake(['run', ...args])).toMatchObject({
        status: 64,
        started: undefined,
        notes: [expect.stringMatching(message)],
      });
    });
  });

  test('--dry-run prints words a shell reads back', async () => {
    const { out, status } = await kittiwake(['run', '--dry-run', 'hello.spt', '--', "it's", 'a b', '']);
    expect(status).toBe(0);
    expect(out).toBe(
      `${prefix}/bin/kittiwake-spt --sysexits -- ${prebuilt('hello.spt')} 'it'\\''s' 'a b' ''\n`,
    );
  });

  test.each([
    [['run'], 64, /no image given/],
    [['run', '--mem', '4', 'hello.hvt'], 64, /'--mem': incomplete; .* --mem=64/],
    [['run', '--mem4', 'hello.hvt'], 64, /'--mem4': unknown/],
    [['run', '--block:disk', 'hello.hvt'], 64, /'--block:disk': incomplete; .* --block:NAME=PATH/],
    [['run', '--block-ro:=x', 'hello.hvt'], 64, /incomplete; .* --block-ro:NAME=PATH/],
    [['run', '--block-sector-size', 'hello.hvt'], 64, /incomplete; .* --block-sector-size:NAME=4096/],
    [['run', '--net:service', 'hello.hvt'], 64, /'--net:service': incomplete; .* --net:NAME=TAP/],
    [
      ['run', 'hello.hvt', '--ipv4=10.0.0.2/24'],
      64,
      /'--ipv4=10.0.0.2\/24': unknown; put what is for the guest after --/,
    ],
    [['run', 'hello.hvt', 'Ahoy'], 64, /'Ahoy': a second image; put what is for the guest after --/],
    [['run', 'nowhere.hvt'], 66, /nowhere\.hvt: no such file; 'kittiwake image list' lists/],
    [['run', '/'], 66, /\/: not a file/],
    [['run', 'big.virtio'], 65, /built for virtio, which has no tender here/],
    [['frob'], 64, /'frob': no such command; 'kittiwake --help' lists them/],
    [['image', 'inspect'], 64, /image inspect takes one image/],
    [
      ['image', 'inspect', '--frob', 'hello.hvt'],
      64,
      /Unknown option '--frob'; see 'kittiwake image inspect --help'/,
    ],
    [['image', 'list'], 70, /index\.json: missing; install Kittiwake again/],
    [['completion', 'tcsh'], 64, /completion takes one shell: bash, zsh, fish/],
  ])('%j ends with %i', async (args, status, message) => {
    expect(await kittiwake(args)).toMatchObject({
      status,
      started: undefined,
      notes: [expect.stringMatching(message)],
    });
  });

  test('a foreign machine is named', async () => {
    expect(await kittiwake(['run', foreign])).toMatchObject({
      status: 65,
      notes: [expect.stringContaining('built for aarch64')],
    });
  });

  test('a missing tender is a damaged installation', async () => {
    rmSync(join(prefix, 'bin', 'kittiwake-spt'));
    expect(await kittiwake(['run', 'hello.spt'])).toMatchObject({
      status: 70,
      notes: [expect.stringContaining('install Kittiwake again')],
    });
    expect((await kittiwake(['run', 'website.spt'])).notes[0]).toContain('bin/kittiwake-spt: cannot be run');
    writeFileSync(join(prefix, 'bin', 'kittiwake-spt'), '', { mode: 0o755 });
    rmSync(join(prefix, 'bin', 'kittiwake-usernet'));
    expect((await kittiwake(['run', 'website.spt'])).notes[0]).toContain(
      'bin/kittiwake-usernet: cannot be run',
    );
    writeFileSync(join(prefix, 'bin', 'kittiwake-usernet'), '', { mode: 0o755 });
  });
});

test('every command has help with examples, and no line of it wraps on a terminal', async () => {
  const below = async (listed: readonly Listed[], before: readonly string[]): Promise<string[][]> => {
    const found = await Promise.all(
      listed.map(async ({ name, load }) => {
        const words = [...before, name];
        return [words, ...(await below((await load()).commands ?? [], words))];
      }),
    );
    return found.flat();
  };
  const commands = await below(COMMANDS, []);
  expect(commands.length).toBeGreaterThan(30);
  for (const words of commands) {
    const { status, out } = await kittiwake([...words, '--help']);
    expect(status, words.join(' ')).toBe(0);
    expect(out, words.join(' ')).toContain('Examples:');
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  }
});

test('inspect describes an image for people and for machines', async () => {
  expect((await kittiwake(['image', 'inspect', 'hello.spt'])).out).toBe(
    'tender   kittiwake-spt (ABI version 2, x86_64)\ndevices\n  none\n',
  );
  expect(JSON.parse((await kittiwake(['image', 'inspect', '--json', 'hello.hvt'])).out)).toMatchObject({
    abi: { target: 'hvt' },
    devices: [],
  });
});
