// Whose shell each part runs in, and in which directory, from the script and the recording alone.
import { expect, test } from 'vitest';
import { parseLab, parseRecording } from '../../labs/runner/lab.ts';
import { placesOf, promptOf } from '../../labs/runner/places.ts';

function prompts(script: string, recording = ''): string[] {
  const lab = parseLab('x/y', `#: lab T\n${script}`);
  return [...placesOf(lab, parseRecording('x/y', recording)).values()].map(promptOf);
}

const part = (name: string, options = ''): string => `#: part ${name} ${options}\ntrue\n`;

test('a lab begins at home, and each user has a shell of their own', () => {
  expect(prompts(part('a') + part('b', 'user=root') + part('c'))).toEqual([
    'operator@lab:~$',
    'root@lab:~#',
    'operator@lab:~$',
  ]);
});

test('a shell stays where a part was to run, or where its commands went, as recorded', () => {
  const script = part('a', 'in=/etc user=root') + part('b', 'user=root') + part('c') + part('d');
  expect(prompts(script, '#: part c exit=0 ends-in=~/new\n')).toEqual([
    'root@lab:/etc#',
    'root@lab:/etc#',
    'operator@lab:~$',
    'operator@lab:~/new$',
  ]);
});

test('another machine has shells of its own, and restarts alone', () => {
  const script = `#: machine pc\n${part('a', 'in=/tmp')}${part('b', 'on=pc in=/etc')}${part('c', 'on=pc restarts')}${part('d', 'on=pc')}${part('e')}`;
  expect(prompts(script)).toEqual([
    'operator@lab:/tmp$',
    'operator@pc:/etc$',
    'operator@pc:/etc$',
    'operator@pc:~$',
    'operator@lab:/tmp$',
  ]);
});

test('a machine that has restarted has new shells', () => {
  const script =
    part('a', 'in=/tmp') +
    part('b', 'user=root in=/etc') +
    part('c', 'restarts') +
    part('d') +
    part('e', 'user=root');
  expect(prompts(script).slice(-2)).toEqual(['operator@lab:~$', 'root@lab:~#']);
});
