// Run in the page, with a lab server that says what each test needs: every state a reader can meet.
import { FakeLab, partsOf } from './fake-lab.ts';
import { announced, box, LAB, letIn, PAGE, part, pressRun, ready, runButton, state } from './reader.ts';
import { expect, test } from './watch.ts';

test('without a lab server the page tells how to start it, and loads nothing for it', async ({ page }) => {
  const scripts: string[] = [];
  page.on('request', (request) => scripts.push(new URL(request.url()).pathname));
  await page.goto(PAGE, { waitUntil: 'networkidle' });
  await expect(box(page).getByText('npm start')).toBeVisible();
  await expect(runButton(page, 'run')).toBeHidden();
  await expect(page.locator('.dock')).toHaveCount(0);
  expect(scripts.filter((path) => /\/(labs|terminal)\./.test(path))).toEqual([]);
});

test('the token is taken from the address, kept, and sent as the first message only', async ({ page }) => {
  const lab = await letIn(page);
  expect(new URL(page.url()).hash).toBe('');
  expect(lab.heard).toEqual([{ type: 'hello', token: lab.token }]);
  // Another page of the handbook is let in without it in the address, as the same reader.
  await page.goto('/start-here/');
  await expect.poll(() => lab.heard.at(-1)).toEqual({ type: 'hello', token: lab.token, reader: 'reader-1' });
  await expect(box(page)).toContainText('No machine yet');
  await expect(box(page).getByText('npm start')).toBeHidden();
});

test('a step waits for a machine, runs, and is as expected', async ({ page }) => {
  const lab = await letIn(page);
  await runButton(page, 'list').click();
  await lab.hears({ type: 'open', lab: LAB });
  await lab.hears({ type: 'run', part: 'list' });
  lab.say({ type: 'lab', lab: LAB, parts: partsOf(LAB) });
  lab.say({ type: 'machine', state: 'waiting', place: 2, why: 'all machines are in use' });
  await expect(state(page, 'list')).toHaveText('Waiting for a machine, at place 2: all machines are in use');
  await expect(box(page)).toContainText('at place 2');
  await expect(announced(page)).toContainText('at place 2');
  lab.say({ type: 'machine', state: 'starting' });
  await expect(state(page, 'list')).toHaveText(/^Starting your machine, \d+ s$/);
  lab.say({ type: 'machine', state: 'ready' }, { type: 'started', part: 'list' });
  await expect(state(page, 'list')).toHaveText(/^Running, \d+ s$/);
  await expect(runButton(page, 'list')).toHaveText('Stop');
  await expect(runButton(page, 'run')).toHaveAttribute('aria-disabled', 'true');

  lab.say({ type: 'output', part: 'list', text: 'IMAGE         TEN' });
  const output = part(page, 'list').getByRole('region', { name: 'What step 1 prints' });
  await expect(output).toHaveText('IMAGE         TEN');
  lab.say({ type: 'output', part: 'list', text: 'DER\n' });
  await expect(output).toHaveText('IMAGE         TENDER');

  lab.passes('list');
  lab.say({ type: 'lab', lab: LAB, parts: partsOf(LAB, { list: { state: 'passed', here: true } }) });
  await expect(state(page, 'list')).toHaveText('As expected, in 1.3 s');
  await expect(announced(page)).toHaveText('Step 1, list: As expected, in 1.3 s');
  await expect(box(page)).toContainText('1 of 11 steps done');
  await expect(output).toBeHidden();
  await expect(runButton(page, 'list')).toBeFocused();
  await part(page, 'list').getByText('What it printed').click();
  await expect(output).toBeVisible();
});

