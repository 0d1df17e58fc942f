// Runs where nothing is but a bundle, whose folder is its argument, on the bundle's own Node: does what its README says, and looks.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const bundle = process.argv[2] ?? '';
const command = join(bundle, 'kittiwake-handbook');
/** Of the namespace that only this has. */
const PORT = 4321;
const LAB = 'hvt/hello';

async function check(what: string, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
    console.log(`✓ ${what}`);
  } catch (error) {
    console.log(`✗ ${what}`);
    throw error;
  }
}

function run(
  program: string,
  ...args: readonly string[]
): { readonly status: number | null; readonly out: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: bundle, encoding: 'utf8' });
  return { status, out: `${stdout}${stderr}` };
}

/** Starts what `args` say, calls `work` with its address and what it said up to the line that begins with `last`, and ends it. */
async function begun(
  args: readonly string[],
  last: string,
  work: (url: string, said: string) => Promise<void>,
): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let said = '';
    for await (const line of createInterface(child.stdout)) {
      said += line;
      if (line.startsWith(last)) break;
    }
    await work(`http://127.0.0.1:${PORT}/`, said);
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

/** The handbook, for one reader. */
const served = (options: readonly string[], work: Parameters<typeof begun>[2]): Promise<void> =>
  begun(['start', ...options], 'The handbook is at', work);

/** Everything that there is of the pages comes as it is. */
async function allPages(url: string): Promise<void> {
  const site = join(bundle, 'site');
  const entries = readdirSync(site, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  assert(files.length > 50);
  for (const file of files) {
    const name = relative(site, file);
    const response = await fetch(new URL(name, url));
    assert.equal(response.status, 200, name);
    assert(Buffer.from(await response.arrayBuffer()).equals(readFileSync(file)), name);
  }
}

const origin = `http://127.0.0.1:${PORT}`;

/** Joins as the page with the form does, and returns where it leads. */
async function joinWith(code: string): Promise<string> {
  const response = await fetch(`${origin}/-/workshop/join`, {
    ...{ method: 'POST', redirect: 'manual', headers: { origin } },
    body: new URLSearchParams({ code, name: 'Ada' }),
  });
  return response.headers.get('location') ?? '';
}

/** Runs the first part of the lab as its page does, over the lab server's WebSocket. */
async function runInPage(said: string): Promise<void> {
  const token = /#lab=([\w-]+)/.exec(said)?.[1];
  // The types are the browsers', which set the field themselves.
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/-/lab`, { headers: { origin } } as never);
  const say = (message: object): void => socket.send(JSON.stringify(message));
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  let asked = false;
  socket.onopen = () => say({ type: 'hello', token });
  socket.onclose = ({ reason }) => reject(new Error(`the lab server has gone: ${reason}`));
  socket.onmessage = ({ data }) => {
    if (typeof data !== 'string') return;
    const message = JSON.parse(data) as { type: string; parts?: { part: string }[]; outcome?: string };
    if (message.type === 'welcome') say({ type: 'open', lab: LAB });
    else if (message.type === 'lab' && !asked) {
      asked = true;
      say({ type: 'run', part: message.parts?.[0]?.part });
    } else if (message.type === 'ended' && message.outcome === 'passed') resolve(undefined);
    else if (['ended', 'refused'].includes(message.type)) reject(new Error(data));
  };
  await promise;
}

interface Pagefind {
  options(options: { basePath: string }): Promise<void>;
  search(words: string): Promise<{ results: { data(): Promise<{ url: string }> }[] }>;
}

await check('no network but loopback, nothing to write to, an ordinary user, no KVM', () => {
  assert.deepEqual(Object.keys(networkInterfaces()), ['lo']);
  assert.throws(() => writeFileSync(join(bundle, 'written'), ''), { code: 'EROFS' });
  assert.notEqual(process.getuid?.(), 0);
  assert(!existsSync('/dev/kvm'));
});

await check('SHA256SUMS', () => {
  const { status, out } = run('sha256sum', '--check', '--quiet', 'SHA256SUMS');
  assert.equal(status, 0, out);
});

await check('help, and words for what it does not know', () => {
  assert.match(run(command, '--help').out, /^Examples:$/m);
  const { status, out } = run(command, 'begin');
  assert.equal(status, 1);
  assert.match(out, /^kittiwake: begin: no such command; there are start, workshop, labs/);
});

await check('the unikernel serves every file of the pages, and the search finds', () =>
  served([], async (url, said) => {
    assert.match(said, /served by the unikernel website/);
    await allPages(url);
    const pagefind = (await import(
      pathToFileURL(join(bundle, 'site', 'pagefind', 'pagefind.js')).href
    )) as Pagefind;
    await pagefind.options({ basePath: `${url}pagefind/` });
    const { results } = await pagefind.search('unikernel');
    assert((await results[0]?.data())?.url.startsWith(url));
  }),
);

await check('the plain server does, too, with no lab server', () =>
  served(['--plain', '--no-lab'], allPages),
);

await check('a page runs a part in a machine of its own', () => served([], (_, said) => runInPage(said)));

await check('a workshop takes in who knows the code, and runs a part in a machine of theirs', () =>
  begun(['workshop', '--seats', '1', '--code', 'gull-4821'], 'Stop it with', async (_, said) => {
    assert.match(said, /#presenter=[\w-]{22}/);
    assert.equal(await joinWith('gull-4822'), '/join/#why=wrong-code');
    await runInPage(await joinWith('GULL 4821'));
  }),
);

await check(`the lab ${LAB} is green in a VM`, () => {
  const { status, out } = run(command, 'labs', LAB);
  assert.equal(status, 0, out);
  const results = readFileSync('/tmp/.local/state/kittiwake/results.json', 'utf8');
  assert.doesNotMatch(results, /"outcome": "(failed|not-run)"/);
  assert.match(results, /"outcome": "passed"/);
});
