// How the VM's processor is chosen, with programs in place of the real ones that behave as badly as real ones have.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { chooseAccelerator, programlessProbes, type Probes } from '../../labs/vm/accelerator.ts';

const folder = mkdtempSync(join(tmpdir(), 'kittiwake-accelerator-'));
afterAll(() => rmSync(folder, { recursive: true }));

const nested = (text: string): string => {
  const file = join(folder, `nested-${text.trim()}`);
  writeFileSync(file, text);
  return file;
};
const sh = (script: string): readonly [string, ...string[]] => ['sh', '-c', script];
const GOOD: Probes = {
  tender: sh(`echo '{"kvm":"real","detail":""}'`),
  qemu: sh('read -r command && test "$command" = quit'),
  nested: [join(folder, 'missing'), nested('Y\n')],
};

test('KVM where it is real, may be nested, and QEMU starts with it', async () => {
  expect(await chooseAccelerator(GOOD)).toMatchObject({ name: 'kvm' });
  expect(await chooseAccelerator({ ...GOOD, nested: [nested('1\n')] })).toMatchObject({ name: 'kvm' });
});

test.each<[string, Partial<Probes>, RegExp]>([
  ['emulates', { tender: sh(`echo '{"kvm":"emulating","detail":""}'; exit 69`) }, /emulating/],
  ['is missing', { tender: sh(`echo '{"kvm":"missing","detail":""}'; exit 69`) }, /missing/],
  ['hangs its trial', { tender: ['sleep', '60'] }, /did not end in time/],
  ['kills its trial', { tender: sh('kill -9 $$') }, /did not end in time/],
  ['has no trial', { tender: [join(folder, 'not-there')] }, /did not end in time/],
  ['may not be nested', { nested: [nested('N\n')] }, /nested=0/],
  ['has no driver', { nested: [] }, /nested=0/],
  ['hangs QEMU', { qemu: ['sleep', '60'] }, /QEMU does not start/],
  ['aborts QEMU', { qemu: sh('kill -6 $$') }, /QEMU does not start/],
  ['is refused by QEMU', { qemu: sh('exit 1') }, /QEMU does not start/],
])('emulation where KVM %s', async (_, probes, reason) => {
  const chosen = await chooseAccelerator({ ...GOOD, ...probes });
  expect(chosen.name).toBe('tcg');
  expect(chosen.reason).toMatch(reason);
});

test('the firmware that tries KVM where no tender is at hand ends with its status on any processor', () => {
  const { qemu, status } = programlessProbes(join(folder, 'firmware'));
  const [program, ...args] = qemu.map((word) => (word === 'kvm' ? 'tcg' : word === 'host' ? 'max' : word));
  expect(spawnSync(program ?? '', args, { timeout: 60_000 }).status).toBe(status);
});
