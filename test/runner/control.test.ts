// What is noticed when a part is left out, and what a lab leaves behind. The shell is the VM's, on this machine.
import { afterEach, expect, test } from 'vitest';
import { control } from '../../labs/cli/control.ts';
import type { Handbook } from '../../labs/cli/handbook.ts';
import { askedFor } from '../../labs/cli/options.ts';
import {
  byThemselves,
  leftOut,
  noticed,
  restsOn,
  showsItself,
  stillStands,
} from '../../labs/runner/control.ts';
import { parseLab, type Lab, type Recording } from '../../labs/runner/lab.ts';
import type { Finding, Noticed } from '../../labs/runner/results.ts';
import { runParts } from '../../labs/runner/parts.ts';
import { facts, leftovers } from '../../labs/runner/state.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { endAgents, shells } from '../vm/agent.ts';

afterEach(endAgents);

const VALUES = {
  ...{ record: false, debug: false, watch: false, teardown: false, control: true, untried: false },
  ...{ list: false, json: false, help: false },
} as const;

const LAB = parseLab(
  'x/y',
  `#: lab T
#: part prepare
greeting=hello
#: part greet
echo "$greeting"
#: part fail exit=3
(exit 3)
#: part anything
echo x
#: part idle
#: unchecked nothing depends on it
idle=1
#: part restart restarts
reboot
`,
);
const RECORDED: Recording = new Map([
  ['prepare', { exit: 0, output: '' }],
  ['greet', { exit: 0, output: 'hello' }],
  ['fail', { exit: 3, output: '' }],
  ['anything', { exit: 0, output: '…' }],
  ['idle', { exit: 0, output: '' }],
]);

/** `LAB` up to what cannot be done here. */
const HERE: Lab = { ...LAB, parts: LAB.parts.slice(0, -1) };

async function without(name: string) {
  const { failure } = await runParts(leftOut(HERE, name, new Map(), 1), RECORDED, shells(), {
    record: false,
    factor: 1,
    onPart: () => undefined,
  });
  const part = LAB.parts.find((one) => one.name === name);
  if (!part) throw new Error(name);
  return noticed(part, {
    failure: failure && { ...failure, logs: { console: '', journal: '' } },
    leftovers: [],
  });
}

test('a part shows by itself that it was left out where it prints something or ends with another status', () => {
  const shows = LAB.parts.filter((part) => showsItself(part, RECORDED.get(part.name)));
  expect(shows.map(({ name }) => name)).toEqual(['greet', 'fail', 'restart']);
});

test('what shows by itself is known of all labs without a run', () => {
  const at = '2026-01-01T10:00:00.000Z';
  const labs = [{ lab: LAB, recording: RECORDED }];
  const known = byThemselves(labs, at);
  expect(known.map(({ part }) => part)).toEqual(['greet', 'fail', 'restart']);
  expect(stillStands(labs, known)).toEqual(known);
});

test('where only the untried are asked for, what is known is not tried again', async () => {
  const shown: Lab = {
    ...LAB,
    parts: LAB.parts.filter(({ name }) => ['greet', 'fail', 'restart'].includes(name)),
  };
  const labs = [{ lab: shown, recording: RECORDED }];
  const [greet] = byThemselves(labs, '2026-01-01T10:00:00.000Z');
  if (!greet) throw new Error('nothing shows itself');
  const nothing = (): never => {
    throw new Error('no machine is needed');
  };
  const handbook: Handbook = {
    ...{ root: '/nowhere', evidence: '/nowhere', hints: () => [] },
    ...{ snapshot: nothing, images: nothing, record: nothing },
  };
  const tried = async (untried: boolean) => {
    const asked = { ...askedFor({ ...VALUES, untried }), jobs: 1 };
    const { parts, failed } = await control(
      handbook,
      labs,
      { accelerator: { name: 'tcg' } } as Snapshot,
      [greet],
      asked,
    );
    expect(failed).toEqual([]);
    return parts.map(({ part }) => part);
  };
  expect(await tried(false)).toEqual(['greet', 'fail', 'restart']);
  expect(await tried(true)).toEqual(['fail', 'restart']);
});

test('a part that prints nothing is missed by the later one that needs it', async () => {
  expect(await without('prepare')).toEqual({ by: 'part', part: 'greet' });
});

test('one that nothing needs is missed by nobody, and its reason is told', async () => {
  expect(await without('idle')).toEqual({ by: 'nobody', reason: 'nothing depends on it' });
  expect(await without('anything')).toEqual({ by: 'nobody', reason: '' });
});

test('what is left behind is noticed where no part notices', () => {
  const [part] = LAB.parts;
  expect(part && noticed(part, { failure: undefined, leftovers: ['+ link tap100 DOWN'] })).toEqual({
    by: 'teardown',
  });
});

test('nothing of the lab is changed but the part that is left out', () => {
  const restart = leftOut(LAB, 'restart', new Map(), 1).parts;
  expect(restart.slice(0, -1)).toEqual(LAB.parts.slice(0, -1));
  expect(restart.at(-1)).toMatchObject({ name: 'restart', commands: ':', restarts: false });
});

