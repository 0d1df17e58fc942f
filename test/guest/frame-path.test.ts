// Names in the linker's script that are in no source any more would quietly place nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { guestFolder } from '../../scripts/images/paths.ts';
import { root } from '../../scripts/setup/root.ts';

const script = readFileSync(join(guestFolder, 'frame_path.ld'), 'utf8');
const names = [...script.matchAll(/\.text\.w2c_(\w+)/g)].map(([, name = '']) => name);

test.each(names.filter((name) => name.startsWith('runtime_libos_')))('%s', (name) => {
  const words = name.split('_');
  const found = words.some((_, at) => {
    const functions = words.slice(at).join('|');
    try {
      const source = readFileSync(join(root, `${words.slice(0, at).join('/')}.ts`), 'utf8');
      return new RegExp(`\\b(${functions})\\(`).test(source);
    } catch {
      return false;
    }
  });
  expect(found).toBe(true);
});
