// A fleet of somebody else's host, by certificates: what may be done, and what is said about what may not.
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMAGE, World } from '../daemon/tls/world.ts';
import { noise } from '../random.ts';
import { kittiwake } from './kittiwake.ts';

let world: World;
let ca: string;
let file: string;
beforeAll(async () => {
  world = await World.begin();
  ca = await world.rootFolder();
  const grant = ['--unikernels', '2', '--memory', '64', '--cpu', '1', '--block', '8'];
  expect(await kittiwake('ca', 'delegate', ca, 'anna', ...grant)).toMatchObject({ status: 0 });
  file = join(world.folder, 'fleet.yaml');
  await fs.writeFile(join(world.folder, 'a.spt'), IMAGE);
  await fs.writeFile(join(world.folder, 'data'), noise((1 << 20) + 5));
});
afterAll(() => world.end());

const anna = (...args: string[]): ReturnType<typeof kittiwake> =>
  kittiwake(...args, '--remote', `127.0.0.1:${world.port}`, '--identity', join(ca, 'anna'));

test('names are within the path of the certificates; applying twice changes nothing', async () => {
  const text = `version: 1
blocks: { data: { size: 2, contents: data } }
unikernels:
  web: { image: a.spt, memory: 16, restart: always }
  job: { image: a.spt, memory: 32, health: { runs: 1 } }
`;
  await fs.writeFile(file, text);
  const first = await anna('apply', file);
  expect(first).toMatchObject({ status: 0, notes: '' });
  expect(first.out).toContain('+ anna:web: a.spt (');
  expect((await anna('apply', file)).out).toBe(
    `nothing to do: there is all of ${file} (2 unikernels, 1 block device)\nanna:job: runs for 1 s\n`,
  );
  await fs.writeFile(file, text.replace('memory: 16', 'memory: 24'));
  expect(await anna('diff', file)).toEqual({
    ...{ status: 1, notes: '', out: '~ anna:web: memory 16 MB → 24 MB\n' },
  });
  expect(await anna('apply', file)).toMatchObject({ status: 0, notes: '' });
  expect(await anna('diff', file, '--prune')).toMatchObject({ status: 0, out: '' });
  await fs.writeFile(file, text.replace('path', '').replace('memory: 16', 'memory: 48'));
  expect(await anna('apply', file)).toMatchObject({
    ...{ status: 69, notes: expect.stringContaining('policy of anna: allows 64 MB of memory') as string },
  });
});

test('what certificates cannot do is said before anything is done', async () => {
  await fs.writeFile(
    file,
    'version: 1\npath: anna\npolicies:\n  .: { unikernels: 9, memory: 64, cpus: [1], block: 8 }\nunikernels:\n  more: { image: a.spt, memory: 1 }\n',
  );
  expect(await anna('apply', file)).toEqual({
    ...{ status: 69, out: '' },
    notes:
      "policy of anna: it is not as in the file, and certificates carry their own; 'kittiwake ca delegate' makes others, or apply on the host itself\n",
  });
  expect((await anna('diff', file)).status).toBe(2);
  await fs.writeFile(file, 'version: 1\nunikernels: { bob:web: { image: a.spt } }\n');
  expect(await anna('apply', file)).toMatchObject({ status: 69, out: '' });
  await fs.writeFile(file, 'version: 1\npath: bob\n');
  expect(await anna('apply', file)).toMatchObject({
    ...{ status: 69, notes: expect.stringContaining('these certificates are for names in anna:') as string },
  });
});