test('a step that is not as expected says which line differs', async ({ page }) => {
  const lab = await letIn(page, ready());
  await pressRun(page, lab, 'list');
  lab.say({
    type: 'ended',
    part: 'list',
    outcome: 'failed',
    exit: 1,
    durationMs: 1312,
    causes: ['it ended with exit status 1, expected was 0', 'it printed something else than expected'],
    rows: [
      ...Array.from({ length: 9 }, () => ({ kind: 'same', expected: 'a', got: ['a'] }) as const),
      { kind: 'missing', expected: 'hello.hvt' },
      { kind: 'unexpected', got: 'hello.spt' },
    ],
  });
  await expect(state(page, 'list')).toHaveText('Not as expected, in 1.3 s');
  const points = part(page, 'list').locator('.run-points li');
  await expect(points).toHaveText([
    'It ended with exit status 1, expected was 0',
    'Line 10: expected hello.hvt, got hello.spt',
  ]);
  const rows = part(page, 'list').getByRole('table').getByRole('row');
  await expect(rows).toHaveText([
    '7 lines as expected',
    'a',
    'a',
    '− missinghello.hvt',
    '+ unexpectedhello.spt',
  ]);
  await expect(announced(page)).toContainText('Line 10: expected hello.hvt, got hello.spt');
});

