// What a fleet file may say. The one description of it: what is read is checked by it, its types come from it, and so does the JSON Schema that editors
// are given.
import * as z from 'zod';

/** The version of fleet files that is understood. */
export const VERSION = 1;

const LABEL = '[A-Za-z0-9.][A-Za-z0-9.-]{0,62}';
const NAME = new RegExp(`^${LABEL}(:${LABEL})*$`);
/** `.` is the path of the file itself. */
const DEVICE = /^[\x21-\x7e]{1,67}$/;

/** Each field says in one way what it takes: the person is told that, and so is the editor. */
const number = (takes: string, min: number, max: number, description: string) =>
  z
    .int({ error: takes })
    .min(min, { error: takes })
    .max(max, { error: takes })
    .meta({ description: `${description} It takes ${takes}.` });

const word = (takes: string, pattern: RegExp, description: string) =>
  z
    .string({ error: takes })
    .regex(pattern, { error: takes })
    .meta({ description: `${description} It takes ${takes}.` });

const name = (what: string) => word('a name like web or team:web, relative to path', NAME, what);
const device = z.string().regex(DEVICE, { error: "the name of a device in the image's manifest" });
const file = (description: string) => word('the name of a file', /^[^\0]{1,4096}$/, description);

const MEMORY_MAX = 2 ** 30;
const cpus = (description: string) =>
  z
    .array(number('numbers of CPUs, like [0, 1]', 0, 0xffff, 'A CPU.'), {
      error: 'numbers of CPUs, like [0, 1]',
    })
    .min(1, { error: 'one CPU at least, like [0]' })
    .max(4096, { error: '4096 CPUs at most' })
    .meta({ description });

const limit = (unit: string, description: string) =>
  z
    .union(
      [number(`${unit}, or unlimited`, 0, Number.MAX_SAFE_INTEGER, description), z.literal('unlimited')],
      {
        error: `${unit}, or unlimited`,
      },
    )
    .meta({ description });

const within = number(
  'seconds from 1 to 600, like 30',
  1,
  600,
  'How long to wait for it, in seconds (30).',
).optional();

const health = z
  .union(
    [
      z.strictObject({
        runs: number(
          'seconds from 1 to 600, like 5',
          1,
          600,
          'It has run for so many seconds without ending.',
        ),
      }),
      z.strictObject({
        tcp: word(
          'an address and a port, like 10.0.0.2:80 or [fd00::2]:80',
          /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/,
          'It takes a TCP connection there.',
        ),
        within,
      }),
      z.strictObject({
        http: word('a URL, like http://10.0.0.2/', /^https?:\/\/[^\s]{1,2000}$/, 'It answers a GET of this.'),
        status: number(
          'a status of HTTP from 100 to 599, like 200',
          100,
          599,
          'The status that the answer has (any from 200 to 399).',
        ).optional(),
        within,
      }),
      z.strictObject({
        ping: word(
          'an address, like 10.0.0.2',
          /^[0-9A-Fa-f:.]{2,45}$/,
          'It answers a ping of this address.',
        ),
        within,
      }),
    ],
    { error: 'one of runs, tcp, http and ping, like { tcp: 10.0.0.2:80 }' },
  )
  .meta({ description: 'When it is well. apply waits for that, asking from the host it runs on.' });

const network = z.union(
  [
    word("a bridge of the orchestrator's host, like br0", /^[^\s/:]{1,15}$/, 'The bridge.'),
    z.strictObject({
      bridge: word("a bridge of the orchestrator's host, like br0", /^[^\s/:]{1,15}$/, 'The bridge.'),
      mac: word(
        'an address like 02:00:00:00:00:01',
        /^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/,
        'The MAC address (one made of the name).',
      ).optional(),
    }),
  ],
  { error: 'a bridge, like br0, or { bridge: br0, mac: 02:00:00:00:00:01 }' },
);

const attached = z.union(
  [
    word("a block device in the unikernel's path, like data", new RegExp(`^${LABEL}$`), 'The block device.'),
    z.strictObject({
      block: word(
        "a block device in the unikernel's path, like data",
        new RegExp(`^${LABEL}$`),
        'The block device.',
      ),
      sectorSize: number('bytes, like 4096', 512, 1 << 20, 'Its sectors (512).').optional(),
    }),
  ],
  { error: 'a block device, like data, or { block: data, sectorSize: 4096 }' },
);

