// What is noticed when a part is left out, and what a lab leaves behind. The shell is the VM's, on this machine.
import { afterEach, expect, test } from 'vitest';
import { leftOut, noticed, showsItself } from '../../labs/runner/control.ts';
import { parseLab, type Lab, type Recording } from '../../labs/runner/lab.ts';
import { runParts } from '../../labs/runner/parts.ts';
import { leftovers } from '../../labs/runner/state.ts';
import { endAgents, shells } from '../vm/agent.ts';

afterEach(endAgents);

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
  const { failure } = await runParts(leftOut(HERE, name), RECORDED, shells(), {
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
  const restart = leftOut(LAB, 'restart').parts;
  expect(restart.slice(0, -1)).toEqual(LAB.parts.slice(0, -1));
  expect(restart.at(-1)).toMatchObject({ name: 'restart', commands: ':', restarts: false });
});

test('what is new and what is gone are told apart', () => {
  expect(leftovers(new Set(['link lo', 'file a 1']), new Set(['link lo', 'file a 2']))).toEqual([
    '+ file a 2',
    '- file a 1',
  ]);
});