test('what comes from outside is text, whatever it looks like', async ({ page }) => {
  const lab = await letIn(page, ready());
  const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>\x1b[31m';
  await pressRun(page, lab, 'list');
  lab.say({ type: 'output', part: 'list', text: evil });
  await expect(part(page, 'list').getByRole('region', { name: /prints/ })).toContainText('<img src=x');
  lab.say({
    ...{ type: 'ended', part: 'list', outcome: 'failed', exit: 0, durationMs: 1 },
    causes: [evil],
    rows: [{ kind: 'unexpected', got: evil }],
  });
  lab.say({ type: 'refused', what: evil }, { type: 'machine', state: 'ended', why: evil });
  await expect(part(page, 'list').getByRole('table')).toContainText(
    '<script>document.title=2</script>^[[31m',
  );
  await expect(box(page)).toContainText('<img src=x');
  expect(
    await page.locator('main :is(img, script):not(astro-island)').filter({ hasText: 'title=2' }).count(),
  ).toBe(0);
  await expect(page).toHaveTitle(/Run hello/);
});

test('a step that was left out says so, and what fails after it tells', async ({ page }) => {
  const lab = await letIn(page, ready());
  await pressRun(page, lab, 'console');
  lab.say({
    ...{ type: 'ended', part: 'console', outcome: 'failed', exit: 1, durationMs: 1, rows: [] },
    causes: ['it ended with exit status 1, expected was 0'],
  });
  const known = { list: { state: 'passed' }, console: { state: 'failed', here: true } } as const;
  const left = partsOf(LAB, known).slice(1, 6);
  lab.say({
    ...{ type: 'lab', lab: LAB },
    parts: partsOf(LAB, {
      ...Object.fromEntries(left.map((one) => [one.part, { state: 'skipped' }])),
      ...known,
    }),
  });
  await expect(state(page, 'inspect')).toHaveText('You skipped this step');
  await expect(box(page)).toContainText('You skipped steps 2 to 6');
  await expect(state(page, 'list')).toHaveText('As expected, in an earlier machine');
  await expect(part(page, 'console').locator('.run-hint')).toContainText('Steps 1 to 6 have not been run');
  // Nothing is blocked.
  await expect(runButton(page, 'dry-run')).toHaveAttribute('aria-disabled', 'false');
});

test('going ahead brings a machine to a step', async ({ page }) => {
  const lab = await letIn(page, ready({ list: { state: 'passed', here: true } }));
  const here = part(page, 'run').getByRole('button', { name: 'Start here, at step 3: run' });
  await expect(part(page, 'list').getByRole('button', { name: /Start here/ })).toHaveCount(0);
  await expect(part(page, 'inspect').getByRole('button', { name: /Start here/ })).toHaveCount(0);
  await here.click();
  await lab.hears({ type: 'start-at', part: 'run' });
  lab.say({ type: 'lab', lab: LAB, parts: partsOf(LAB) }, { type: 'machine', state: 'starting' });
  lab.say({ type: 'machine', state: 'ready' }, { type: 'started', part: 'list', replay: true });
  await expect(state(page, 'run')).toHaveText(/^Bringing your machine here: list/);
  lab.passes('list');
  lab.say({ type: 'lab', lab: LAB, parts: partsOf(LAB, { list: { state: 'passed', here: true } }) });
  await expect(state(page, 'run')).toHaveText(/^Bringing your machine here/);
  lab.say({ type: 'started', part: 'inspect', replay: true });
  lab.passes('inspect');
  const there = { state: 'passed', here: true } as const;
  lab.say({ type: 'lab', lab: LAB, parts: partsOf(LAB, { list: there, inspect: there }) });
  await expect(state(page, 'run')).toHaveText('Your machine is here: run this step');
  await expect(announced(page)).toHaveText('Your machine is as it is before step 3, run');
  expect(lab.heard.filter(({ type }) => type === 'run')).toEqual([]);
});

test('progress is there after a reload, and says what has been edited since', async ({ page }) => {
  const at = '2026-11-20T10:00:00Z';
  const lab = await letIn(
    page,
    ready({
      list: { state: 'passed', at, here: true },
      inspect: { state: 'passed', at, digest: 'of-yesterday' },
      run: { state: 'failed', at, here: true },
    }),
  );
  await expect(state(page, 'list')).toHaveText('As expected, on 20 November');
  // The server has lost it all, and knows the lab as it is now.
  lab.first = (server) => server.say({ type: 'machine', state: 'none' });
  await page.reload();
  await expect(state(page, 'list')).toHaveText('As expected, on 20 November, in an earlier machine');
  await expect(state(page, 'inspect')).toHaveText('Edited since you ran it');
  await expect(state(page, 'run')).toHaveText(/^Not as expected/);
  await expect(box(page)).toContainText('1 of 11 steps done');
  lab.say({ type: 'lab', lab: LAB, parts: partsOf(LAB, { list: { state: 'passed', at } }) });
  await expect(state(page, 'inspect')).toHaveText('Edited since you ran it');
});

test('who comes back to a machine that has ended goes on where it was', async ({ page }) => {
  const done = { state: 'passed' } as const;
  const lab = await letIn(page, ready({ list: { ...done, here: true }, inspect: { ...done, here: true } }));
  lab.say({ type: 'machine', state: 'ended', why: 'nobody used it for 30 minutes' });
  lab.say({ type: 'lab', lab: LAB, parts: partsOf(LAB, { list: done, inspect: done }) });
  await expect(box(page)).toContainText('Your machine has ended: nobody used it for 30 minutes');
  await expect(announced(page)).toContainText('nobody used it for 30 minutes');
  await runButton(page, 'run').click();
  await lab.hears({ type: 'start-at', part: 'run' });
  lab.say({ type: 'machine', state: 'starting' }, { type: 'machine', state: 'ready' });
  const here = { ...done, here: true } as const;
  lab.say({ type: 'lab', lab: LAB, parts: partsOf(LAB, { list: here, inspect: here }) });
  await lab.hears({ type: 'run', part: 'run' });
});

test('a machine that is not to be had is said where it was asked for, and can be asked for again', async ({
  page,
}) => {
  const lab = await letIn(page);
  await runButton(page, 'list').click();
  await lab.hears({ type: 'run', part: 'list' });
  lab.say({ type: 'machine', state: 'starting' });
  await expect(state(page, 'list')).toHaveText(/^Starting your machine/);
  lab.say({ type: 'machine', state: 'ended', why: 'no machine for it: QEMU ended' });
  await expect(part(page, 'list')).toContainText('Your machine has ended: no machine for it: QEMU ended');
  await expect(state(page, 'list')).toHaveText('');
  await runButton(page, 'list').click();
  await expect.poll(() => lab.heard.filter(({ type }) => type === 'run')).toHaveLength(2);
  lab.say({ type: 'machine', state: 'starting' });
  await expect(state(page, 'list')).toHaveText(/^Starting your machine/);
  // Stop, which the server answers with that there is no machine.
  await runButton(page, 'list').click();
  await lab.hears({ type: 'stop' });
  lab.say({ type: 'machine', state: 'none' });
  await expect(state(page, 'list')).toHaveText('');
  await expect(runButton(page, 'list')).toHaveText('Run');
});

test('a machine that ends on the way to a step is said there', async ({ page }) => {
  const lab = await letIn(page);
  await part(page, 'run').locator('[data-start-here]').click();
  await lab.hears({ type: 'start-at', part: 'run' });
  lab.say({ type: 'machine', state: 'starting' }, { type: 'started', part: 'list', replay: true });
  await expect(state(page, 'run')).toHaveText(/^Bringing your machine here: list/);
  lab.say({ type: 'machine', state: 'ended', why: 'the machine was switched off; Run starts another' });
  await expect(state(page, 'run')).toHaveText(/^Bringing your machine here: list/);
  lab.say({
    ...{ type: 'ended', part: 'list', outcome: 'failed', exit: null, durationMs: 90, rows: [] },
    causes: ['the machine ended under it'],
  });
  await expect(part(page, 'list')).toContainText('The machine ended under it');
  await expect(part(page, 'run')).toContainText('Your machine has ended: the machine was switched off');
  await expect(runButton(page, 'run')).toHaveAttribute('aria-disabled', 'false');
});

test('what the server refuses is said where it was asked', async ({ page }) => {
  const lab = await letIn(page, ready());
  const what = `part 'run': the lab's shell did not come back from 'list'; reset, or start at this part`;
  await runButton(page, 'run').click();
  await lab.hears({ type: 'run', part: 'run' });
  lab.say({ type: 'refused', what });
  await expect(part(page, 'run')).toContainText(what);
  await expect(announced(page)).toHaveText(what);
  await box(page).getByRole('button', { name: 'Reset machine' }).click();
  await lab.hears({ type: 'reset' });
  lab.say({ type: 'refused', what: 'reset: no machine is free; wait' });
  await expect(box(page)).toContainText('reset: no machine is free; wait');
});

test('a step that runs is stopped', async ({ page }) => {
  const lab = await letIn(page, ready());
  await pressRun(page, lab, 'list');
  await page.getByRole('button', { name: 'Stop step 1 of 11: list' }).click();
  await lab.hears({ type: 'stop' });
  lab.say({
    ...{ type: 'ended', part: 'list', outcome: 'failed', exit: 130, durationMs: 100, rows: [] },
    causes: ['it was stopped'],
  });
  await expect(part(page, 'list').locator('.run-points')).toHaveText('It was stopped');
  await expect(runButton(page, 'list')).toHaveText('Run');
});

test('a connection that is lost is said to be, and made again', async ({ page }) => {
  const lab = await letIn(page, ready());
  await pressRun(page, lab, 'list');
  lab.away = true;
  await lab.close(1001);
  await expect(box(page)).toContainText(/The connection to the lab server is lost; next try in \d+ s/);
  await expect(runButton(page, 'list')).toHaveAttribute('aria-disabled', 'true');
  lab.away = false;
  await box(page).getByRole('button', { name: 'Try now' }).click();
  await expect(box(page)).toContainText('Your machine is ready');
  // The part ran on meanwhile.
  lab.say({ type: 'started', part: 'list' });
  await expect(runButton(page, 'list')).toHaveText('Stop');
  lab.passes('list');
  await expect(state(page, 'list')).toHaveText(/^As expected/);
});

test('a server that does not answer is looked for again, and the page tells how to start it', async ({
  page,
}) => {
  const lab = new FakeLab(page);
  lab.away = true;
  await lab.listen();
  await lab.open(PAGE);
  await expect(box(page)).toContainText('The lab server does not answer');
  await expect(box(page).getByText('npm start')).toBeVisible();
  lab.away = false;
  await expect(box(page)).toContainText('No machine yet');
});

test('a token that is not known any more is forgotten', async ({ page }) => {
  const lab = await letIn(page);
  await lab.close(4401, 'the lab server was started anew: open the address it printed');
  await expect(box(page)).toContainText('the lab server was started anew: open the address it printed');
  await expect(runButton(page, 'run')).toBeHidden();
  const { connections } = lab;
  await page.reload();
  await expect(box(page).getByText('npm start')).toBeVisible();
  expect(lab.connections).toBe(connections);
});

test('a machine of another lab is left alone until a step is run here', async ({ page }) => {
  const lab = await letIn(page, (server) =>
    server.say(
      { type: 'machine', state: 'ready' },
      { type: 'lab', lab: 'start/preflight', parts: partsOf('start/preflight') },
    ),
  );
  await expect(box(page)).toContainText('Your machine is at another lab');
  expect(lab.heard.map(({ type }) => type)).toEqual(['hello']);
  await runButton(page, 'list').click();
  await lab.hears({ type: 'open', lab: LAB });
  await lab.hears({ type: 'run', part: 'list' });
});
