// The command line of kittiwaked.
import { expect, test } from 'vitest';
import { parseOptions } from '../../runtime/daemon/options.ts';

test('folders may be given as seen from where it is started', () => {
  expect(parseOptions(['--state', 'state', '--run', './run', '--sockets', '/s'])).toEqual({
    ...{ sockets: '/s', state: `${process.cwd()}/state`, run: `${process.cwd()}/run` },
    ...{ reach: 'ancestors', statsMs: 2000, cgroup: undefined },
  });
});

test('policies are of all ancestors or of the own path, and nothing else', () => {
  expect(parseOptions(['--policies', 'own'])).toMatchObject({ reach: 'own' });
  expect(() => parseOptions(['--policies', 'none'])).toThrow("'none' is neither ancestors nor own");
});

test('statistics come every so many seconds', () => {
  expect(parseOptions(['--stats-interval', '10'])).toMatchObject({ statsMs: 10_000 });
  for (const wrong of ['0', '-1', '1.5', '', 'often', '86401', '1e3'])
    expect(() => parseOptions([`--stats-interval=${wrong}`])).toThrow("'--stats-interval'");
});
