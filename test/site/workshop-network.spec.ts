// npm run workshop on a network: the server is one computer and the attendee's browser is on another, each a network namespace with a wire between.
// Over plain HTTP from elsewhere a browser trusts no page: there is no clipboard, nor other things that it has where all is one machine.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, test, type Browser, type Page } from '@playwright/test';
import { JOIN_PAGE, PRESENTER_PAGE } from '../../labs/server/workshop/protocol.ts';
import { end, said, start, whyNot } from './programs.ts';
import { PAGE, part, runButton, state } from './reader.ts';

const SERVER = '192.0.2.1';
const ATTENDEE = '192.0.2.2';
const CODE = 'gull-4821';
/** A machine starts and runs a step, beside other tests. */
const LONG = { timeout: 120_000 };

type Computer = ReturnType<typeof start>;

/** What follows is what a computer runs, as soon as it is told to go on. */
const COMPUTER = ['sh', '-c', 'ip link set lo up && echo up && read go && exec "$@"', 'sh'];
/** Makes the first computer, and whoever is there root of it, as of those that are made within; and of nothing else. */
const FIRST = ['unshare', '--map-root-user', '--net'] as const;

const inside = ({ pid }: Computer): readonly [string, ...string[]] => [
  ...(['nsenter', `--target=${pid}`, '--user', '--net', '--preserve-credentials'] as const),
];

/** Switches on a computer that `make` makes; it has its loopback, and will run `command`. */
async function computer(make: readonly string[], command: readonly string[]): Promise<Computer> {
  const child = start([...make, ...COMPUTER, ...command]);
  await once(child.stdout, 'data');
  return child;
}

/** Lays a wire from `one`, the attendee's, to `other`. */
function lay(one: Computer, other: Computer): void {
  const script = [
    `ip link add name wire type veth peer name wire netns ${other.pid}`,
    `ip address add ${ATTENDEE}/24 dev wire`,
    'ip link set wire up',
    `nsenter --target=${other.pid} --net ip address add ${SERVER}/24 dev wire`,
    `nsenter --target=${other.pid} --net ip link set wire up`,
    // An address counts when the kernel has seen that the wire has both its ends.
    `until nsenter --target=${other.pid} --net ip link show wire | grep -q 'state UP'; do sleep 0.1; done`,
  ].join(' && ');
  const [program, ...args] = [...inside(one), 'timeout', '10', 'sh', '-c', script];
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
}

/** Starts a browser `on` a computer; what starts it is left in `folder`. */
async function browserOf(on: Computer, folder: string): Promise<Browser> {
  const executablePath = join(folder, 'chromium');
  const words = ['exec', ...inside(on), '/usr/lib/chromium/chromium', '"$@"'];
  await writeFile(executablePath, `#!/bin/sh\n${words.join(' ')}\n`, { mode: 0o755 });
  const still = ['--no-first-run', '--disable-background-networking'];
  return chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu', ...still] });
}

/** Copies the commands of `name` by its button, and returns what is pasted then. */
async function copied(page: Page, name: string): Promise<string> {
  await part(page, name).locator('.copy button').first().click();
  await page.keyboard.press('Control+k');
  const search = page.getByRole('dialog').getByRole('textbox');
  await search.click();
  await page.keyboard.press('Control+v');
  const pasted = await search.inputValue();
  await page.keyboard.press('Escape');
  return pasted;
}

test('an attendee on another computer joins, runs a step, copies a command, and is no presenter', async () => {
  const reason = whyNot([...FIRST, 'ip', 'link', 'add', 'name', 'wire', 'type', 'veth']);
  test.skip(reason !== undefined, reason);
  const folder = await mkdtemp(join(tmpdir(), 'kittiwake-network-'));
  const attendee = await computer(FIRST, ['sleep', 'infinity']);
  let server: Computer | undefined;
  let browser: Browser | undefined;
  try {
    const command = ['npm', 'run', 'workshop', '--', '--listen', SERVER, '--code', CODE, '--seats', '1'];
    server = await computer([...inside(attendee), 'unshare', '--net'], command);
    lay(attendee, server);
    server.stdin.write('go\n');
    const { all } = await said(server, 'Stop it with');
    const [, url = ''] = /Attendees open {2}(\S+)/.exec(all) ?? [];
    const [, secret = ''] = /#presenter=(\S+)/.exec(all) ?? [];
    expect(url).toBe(`http://${SERVER}:4321${JOIN_PAGE}`);

    browser = await browserOf(attendee, folder);
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    await page.goto(url);
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await page.getByLabel('Join code').fill(CODE);
    await page.getByLabel('Your name').fill('Ada');
    await page.getByRole('button', { name: 'Join' }).click();
    await expect(page.getByText('You are in, Ada.')).toBeVisible();

    await page.goto(new URL(PAGE, url).href);
    await runButton(page, 'list').click();
    await expect(state(page, 'list')).toHaveText(/^As expected, in /, LONG);
    expect(await copied(page, 'list')).toBe('kittiwake image list');

    // Even with the secret: the presenter's view is for who sits at the server.
    await page.goto(new URL(`${PRESENTER_PAGE}#presenter=${secret}`, url).href);
    await expect(page.getByText('opens only on the machine that serves the workshop')).toBeVisible();
    expect(problems).toEqual([]);
  } finally {
    await browser?.close();
    if (server) await end(server);
    await end(attendee);
    await rm(folder, { recursive: true });
  }
});