const unikernel = z
  .strictObject(
    {
      image: file(
        'The image: a file, from the folder of this one, or a prebuilt image such as netcheck.spt.',
      ).optional(),
      digest: word(
        '64 hexadecimal digits',
        /^[0-9a-f]{64}$/,
        'SHA-256 of the image. With image it must be that one; alone, one that the orchestrator or this host has.',
      ).optional(),
      memory: number('MB from 1 on, like 64', 1, MEMORY_MAX, 'Memory in MB (64).').optional(),
      arguments: z
        .array(
          z
            .string({ error: "text: put it in quotes, like '80'" })
            .max(65_536, { error: 'text of 65,536 characters at most' }),
          { error: 'a list of texts, like [--ipv4=10.0.0.2/24]' },
        )
        .max(1024, { error: '1024 arguments at most' })
        .meta({ description: "The unikernel's arguments." })
        .optional(),
      networks: z
        .record(device, network, { error: 'devices and their bridges, like { service: br0 }' })
        .meta({ description: "Bridges, by the network devices of the image's manifest." })
        .optional(),
      blocks: z
        .record(device, attached, { error: 'devices and block devices, like { data: site }' })
        .meta({ description: "Block devices, by the block devices of the image's manifest." })
        .optional(),
      restart: z
        .union(
          [
            z.enum(['no', 'always']),
            z
              .array(number('statuses from 0 to 255, like [2, 255]', 0, 255, 'A status.'))
              .min(1, { error: 'one status at least; no is for none' })
              .max(256, { error: '256 statuses at most' }),
          ],
          { error: 'no, always, or statuses like [2, 255]' },
        )
        .meta({
          description:
            'When it is started again after it ended: never, always, or after these statuses ([2, 255], those of crashes).',
        })
        .optional(),
      startOrder: number(
        'a number from 0 on, like 10',
        0,
        2 ** 31 - 1,
        'Lower ones are started first (50).',
      ).optional(),
      cpus: cpus('CPUs it may use (at first all that policies allow, then those it has).').optional(),
      health: health.optional(),
    },
    { error: 'what a unikernel is, like { image: netcheck.spt }' },
  )
  .refine(({ image, digest }) => image !== undefined || digest !== undefined, {
    error: 'an image, or a digest',
  });

const policy = z.strictObject(
  {
    unikernels: limit('a number like 4', 'How many there may be.'),
    memory: limit('MB, like 256', 'Memory of all of them, in MB.'),
    cpus: cpus('CPUs they may use.'),
    bridges: z
      .array(word('a bridge, like br0', /^[^\s/:]{1,15}$/, 'A bridge.'), {
        error: 'a list of bridges, like [br0]',
      })
      .max(1024, { error: '1024 bridges at most' })
      .meta({ description: 'Bridges they may be joined to (none).' })
      .optional(),
    block: limit('MB, like 64', 'Block devices of all of them, in MB (none may be made).').optional(),
  },
  { error: 'limits, like { unikernels: 4, memory: 256, cpus: [0] }' },
);

const block = z.strictObject(
  {
    size: number('MB from 1 on, like 16', 1, 2 ** 40, 'Its size in MB.'),
    contents: file(
      'A file, from the folder of this one, with what is on the device at first (zeros).',
    ).optional(),
  },
  { error: 'a size, like { size: 16 }' },
);

const named = <T extends z.ZodType>(what: string, value: T, description: string) =>
  z.record(name(what), value, { error: `names, each with what it is` }).meta({ description }).optional();

export const fleet = z
  .strictObject(
    {
      version: z.literal(VERSION, { error: `${VERSION}, the version of fleet files` }).meta({
        description: 'The version of this file.',
      }),
      path: name('The path.')
        .meta({ description: 'The path that all names here are relative to, like team (the root).' })
        .optional(),
      policies: named(
        'A path.',
        policy,
        'What may run at and below a path. The path of the file itself is written "."',
      ),
      blocks: named('A block device.', block, 'Block devices.'),
      unikernels: named('A unikernel.', unikernel, 'Unikernels.'),
    },
    { error: 'version, unikernels, blocks, policies, path' },
  )
  .meta({
    title: 'A fleet of unikernels',
    description: 'What kittiwake apply makes so.',
  });

export type Written = z.infer<typeof fleet>;
export type WrittenUnikernel = z.infer<typeof unikernel>;
export type WrittenPolicy = z.infer<typeof policy>;
export type WrittenBlock = z.infer<typeof block>;
export type Health = z.infer<typeof health>;

/** For editors: of draft 7, which all of them know. */
export const jsonSchema = (): object => z.toJSONSchema(fleet, { target: 'draft-7', io: 'input' });
