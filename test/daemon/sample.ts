// Statistics of a process that is not there.
import { usageOf } from '../../runtime/daemon/process.ts';
import type { Statistics } from '../../runtime/protocol/data.ts';

/** Of a process that began `start` seconds after 1970 and has had `ticks` hundredths of a second as a user, with `pages` resident. */
export function statisticsOf({ ticks = 0, pages = 0, start = 0 } = {}): Statistics {
  const fields = Array.from({ length: 50 }, () => 0);
  [fields[14 - 3], fields[24 - 3]] = [ticks, pages];
  const stat = `1 (x) S ${fields.slice(1).join(' ')}\n`;
  return { ...usageOf(stat, '0 0 0 0 0 0 0\n', '', `btime ${start}\n`), interfaces: [] };
}
