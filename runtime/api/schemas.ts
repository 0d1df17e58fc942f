// What goes over HTTP as JSON. Each is described once: requests are checked by it, answers are typed by it, and the published description is made of it.
// Nothing here needs Node: browsers load it, too.
import { z } from 'zod';

/** Those that stand under a name of their own in the published description: what is asked with, and what is answered with. */
export const ASKED = z.registry<{ id: string }>();
export const ANSWERED = z.registry<{ id: string }>();

function asked<S extends z.ZodType>(id: string, schema: S): S {
  ASKED.add(schema, { id });
  return schema;
}
function answered<S extends z.ZodType>(id: string, schema: S): S {
  ANSWERED.add(schema, { id });
  return schema;
}

const LABEL = '[A-Za-z0-9.][A-Za-z0-9.\\-]{0,62}';
/** Characters of the longest name: 32 labels, and what is between. */
const NAME_MAX = 32 * 64;

export const Name = z
  .string()
  .max(NAME_MAX)
  .regex(new RegExp(`^:?${LABEL}(:${LABEL})*$`))
  .describe('A unikernel or a block device: `hello`, or `team:web`, which is web of the path team');

export const Path = z
  .string()
  .max(NAME_MAX)
  .regex(new RegExp(`^(:|:?${LABEL}(:${LABEL})*:?)$`))
  .describe('A path: `team`, `team:sub`, or `:`, the root');

export const Scope = z
  .string()
  .max(NAME_MAX)
  .regex(new RegExp(`^(:|:?${LABEL}(:${LABEL})*:?)$`))
  .describe('A name, or a path, which ends in a colon: all at and below it');

const time = z.iso.datetime().describe('UTC');
const device = z.string().min(1).max(67).describe("Its name in the image's manifest");
const interfaceName = z.string().min(1).max(64);
const megabytes = z.int().min(0);
const cpu = z.int().min(0).max(0xffff);

const Restart = z
  .union([z.literal('no'), z.literal('always'), z.array(z.int().min(0).max(255)).min(1).max(256)])
  .describe('When it is started again after it ended: never, always, or after these exit statuses');

const settings = {
  memory: megabytes
    .min(1)
    .max(2 ** 30)
    .describe('MB'),
  cpus: z.array(cpu).max(1024).describe('Those it may run on'),
  networks: z
    .array(
      z.strictObject({
        name: device,
        bridge: interfaceName.optional().describe("The host's; absent: of the same name"),
        mac: z
          .string()
          .regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/)
          .optional(),
      }),
    )
    .max(64),
  blocks: z
    .array(
      z.strictObject({
        name: device,
        device: z
          .string()
          .min(1)
          .max(63)
          .optional()
          .describe('The block device of its path; absent: of the same name'),
        sectorSize: z.int().min(512).max(4096).optional().describe('Bytes'),
      }),
    )
    .max(64),
  arguments: z.array(z.string().max(65_536)).max(1024),
  addName: z.boolean().describe('Its name is its first argument, `--name=`'),
  restart: Restart,
  startOrder: z
    .int()
    .min(0)
    .max(1_000_000)
    .describe("At the host's start lower goes first; 50 where nothing is said"),
};

export const Settings = asked(
  'Settings',
  z
    .strictObject({
      memory: settings.memory.default(64),
      cpus: settings.cpus
        .optional()
        .describe('Those it may run on; absent: all that the policies above allow'),
      networks: settings.networks.default([]),
      blocks: settings.blocks.default([]),
      arguments: settings.arguments.default([]),
      addName: settings.addName.default(false),
      restart: Restart.default([2, 255]),
      startOrder: settings.startOrder.optional(),
      digest: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional()
        .describe('SHA-256 of the image, in place of the image: that of a unikernel that is there'),
    })
    .describe('How a unikernel is to run'),
);
export type Settings = z.output<typeof Settings>;

export const Changes = asked(
  'Changes',
  z.strictObject(settings).partial().describe('What is to be different from now on; what is left out stays'),
);
export type Changes = z.output<typeof Changes>;

export const BlockSettings = asked(
  'BlockSettings',
  z.strictObject({
    size: megabytes
      .min(1)
      .max(2 ** 40)
      .describe('MB'),
  }),
);

