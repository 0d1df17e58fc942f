// npm start, typed by an ordinary user: the page in the browser comes from the unikernel, and where that cannot be, from a plain server that says so.
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect, test } from '@playwright/test';
import { freePort } from '../../scripts/setup/free-port.ts';
import { end, said, start, whyNot } from './programs.ts';

/** Whoever is root becomes an ordinary user who owns this folder: of another user namespace, without a privilege outside it. */
const ORDINARY = process.getuid?.() === 0 ? ['unshare', '--user', '--map-user=1000', '--map-group=1000'] : [];

/** Hides the tender from whatever program's words follow. */
const TENDERLESS = [
  ...['unshare', '--map-root-user', '--mount', 'sh', '-c'],
  ...['mount --bind /dev/null build/runtime/bin/kittiwake-spt && exec "$@"', 'sh'],
];

/** `npm start` as who `user` makes of us. */
function npmStart(user: readonly string[], port: number): string[] {
  return [...user, 'npm', 'start', '--', `--port=${port}`];
}

const READY = 'The handbook is at';

test('npm start as an ordinary user serves the handbook by the unikernel', async ({ page }) => {
  const reason = whyNot([...ORDINARY, 'true']);
  test.skip(reason !== undefined, reason);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const npm = start(npmStart(ORDINARY, port));
  try {
    const { line } = await said(npm, READY);
    expect(line).toMatch(new RegExp(`^${READY} ${url}#lab=[\\w-]{22}, served by the unikernel website$`));
    const response = await page.goto(url);
    expect(response?.status()).toBe(200);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/\S/);
    // A name that was pointed at this machine from outside is not answered; the lab server behind the same port is.
    const [{ statusCode }] = (await once(
      get(url, { headers: { Host: `elsewhere.example:${port}` }, agent: false }),
      'response',
    )) as [IncomingMessage];
    expect(statusCode).toBe(421);
    const entrance = await page.evaluate(async () => (await fetch('/-/lab')).json() as Promise<unknown>);
    expect(entrance).toEqual({ version: 1 });
    // Without the token it goes no further; that the pages' policy lets it come so far is part of what is tested.
    const code = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const socket = new WebSocket('/-/lab');
          socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', token: 'guessed' }));
          socket.onclose = (event) => resolve(event.code);
        }),
    );
    expect(code).toBe(4401);
  } finally {
    await end(npm);
  }
});

test('npm start without a tender that runs serves it by a plain server, and says why', async ({ page }) => {
  const reason = whyNot([...TENDERLESS, 'true']);
  test.skip(reason !== undefined, reason);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const npm = start(npmStart(TENDERLESS, port));
  try {
    const { line, all } = await said(npm, READY);
    expect(line).toContain(
      ', served by a plain server, because the unikernel ended with status 70, see above',
    );
    expect(all).toContain('bin/kittiwake-spt: cannot be run');
    const response = await page.goto(url);
    expect(response?.status()).toBe(200);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/\S/);
  } finally {
    await end(npm);
  }
});