test('a part that waits for what was left out waits not much longer than it took', () => {
  const took = new Map([
    ['greet', 100],
    ['fail', 9000],
  ]);
  const budgets = (factor: number) => leftOut(LAB, 'prepare', took, factor).parts.map(({ budget }) => budget);
  expect(budgets(1)).toEqual([20, 16, 20, 20, 20, 20]);
  expect(budgets(3)).toEqual([20, 6, 20, 20, 20, 20]);
});

test('what is new and what is gone are told apart', () => {
  expect(leftovers(new Set(['link lo', 'file a 1']), new Set(['link lo', 'file a 2']))).toEqual([
    '+ file a 2',
    '- file a 1',
  ]);
});

/** What was found of `lab` at an hour of a day, as control.json has it. */
const found = (lab: Lab, part: string, noticed: Noticed, hour = '10'): Finding => ({
  ...{ lab: lab.id, part, noticed },
  digest: restsOn(lab, RECORDED, part, noticed),
  at: `2026-01-01T${hour}:00:00.000Z`,
});

/** `LAB` with other commands in the part `name`. */
const edited = (name: string): Lab => ({
  ...LAB,
  parts: LAB.parts.map((part) =>
    part.name === name ? { ...part, commands: `${part.commands} # other` } : part,
  ),
});

const BY_GREET: Noticed = { by: 'part', part: 'greet' };

test.each([
  ['prepare', BY_GREET, 'prepare', false],
  ['prepare', BY_GREET, 'greet', false],
  ['prepare', BY_GREET, 'fail', true],
  ['prepare', { by: 'teardown' }, 'restart', false],
  ['idle', { by: 'nobody', reason: '' }, 'restart', false],
  ['greet', { by: 'itself' }, 'fail', true],
  ['greet', { by: 'itself' }, 'prepare', false],
] as const)('that %s was noticed %j, after %s is edited: stands %j', (part, noticed, other, stands) => {
  const left = stillStands([{ lab: edited(other), recording: RECORDED }], [found(LAB, part, noticed)]);
  expect(left).toHaveLength(stands ? 1 : 0);
});

test('of findings of one part the latest counts, and those of parts that are no more go', () => {
  const findings = [
    found(LAB, 'prepare', BY_GREET, '12'),
    found(LAB, 'prepare', { by: 'teardown' }, '11'),
    { ...found(LAB, 'prepare', BY_GREET), part: 'gone' },
    { ...found(LAB, 'prepare', BY_GREET), lab: 'x/gone' },
  ];
  expect(stillStands([{ lab: LAB, recording: RECORDED }], findings)).toEqual([findings[0]]);
});

test('the reason why nobody misses a part is the one its lab gives now', () => {
  const before = found(LAB, 'idle', { by: 'nobody', reason: 'an old one' });
  expect(stillStands([{ lab: LAB, recording: RECORDED }], [before])).toMatchObject([
    { noticed: { by: 'nobody', reason: 'nothing depends on it' } },
  ]);
});

test('what only the end told rests on what is put back, too', () => {
  const [part] = LAB.parts;
  if (!part) throw new Error('no part');
  const restored = (commands: string): Lab => ({ ...LAB, restore: { ...part, name: 'restore', commands } });
  const [one, other] = [restored('true'), restored('false')];
  const finding = found(one, 'prepare', { by: 'teardown' });
  expect(stillStands([{ lab: one, recording: RECORDED }], [finding])).toHaveLength(1);
  expect(stillStands([{ lab: other, recording: RECORDED }], [finding])).toEqual([]);
});

const STATE = [
  '\x1elink',
  'lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP> ',
  '\x1eroute',
  'fe80::/64 dev tap100 proto kernel metric 256 expires 86000sec pref medium',
  '\x1emount',
  '22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda rw',
  '40 24 0:31 / /run/netns rw shared:9 - tmpfs tmpfs rw',
  '23 22 0:32 / /proc/sys/fs/binfmt_misc rw shared:10 - binfmt_misc binfmt_misc rw',
  '41 40 0:4 net:[4026532200] /run/netns/world rw shared:19 - nsfs nsfs rw',
  '\x1eunit',
  'dbus.service loaded active running D-Bus System Message Bus',
  '\x1eprocess 300',
  '    9     2 root                             [kworker/0:0]',
  '  300   250 root                             bash -s',
  '  301   300 root                             ps -e',
  '  210     1 root                             (udev-worker)',
  '  250     1 operator                         bash -s',
  '  251     1 operator                         bash -s',
  '  252   251 operator                         systemd-socket-activate --inetd cat',
  '\x1efile',
  '-rw-r--r-- root:root /etc/hosts 42',
  '',
].join('\r\n');

test('of what a machine tells, each thing is a fact, and what comes and goes by itself is none', () => {
  expect([...facts(STATE)]).toEqual([
    'link lo UNKNOWN',
    'route fe80::/64 dev tap100 proto kernel metric 256 pref medium',
    'mount / ext4',
    'mount /run/netns/world nsfs',
    'unit dbus.service active',
    'process operator bash -s (2 times)',
    'process operator systemd-socket-activate --inetd cat',
    'file -rw-r--r-- root:root /etc/hosts 42',
  ]);
});
