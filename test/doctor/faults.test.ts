// Doctor on a host that is broken on purpose: it names what is broken and nothing else, and its own command mends it.
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../runtime/doctor/finding.ts';
import { labVm } from '../vm/lab.ts';
import { BUILD, FAULTS, HEALTHY, WORLD } from './faults.ts';

const RUN_LIMIT_MS = 120_000;
const lab = labVm(RUN_LIMIT_MS, async ({ run }) => expect(await run(BUILD)).toEqual({ status: 0, out: '' }));

/** A command line as `as` would type it. */
function typed(line: string, as: 'operator' | undefined): string {
  return as === undefined ? line : `cat >/tmp/line <<'END'\n${line}\nEND\nsu ${as} -c 'sh /tmp/line'`;
}

async function doctor(ask: string, as?: 'operator'): Promise<readonly Finding[]> {
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

async function mends(remedy: string, as: 'operator' | undefined): Promise<void> {
  // A unikernel stays in front of the shell it was started from.
  const stays = remedy.includes('netcheck');
  const line = typed(remedy, as);
  const { out, status } = await lab.run(
    `${WORLD}rm -f /tmp/remedy.log\n${stays ? `(setsid bash -c ${quoted(line)} >/tmp/remedy.log 2>&1 </dev/null &)\nuntil grep -qs ready /tmp/remedy.log; do sleep 0.1; done` : line}`,
  );
  expect(status, out).toBe(0);
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

describe('doctor', { timeout: 4 * RUN_LIMIT_MS }, () => {
  test.each(HEALTHY)('finds nothing where nothing is wrong: %s', async (ask) => {
    expect(wrong(await doctor(ask))).toEqual([]);
  });

  test.each(FAULTS)('$title: $cause', async ({ cause, ask, as, breaks, after }) => {
    const broken = await lab.run(`${WORLD}${breaks}`);
    expect(broken, 'breaking it').toEqual({ status: 0, out: '' });
    const found = (await doctor(ask, as)).filter(({ grade }) => grade === 'failed' || grade === 'limited');
    expect(
      found.map((finding) => finding.cause),
      JSON.stringify(found),
    ).toEqual([cause]);
    const remedy = found[0]?.remedy ?? '';
    await mends(remedy, as);
    const again = remedy.startsWith('kittiwake run --net:service=tap9')
      ? remedy.replace('kittiwake run ', '')
      : ask;
    if (cause !== 'device-undeclared') expect(wrong(await doctor(again, as)), remedy).toEqual([]);
    if (after !== undefined)
      expect(await lab.run(`${WORLD}${after}`), 'putting back').toEqual({ status: 0, out: '' });
  });
});
