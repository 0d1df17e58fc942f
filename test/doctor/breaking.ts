// A host that is broken on purpose: doctor names what is broken and nothing else, and its own command mends it.
import { expect, test } from 'vitest';
import type { Finding } from '../../runtime/doctor/finding.ts';
import { labVm, type Lab } from '../vm/lab.ts';
import { BUILD, WORLD, type Fault } from './faults.ts';

const RUN_LIMIT_MS = 300_000;

/** A command line as `as` would type it. */
function typed(line: string, as: 'operator' | undefined): string {
  return as === undefined ? line : `cat >/tmp/line <<'END'\n${line}\nEND\nsu ${as} -c 'sh /tmp/line'`;
}

async function doctor(lab: Lab, ask: string, as?: 'operator'): Promise<readonly Finding[]> {
  const { out } = await lab.run(
    `export PATH=$PATH:/usr/sbin:/sbin\n${typed(`kittiwake doctor --json ${ask}`, as)}`,
  );
  expect(out).toMatch(/^\{"ok":.*\}\n$/);
  return (JSON.parse(out) as { findings: readonly Finding[] }).findings;
}

/** All that is not as it should be; what an ordinary user may not see is neither. */
const wrong = (findings: readonly Finding[]): readonly string[] =>
  findings.flatMap(({ grade, cause, says }) =>
    grade === 'failed' || grade === 'limited' ? [`${cause}: ${says}`] : [],
  );

async function mends(lab: Lab, remedy: string, as: 'operator' | undefined): Promise<void> {
  // A unikernel stays in front of the shell it was started from.
  const stays = remedy.includes('netcheck');
  const line = typed(remedy, as);
  const { out, status } = await lab.run(
    `${WORLD}rm -f /tmp/remedy.log\n${stays ? `(setsid bash -c ${quoted(line)} >/tmp/remedy.log 2>&1 </dev/null &)\nuntil grep -qs ready /tmp/remedy.log; do sleep 0.1; done` : line}`,
  );
  expect(status, out).toBe(0);
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The command that advice holds, with what only the person knows. */
function filledIn(advice = '', knows: Fault['knows'] = {}): string {
  const [, command = ''] = /'(sudo [^']+)'/.exec(advice) ?? [];
  return Object.entries(knows).reduce((line, [word, text]) => line.replace(word, text), command);
}

/** Tests that ask doctor each of `healthy`, and break a host of their own by each of `faults` in turn. */
export function breaking(healthy: readonly string[], faults: readonly Fault[]): void {
  const lab = labVm(RUN_LIMIT_MS, async ({ run }) =>
    expect(await run(BUILD)).toEqual({ status: 0, out: '' }),
  );
  const quietly = async (script: string, what: string): Promise<void> =>
    expect(await lab.run(`${WORLD}${script}`), what).toEqual({ status: 0, out: '' });

  test.each(healthy)('nothing is found where nothing is wrong: %s', async (ask) => {
    expect(wrong(await doctor(lab, ask))).toEqual([]);
  });

  test.each(faults)(
    '$title: $cause',
    async ({ cause, ask, as, breaks, knows, manager, after }) => {
      await quietly(breaks, 'breaking it');
      const found = (await doctor(lab, ask, as)).filter(
        ({ grade }) => grade === 'failed' || grade === 'limited',
      );
      const causes = found.map((finding) => finding.cause);
      expect(causes, JSON.stringify(found)).toEqual([cause]);
      const remedy = found[0]?.remedy ?? filledIn(found[0]?.advice, knows);
      await mends(lab, remedy, as);
      if (manager !== undefined) await quietly(manager, 'what follows from it');
      const again = remedy.startsWith('kittiwake run --net:service=tap9')
        ? remedy.replace('kittiwake run ', '')
        : ask;
      if (cause !== 'device-undeclared') expect(wrong(await doctor(lab, again, as)), remedy).toEqual([]);
      if (after !== undefined) await quietly(after, 'putting back');
    },
    4 * RUN_LIMIT_MS,
  );
}
