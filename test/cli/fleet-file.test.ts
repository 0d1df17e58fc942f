// Fleet files as somebody writes them: what is wrong, and where; whatever is in them is read in bounded time and memory.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readYaml, SIZE_MAX, YamlError } from '../../runtime/cli/fleet/document.ts';
import { jsonSchema } from '../../runtime/cli/fleet/schema.ts';
import { parseFleet } from '../../runtime/cli/fleet/read.ts';
import { root } from '../../scripts/setup/root.ts';
import { seeded } from '../random.ts';
import { FleetWorld } from './fleet-world.ts';

const wrong = (text: string): string[] => {
  const parsed = parseFleet('f.yaml', text);
  return 'wrong' in parsed ? parsed.wrong : [];
};

test('the schema that is published is the one that files are checked by', async () => {
  await expect(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
    join(root, 'public', 'schema', 'fleet-1.json'),
  );
});

const web = (fields: string): string => `version: 1\nunikernels:\n  web:\n    image: a.spt\n    ${fields}\n`;

test.each<[string, string, string]>([
  [
    'an empty file',
    '',
    'f.yaml:1:1: the file: has no value; it takes version, unikernels, blocks, policies, path',
  ],
  ['no version', 'path: a', 'f.yaml:1:1: version: is missing; it takes 1, the version of fleet files'],
  ['another version', 'version: 2', 'f.yaml:1:10: version: is 2; it takes 1, the version of fleet files'],
  [
    'a field that is near',
    web('mem: 64'),
    'f.yaml:5:5: unikernels.web.mem: there is no such field; it is called memory',
  ],
  [
    'a field that is none',
    'version: 1\nfoo: 1',
    'f.yaml:2:1: foo: there is no such field; there are version, path, policies, blocks, unikernels',
  ],
  [
    'a text for a number',
    web('memory: lots'),
    'f.yaml:5:13: unikernels.web.memory: is "lots"; it takes MB from 1 on, like 64',
  ],
  [
    'too large a number',
    web('startOrder: 1e99'),
    'f.yaml:5:17: unikernels.web.startOrder: is 1e+99; it takes a number from 0 on, like 10',
  ],
  [
    'a number for a text',
    web('arguments: [--port, 80]'),
    "f.yaml:5:25: unikernels.web.arguments.1: is 80; it takes text: put it in quotes, like '80'",
  ],
  [
    'no bridge',
    web('networks: { service: 7 }'),
    'f.yaml:5:26: unikernels.web.networks.service: is 7; it takes a bridge, like br0, or { bridge: br0, mac: 02:00:00:00:00:01 }',
  ],
  [
    'a field of a network',
    web('networks: { service: { bridge: b, mc: 1 } }'),
    'f.yaml:5:39: unikernels.web.networks.service.mc: there is no such field; there are bridge, mac',
  ],
  [
    'a MAC address',
    web('networks: { service: { bridge: b, mac: 1 } }'),
    'f.yaml:5:44: unikernels.web.networks.service.mac: is 1; it takes an address like 02:00:00:00:00:01',
  ],
  [
    'a restart',
    web('restart: sometimes'),
    'f.yaml:5:14: unikernels.web.restart: is "sometimes"; it takes no, always, or statuses like [2, 255]',
  ],
  [
    'a status',
    web('restart: [256]'),
    'f.yaml:5:15: unikernels.web.restart.0: is 256; it takes statuses from 0 to 255, like [2, 255]',
  ],
  [
    'a health',
    web('health: { udp: 1 }'),
    'f.yaml:5:13: unikernels.web.health: does not fit; it takes one of runs, tcp, http and ping',
  ],
  [
    'two healths',
    web('health: { tcp: "a:1", ping: 1.2.3.4 }'),
    'f.yaml:5:27: unikernels.web.health.ping: there is no such field',
  ],
  [
    'a health without a port',
    web('health: { tcp: 10.0.0.2 }'),
    'f.yaml:5:20: unikernels.web.health.tcp: is "10.0.0.2"; it takes an address and a port',
  ],
  [
    'no image',
    'version: 1\nunikernels: { web: { memory: 1 } }',
    'f.yaml:2:20: unikernels.web: does not fit; it takes an image, or a digest',
  ],
  [
    'no unikernel',
    'version: 1\nunikernels: { web: }',
    'f.yaml:2:20: unikernels.web: has no value; it takes what a unikernel is',
  ],
  [
    'a name',
    'version: 1\nblocks: { a b: { size: 1 } }',
    'f.yaml:2:11: blocks.a b: not a name here; it takes a name like web or team:web',
  ],
  [
    'a name of the language',
    'version: 1\n__proto__: { a: 1 }',
    'f.yaml:2:1: __proto__: not a name; write another',
  ],
  [
    'no CPU',
    'version: 1\npolicies: { a: { unikernels: 1, memory: 1, cpus: [] } }',
    'f.yaml:2:50: policies.a.cpus: does not fit; it takes one CPU at least, like [0]',
  ],
  [
    'a limit',
    'version: 1\npolicies: { a: { unikernels: many, memory: 1, cpus: [0] } }',
    'f.yaml:2:30: policies.a.unikernels: is "many"; it takes a number like 4, or unlimited',
  ],
  ['twice the same', 'version: 1\npath: a\npath: b', 'f.yaml:3:1: path: it is there twice; leave one out'],
  ['no YAML', 'version: 1\n  path: a', 'f.yaml:1:10: '],
  ['two documents', 'version: 1\n---\nversion: 1', 'f.yaml:2:1: '],
  ['a tag', 'version: !!js 1', 'f.yaml:1:10: Unresolved tag'],
  [
    'an alias of itself',
    'version: &a [*a]',
    'f.yaml:1:14: alias *a: it is used before, or within, what it stands for',
  ],
  ['a key that is a list', '? [a]\n: b', 'f.yaml:1:3: a key that is no plain text; write a name'],
])('%s is told, with its place and what to do', (_, text, line) => {
  expect(wrong(text)[0]).toContain(line);
});