const limit = z.int().min(0).nullable();
const policy = {
  unikernels: limit.describe('How many; null: no limit'),
  memory: limit.describe('MB of all of them; null: no limit'),
  block: limit.describe('MB of all block devices; null: no limit, 0: none may be made'),
  cpus: z.array(cpu).max(1024),
  bridges: z.array(interfaceName).max(1024),
};
export const PolicySettings = asked(
  'PolicySettings',
  z
    .strictObject({
      ...policy,
      block: policy.block.default(0),
      cpus: policy.cpus.default([]),
      bridges: policy.bridges.default([]),
    })
    .describe('What may run at and below a path'),
);
export type PolicySettings = z.output<typeof PolicySettings>;

export const Policy = answered('Policy', z.object({ path: z.string(), ...policy }));
export type Policy = z.output<typeof Policy>;

export const Unikernel = answered(
  'Unikernel',
  z.object({
    name: z.string(),
    state: z.enum(['running', 'waiting', 'ended']).describe('Waiting: it is started again'),
    pid: z.int().optional(),
    since: time.optional().describe('Since when it runs'),
    failures: z.int().optional().describe('So often it failed in a row'),
    until: time.optional().describe('Until when it waits'),
    at: time.optional().describe('When it ended'),
    why: z.string().optional().describe('Why it ended'),
    last: z
      .union([z.object({ status: z.int() }), z.object({ signal: z.string() })])
      .optional()
      .describe('How its process ended the last time'),
    digest: z.string().describe('SHA-256 of its image'),
    memory: z.int().describe('MB'),
    cpus: z.array(z.int()),
    networks: z.array(z.object({ name: z.string(), bridge: z.string(), mac: z.string() })),
    blocks: z.array(
      z.object({ name: z.string(), device: z.string(), sectorSize: z.int(), size: z.int().describe('MB') }),
    ),
    arguments: z.array(z.string()),
    addName: z.boolean(),
    restart: Restart,
    startOrder: z.int().optional(),
  }),
);
export type Unikernel = z.output<typeof Unikernel>;

export const Block = answered(
  'Block',
  z.object({ name: z.string(), size: z.int().describe('MB'), inUse: z.boolean() }),
);
export type Block = z.output<typeof Block>;

const next = z.string().optional().describe('Where there are more: `after` of the next page');
export const Unikernels = answered('Unikernels', z.object({ items: z.array(Unikernel), next }));
export const Blocks = answered('Blocks', z.object({ items: z.array(Block), next }));
export const Policies = answered('Policies', z.object({ items: z.array(Policy), next }));
export const Names = answered('Names', z.object({ items: z.array(z.string()), next }));

export const ConsoleLine = answered('ConsoleLine', z.object({ time, line: z.string() }));
export type ConsoleLine = z.output<typeof ConsoleLine>;
export const Console = answered('Console', z.object({ lines: z.array(ConsoleLine) }));

export const Event = answered('Event', z.object({ time, name: z.string(), event: z.string() }));

const counted = z.object({ frames: z.number(), bytes: z.number(), errors: z.number(), dropped: z.number() });
export const Statistics = answered(
  'Statistics',
  z.object({
    time,
    name: z.string(),
    cpu: z.object({ user: z.number(), system: z.number() }).describe('Seconds, since it began'),
    memory: z
      .object({ resident: z.number(), most: z.number(), virtual: z.number().optional() })
      .describe('Bytes; `most` that were resident at a time'),
    faults: z.object({ minor: z.number(), major: z.number() }),
    switches: z.object({ voluntary: z.number(), involuntary: z.number() }),
    started: time.optional(),
    networks: z
      .array(z.object({ name: z.string(), mtu: z.number(), in: counted, out: counted }))
      .describe('By their bridges; in is what came to the unikernel'),
    counters: z.record(z.string(), z.number()).optional().describe('Of its tender'),
  }),
);
export type Statistics = z.output<typeof Statistics>;

export const Done = answered('Done', z.object({ name: z.string(), done: z.string() }));
export const Version = answered('Version', z.object({ version: z.string(), api: z.literal('v1') }));
export const Health = answered(
  'Health',
  z.object({ status: z.literal('ok') }).describe('kittiwaked answers'),
);

export const Problem = answered(
  'Problem',
  z
    .object({
      type: z.string().describe('What is wrong, as a link to what it means'),
      title: z.string(),
      status: z.int(),
      detail: z.string().describe('The reason, and what to do'),
      policy: z.string().optional().describe('The path of the policy that is in the way'),
      errors: z
        .array(z.object({ at: z.string(), message: z.string() }))
        .optional()
        .describe('What is wrong with what was sent, each by where it stands'),
    })
    .describe('RFC 9457'),
);
export type Problem = z.output<typeof Problem>;
