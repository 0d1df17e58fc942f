// Where the image builder finds its sources.
import { join } from 'node:path';
import { root } from '../setup/root.ts';

export const guestFolder = join(root, 'runtime', 'guest');
export const tenderFolder = join(root, 'runtime', 'tender');
export const unikernelsFolder = join(root, 'runtime', 'unikernels');
export const fixturesFolder = join(root, 'fixtures', 'images');