test('all that is wrong is told at once, in order, and not more than ten', () => {
  const names = Array.from({ length: 20 }, (_, at) => `  u${at}: { image: x, memory: none }`);
  const lines = wrong(`version: 1\nunikernels:\n${names.join('\n')}\n`);
  expect(lines.map((line) => line.split(':')[1])).toEqual([
    '3',
    '4',
    '5',
    '6',
    '7',
    '8',
    '9',
    '10',
    '11',
    '12',
  ]);
});

test('what is true only of the whole is told, too', async () => {
  await using world = await FleetWorld.begin();
  for (const [text, said] of [
    [
      'unikernels: { a: { image: nowhere.spt } }',
      'f.yaml:2:27: unikernels.a.image: nowhere.spt: neither a file in',
    ],
    [
      'unikernels: { a: { image: disk.spt } }',
      'unikernels.a.image: disk.spt: image: it wants the block device storage, which it is not given',
    ],
    ['unikernels: { a: { image: none.spt, networks: { x: y } } }', 'network device x: the image wants none'],
    ['unikernels: { a: { image: site.tar } }', 'site.tar: image: not an ELF'],
    [
      `unikernels: { a: { image: none.spt, digest: ${'a'.repeat(64)} } }`,
      'f.yaml:2:45: unikernels.a.digest: none.spt has the digest ',
    ],
    [
      'unikernels: { a: { image: none.spt }, A: { image: none.spt } }',
      'f.yaml:2:42: unikernels.A: the same name as a',
    ],
    ['policies: { .: { unikernels: 1, memory: 1, cpus: [0] } }', "the root's policy is what the host has"],
    ['blocks: { a: { size: 1, contents: site.tar } }', 'site.tar needs 2 MB; make size as large'],
    ['blocks: { a: { size: 1, contents: nowhere } }', 'nowhere: there is no such file'],
    [
      'blocks: { d: { size: 1 } }\nunikernels: { a: { image: disk.spt, blocks: { storage: d } }, b: { image: disk.spt, blocks: { storage: D } } }',
      'block device :d is given to :a and to :b; give each its own',
    ],
  ] as const) {
    await world.write('f.yaml', `version: 1\n${text}\n`);
    const did = await world.run('apply', 'f.yaml');
    expect(did).toMatchObject({ status: 65, out: '' });
    expect(did.notes).toContain(said);
    expect((await world.run('diff', 'f.yaml')).status).toBe(2);
  }
  expect(await world.run('apply', 'nowhere.yaml')).toMatchObject({
    ...{
      status: 66,
      notes: expect.stringContaining(
        "nowhere.yaml: there is no such file; 'kittiwake export' writes",
      ) as string,
    },
  });
  expect((await world.run('diff', '--frob')).status).toBe(2);
});

describe('bounded', () => {
  const within = (text: string): void => {
    try {
      readYaml(text);
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
    }
  };

  test('a file is refused that is too large, too deep, or comes to too much', () => {
    expect(wrong(' '.repeat(SIZE_MAX + 1))[0]).toContain(
      'f.yaml:1:1: the file has 262145 characters, 262144 are the most',
    );
    expect(wrong('['.repeat(SIZE_MAX))[0]).toMatch(/nested too deep|more than 16 deep/);
    expect(wrong('a: '.repeat(1000))[0]).toBeDefined();
    expect(wrong(`${'['.repeat(20)}${']'.repeat(20)}`)[0]).toContain('nested more than 16 deep');
    let laughs = 'a0: &a0 [x, x, x, x, x, x, x, x, x]\n';
    for (let at = 1; at < 12; at += 1)
      laughs += `a${at}: &a${at} [${Array.from({ length: 9 }, () => `*a${at - 1}`).join(', ')}]\n`;
    expect(wrong(laughs)[0]).toContain('more than 50000 values');
    within(
      Array.from({ length: 30_000 }, (_, at) => `k${at}:`)
        .join('\n')
        .slice(0, SIZE_MAX),
    );
  });

  test('whatever is put into a file, it is read, or refused in words', async () => {
    const next = seeded(20_261_121);
    const good = await readFile(join(import.meta.dirname, 'fleet.yaml'), 'utf8');
    expect(wrong(good)).toEqual([]);
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '&a ',
      '*a',
      '!!map ',
      '|\n',
      '>',
      "'",
      '"',
      '#',
      '\n',
      '  ',
      '\t',
      '? ',
      '---\n',
      '%',
      '\0',
      '\u2028',
      '<<: *a',
      '1e999',
      '-0',
      '~',
    ];
    for (let round = 0; round < 1000; round += 1) {
      let text = good;
      for (let change = next(6); change >= 0; change -= 1) {
        const at = next(text.length);
        const piece = pieces[next(pieces.length)] ?? '';
        const cut = next(3) === 0 ? next(40) : next(3);
        text = text.slice(0, at) + piece + text.slice(at + cut);
      }
      for (const line of wrong(text)) expect(line).toMatch(/^f\.yaml:\d+:\d+: [^\n]+$/);
    }
  });
});
