// What a lab leaves behind: the machine before its first part beside the machine after its last.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VmError } from '../vm/errors.ts';
import type { Shell } from '../vm/shell.ts';

const LIMIT_MS = 300_000;
/** Far more than a machine's state is, in characters. */
const STATE_MAX = 4 << 20;

/** What there is, a fact a line (`facts`), in the machine that `root`, a shell of root's, is in. @throws VmError where it does not tell. */
export async function stateOf(root: Shell): Promise<ReadonlySet<string>> {
  const script = await readFile(join(import.meta.dirname, 'state.sh'), 'utf8');
  let text = '';
  const { exit } = await root.run(script, {
    timeoutMs: LIMIT_MS,
    onOutput: (piece) => (text = (text + piece).slice(0, STATE_MAX)),
  });
  if (exit !== 0) throw new VmError(`the lab VM does not tell what there is in it: ${text.slice(-200)}`);
  return facts(text);
}

/** They come and go as they like: kernel threads, udev's workers, what an agent waits with. */
const NOBODYS = /^(\[kthreadd\]|\(udev-worker\)|sleep 0\.2)$/;
const KTHREADD = '2';
/**
 * The first 'ip netns add' mounts the one upon itself for good, and the namespaces have a section; systemd mounts the other when somebody looks
 * there, as 'sysctl -a' does.
 */
const BY_ITSELF = ['/run/netns', '/proc/sys/fs/binfmt_misc'];

/** What each section of state.sh says in a line; nothing of what is no fact. `about` is what stands beside the section's name. */
const FACTS: Readonly<Record<string, (line: string, about: string) => string | undefined>> = {
  link: (line) => words(line, 0, 1),
  address: (line) => words(line, 1, 2, 3),
  route: (line) => line.replace(/ expires \d+sec/, '').trim(),
  mount: (line) => {
    const [place, kind] = line.split(' - ');
    const target = words(place ?? '', 4);
    return BY_ITSELF.includes(target) ? undefined : `${target} ${words(kind ?? '', 0)}`;
  },
  unit: (line) => words(line, 0, 2),
  process: (line, self) => {
    const [, pid, parent, user, command = ''] = /^ *(\d+) +(\d+) (\S+) +(.*?) *$/.exec(line) ?? [];
    if (parent === KTHREADD || pid === self || parent === self || NOBODYS.test(command)) return undefined;
    return `${user} ${command}`;
  },
};

function words(line: string, ...which: readonly number[]): string {
  const all = line.trim().split(/\s+/);
  return which.map((index) => all[index] ?? '').join(' ');
}

/** What state.sh printed as facts: its section's name and what it says of one thing, and how many of those there are. */
export function facts(text: string): ReadonlySet<string> {
  const counted = new Map<string, number>();
  for (const section of text.replaceAll('\r\n', '\n').split('\x1e').slice(1)) {
    const [head = '', ...lines] = section.replace(/\n$/, '').split('\n');
    const [name = '', about = ''] = head.split(' ');
    for (const line of lines) {
      const said = FACTS[name] ? FACTS[name](line, about) : line.trimEnd();
      if (said) counted.set(`${name} ${said}`, (counted.get(`${name} ${said}`) ?? 0) + 1);
    }
  }
  return new Set([...counted].map(([fact, count]) => (count > 1 ? `${fact} (${count} times)` : fact)));
}

/** What differs, a line each: `+` is left behind, `-` is gone. */
export function leftovers(before: ReadonlySet<string>, after: ReadonlySet<string>): string[] {
  const only = (a: ReadonlySet<string>, b: ReadonlySet<string>, sign: string): string[] =>
    [...a].filter((fact) => !b.has(fact)).map((fact) => `${sign} ${fact}`);
  return [...only(after, before, '+'), ...only(before, after, '-')];
}
