// The table of refusals: each has its form, and is provoked: by a test beside this one that looks for words only it has, or here.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from '../../scripts/setup/root.ts';
import { parseRefusals, readRefusals, type Refusal } from '../../src/lib/refusals.ts';
import { guestElf, type Guest } from './guest-elf.ts';
import { imageFolder, inNamespace, noTaps, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const disk = { devices: [{ name: 'disk', type: 1 }] };
const net = { devices: ['service', 'other'].map((name) => ({ name, type: 2 })) };
const withTap = 'ip tuntap add tap0 mode tap; ip link set tap0 up';

/** Provoked here, by a shell script in a network namespace; $spt and $usernet are programs, $image is
 * an image, $dir the folder it is in, $weak takes root what makes root special. */
const HERE: Readonly<Record<string, readonly [script: string, image?: Guest]>> = {
  E_BLOCK_FAILED: ['ln -s loop "$dir/loop"; $spt --block:disk="$dir/loop" $image', disk],
  E_BLOCK_KIND: ['$spt --block:disk=/dev/null $image', disk],
  E_DESCRIPTOR_TWICE: ['$spt --block:disk=@3 --net:service=@3 $image'],
  E_ELF_SEGMENT: ['$spt $image', { address: 0x1000 }],
  E_FD_BLOCK: ['$spt --block:disk=@3 $image 3<>/dev/null', disk],
  E_HOST: ['ulimit -n 3; $spt $image'],
  E_IMAGE_OPEN: ['ln -s again "$dir/again"; $spt "$dir/again"'],
  E_FD_NET: ['$spt --net:service=@3 --net:other=tap0 $image 3<>/dev/null', net],
  E_PUBLISH_MANY: ['$usernet $(seq --format=--publish=%.0f 65) --net=service -- $spt $image', net],
  E_PUBLISH_LOW: ['$weak $usernet --publish=80:80 --net=service -- $spt $image', net],
  E_SNAPSHOT_IMAGE: ['$spt --restore=$image'],
  E_SNAPSHOT_MAGIC: ['head -c 100000 /dev/zero >"$dir/zero"; $spt --restore="$dir/zero"'],
  E_MAC_ZERO: ['$spt --net-mac:service=00:00:00:00:00:00 $image'],
  E_MFT_MALFORMED: ['$spt $image', { spoil: (manifest) => manifest.writeUInt32LE(65, 4) }],
  E_MFT_TYPE: ['$spt $image', { devices: [{ name: 'gpu', type: 9 }] }],
  E_TAP_BUSY: [`${withTap}; $spt --net:service=tap0 --net:other=tap0 $image`, net],
  E_TUN_FAILED: [
    `${withTap}; ulimit -n 4; $spt --net:service=tap0 $image`,
    { devices: net.devices.slice(0, 1) },
  ],
};

/** Provoked in the lab VM by hvt.test.ts, which looks for these words. */
const IN_THE_LAB: Readonly<Record<string, string>> = {
  E_GUEST_CALL: 'hypercall 0 does not exist',
  E_GUEST_STOP: 'it wrote memory it may only read',
};

/** What no test can provoke everywhere, and why. */
const CANNOT: Readonly<Record<string, string>> = {
  E_IMAGE_READ: 'a disk would have to fail between two reads',
  E_MMAP_MIN: 'vm.mmap_min_addr belongs to the whole host',
  E_KVM_BUSY: 'another hypervisor would have to hold the processor',
  E_SNAPSHOT_CLOCK: 'the snapshot has to come from another processor',
  E_KVM_EMULATING: 'the host has a real KVM or none, or it is one that emulates',
};

/** So many characters of a refusal's text, which no other refusal has, are its words. */
const WINDOW = 11;

const refusals = readRefusals(root);
const named = refusals.map((refusal) => [refusal.name, refusal] as const);

/** The tests' sources without comments, and without the escapes of regular expressions and strings. */
const sources = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts') && name !== 'refusal-table.test.ts')
  .map((name) =>
    readFileSync(join(import.meta.dirname, name), 'utf8')
      .replaceAll(/^ *(\/\/|\/?\*).*$/gm, '')
      .replaceAll(/\\(.)/g, '$1'),
  )
  .join('\n');

function windows({ pieces }: Refusal): string[] {
  return pieces.flatMap((piece) =>
    Array.from({ length: Math.max(0, piece.length - WINDOW + 1) }, (_, at) => piece.slice(at, at + WINDOW)),
  );
}

const owners = new Map<string, Set<string>>();
for (const refusal of refusals)
  for (const window of windows(refusal))
    owners.set(window, (owners.get(window) ?? new Set()).add(refusal.name));

test('errors.h is read whole', () => {
  const header = readFileSync(join(root, 'runtime/tender/errors.h'), 'utf8');
  expect(refusals).toHaveLength(header.split('\n#define E_').length - 1);
  expect(refusals.every(({ section }) => section !== '')).toBe(true);
  expect(() => parseRefusals('#define E_X EX_NONSENSE, "x: y; z"')).toThrow(/not understood/);
  const [refusal] = parseRefusals('#define E_X EX_USAGE, "%s: is 50%% of %llu; \\"%d\\""');
  expect(refusal?.pieces).toEqual(['', ': is 50% of ', '; "', '"']);
});

test.each(named)('%s says THING: CAUSE; REMEDY', (name, { pieces }) => {
  // What KVM lacks is filled in with its remedy.
  const form = name === 'E_KVM_MISSING' ? /^[ -~]+: [ -~]+$/ : /^[ -~]+: [ -~]+; [ -~]+$/;
  expect(pieces.join('X')).toMatch(form);
});

test.each(named)('%s is provoked, or it is said why not', (name, refusal) => {
  const own = windows(refusal).filter((window) => owners.get(window)?.size === 1);
  const looked = own.some((window) => sources.includes(window));
  const listed = [HERE, IN_THE_LAB, CANNOT].filter((list) => name in list).length;
  expect(looked ? Math.max(1, listed) : listed, `no test looks for: ${refusal.pieces.join('…')}`).toBe(1);
});

test.each(Object.entries(IN_THE_LAB))('%s: the test in the lab looks for "%s"', (_, words) => {
  expect(sources).toContain(words);
});

test.skipIf(noTaps).each(Object.entries(HERE))(
  `%s is its line and its status ${noTaps ?? ''}`,
  (name, [script, guest]) => {
    const file = image(`${name}.spt`, guestElf(guest));
    const spt = `${join(tenders, 'kittiwake-spt')} --sysexits --mem=4`;
    const usernet = `${join(tenders, 'kittiwake-usernet')} --sysexits`;
    const weak = 'setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all';
    const prepared = `spt='${spt}' usernet='${usernet}' weak='${weak}' image='${file}' dir='${dirname(file)}'; ${script}`;
    const ended = inNamespace(prepared);
    const { pieces, status } = refusals.find((refusal) => refusal.name === name) ?? { pieces: [], status: 0 };
    expect(ended.err).toMatch(
      new RegExp(`^kittiwake-(?:spt|usernet): ${pieces.map(literally).join('.+')}\n$`),
    );
    expect(ended.status).toBe(status);
  },
);

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

test('the lists name refusals that are', () => {
  const names = refusals.map(({ name }) => name);
  for (const name of [HERE, IN_THE_LAB, CANNOT].flatMap((list) => Object.keys(list)))
    expect(names).toContain(name);
});
