// The command line of kittiwake doctor: what is asked for, and what makes no sense.
import { expect, test } from 'vitest';
import { parseDoctor } from '../../runtime/cli/doctor-request.ts';

test('what is not ours is left for whoever runs an image', () => {
  expect(parseDoctor(['--json', '--net:service=tap0', 'a.spt', '--reach=192.0.2.2', '--', '--json'])).toEqual(
    {
      ...{ json: true, reach: '192.0.2.2' },
      rest: ['--net:service=tap0', 'a.spt', '--', '--json'],
    },
  );
});

test.each(['--address=10.0.0.2', '--gateway=10.0.0.1', '--reach=192.0.2.2', '--routed'])(
  '%s says nothing about a host',
  (option) => {
    expect(() => parseDoctor([option])).toThrow(/name a network, a unikernel's address, or a tap/);
    expect(parseDoctor([option, '--tap', 'tap0']).tap).toBe('tap0');
    expect(parseDoctor([option, 'web']).rest).toEqual(['web']);
  },
);
