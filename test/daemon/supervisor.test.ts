// A unikernel's life, with a tender that is made up and a clock that goes when it is told to.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Ended } from '../../runtime/daemon/ended.ts';
import { FAILURES_MAX } from '../../runtime/daemon/restart.ts';
import { Supervisor, type Launcher } from '../../runtime/daemon/supervisor.ts';
import type { Unikernel } from '../../runtime/daemon/table.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

interface Start {
  readonly addName: boolean;
  readonly end: (ended: Ended) => void;
  readonly print: (text: string) => void;
  readonly signals: string[];
}

/** Tenders that do as the test says. They end by SIGKILL, and by SIGTERM unless they are `deaf`. */
function host(): { launcher: Launcher; starts: Start[]; refuse: (why?: string) => void; deaf: () => void } {
  const starts: Start[] = [];
  let refusal: string | undefined;
  let listens = true;
  const launcher: Launcher = {
    start(_, addName, output) {
      if (refusal !== undefined) return Promise.reject(new Error(refusal));
      const { promise, resolve } = Promise.withResolvers<Ended>();
      const signals: string[] = [];
      starts.push({ addName, end: resolve, print: (text) => output(Buffer.from(text)), signals });
      const kill = (signal: string): void => {
        signals.push(signal);
        if (listens || signal === 'SIGKILL') resolve({ signal });
      };
      const leave = (): void => undefined;
      return Promise.resolve({ pid: starts.length, since: new Date(), ended: promise, kill, leave });
    },
    adopt: () => Promise.resolve({ kind: 'none' }),
    release: () => Promise.resolve(),
    sweep: () => Promise.resolve([]),
  };
  return { launcher, starts, refuse: (why) => (refusal = why), deaf: () => (listens = false) };
}

function unikernel(changes: Partial<Unikernel['config']> = {}): Unikernel {
  const config = {
    typ: 'solo5',
    addName: true,
    failBehaviour: { kind: 'restart', value: [] },
    cpuids: [0],
    memory: 32,
    blocks: [],
    bridges: [],
    cpus: 1,
    ...changes,
  } as const;
  return { name: { path: [], label: 'x' }, digest: '', config };
}

function supervised(of = unikernel()) {
  const made = host();
  const said = { lines: [] as string[], ended: [] as string[], events: [] as string[] };
  const supervisor = new Supervisor(of, made.launcher, {
    lines: (lines) => said.lines.push(...lines.map(({ line }) => line)),
    ended: ({ why }) => said.ended.push(why),
    event: (text) => said.events.push(text),
  });
  return { ...made, supervisor, said };
}

const passed = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('one that fails', () => {
  test('is started again after longer and longer, and left alone at last', async () => {
    const { supervisor, starts, said } = supervised();
    await supervisor.start();
    for (let n = 1; n <= FAILURES_MAX; n += 1) {
      expect(starts).toHaveLength(n);
      starts.at(-1)?.end({ status: 2 });
      await passed(0);
      expect(supervisor.state.kind).toBe('waiting');
      await passed(400_000);
    }
    starts.at(-1)?.end({ status: 2 });
    await passed(1_000_000);
    expect(starts).toHaveLength(FAILURES_MAX + 1);
    expect(said.ended).toEqual([`ended with status 2, ${FAILURES_MAX} times in a row; it is left alone`]);
  });

  test('does not spin: in its first second it is started twice at most', async () => {
    const { supervisor, starts } = supervised();
    await supervisor.start();
    for (let ms = 0; ms < 1000; ms += 10) {
      starts.at(-1)?.end({ status: 2 });
      await passed(10);
    }
    expect(starts).toHaveLength(2);
  });

  test('after a good run is started again as if for the first time', async () => {
    const { supervisor, starts } = supervised();
    await supervisor.start();
    for (let n = 0; n < 5; n += 1) {
      starts.at(-1)?.end({ status: 2 });
      await passed(60_000);
    }
    await passed(700_000);
    starts.at(-1)?.end({ status: 2 });
    await passed(0);
    expect(supervisor.state).toMatchObject({ kind: 'waiting', failures: 1 });
  });

  test('and was not to be started again has ended', async () => {
    const { supervisor, starts, said } = supervised(unikernel({ failBehaviour: { kind: 'quit' } }));
    await supervisor.start();
    starts[0]?.end({ status: 0 });
    await passed(1_000_000);
    expect(starts).toHaveLength(1);
    expect(said.ended).toEqual(['ended with status 0']);
  });
});

test('one that does not know --name is started again without, at once and once', async () => {
  const { supervisor, starts, said } = supervised(unikernel({ failBehaviour: { kind: 'quit' } }));
  await supervisor.start();
  starts[0]?.end({ status: 64 });
  await passed(0);
  expect(starts.map(({ addName }) => addName)).toEqual([true, false]);
  starts[1]?.end({ status: 64 });
  await passed(1_000_000);
  expect(starts).toHaveLength(2);
  expect(said.ended).toEqual(['ended with status 64']);
});

test('one that cannot be started at first, for want of a bridge, is tried again and never forgotten', async () => {
  const { supervisor, starts, refuse, said } = supervised();
  refuse('bridge br0: there is none');
  supervisor.startLater('bridge br0: there is none');
  await passed(20_000);
  expect(starts).toHaveLength(0);
  expect(supervisor.state.kind).toBe('waiting');
  refuse();
  await passed(400_000);
  expect(supervisor.state.kind).toBe('running');
  expect(said.events).toContain('could not be started: bridge br0: there is none');
});

describe('to stop one', () => {
  test('it is asked, and not started again', async () => {
    const { supervisor, starts, said } = supervised();
    await supervisor.start();
    expect(await supervisor.stop()).toBe('running');
    await passed(1_000_000);
    expect(starts).toHaveLength(1);
    expect(starts[0]?.signals).toEqual(['SIGTERM']);
    expect(said.ended).toEqual([]);
  });

  test('that does not listen, it is killed', async () => {
    const { supervisor, starts, deaf } = supervised();
    deaf();
    await supervisor.start();
    const stopped = supervisor.stop();
    await passed(9_999);
    expect(starts[0]?.signals).toEqual(['SIGTERM']);
    await passed(1);
    expect(await stopped).toBe('running');
    expect(starts[0]?.signals).toEqual(['SIGTERM', 'SIGKILL']);
  });

  test('that waits to be started again, nothing is started any more', async () => {
    const { supervisor, starts } = supervised();
    await supervisor.start();
    starts[0]?.end({ status: 2 });
    await passed(0);
    expect(await supervisor.stop()).toBe('waiting');
    await passed(1_000_000);
    expect(starts).toHaveLength(1);
  });
});

test('what it prints is told line by line, the last without an end when it ends', async () => {
  const { supervisor, starts, said } = supervised(unikernel({ failBehaviour: { kind: 'quit' } }));
  await supervisor.start();
  starts[0]?.print('one\ntw');
  expect(said.lines).toEqual(['one']);
  starts[0]?.print('o');
  starts[0]?.end({ status: 0 });
  await passed(0);
  expect(said.lines).toEqual(['one', 'two']);
});
