// A part that starts something that goes on: what it prints goes to a file in its machine, its console, until the lab ends.
import { setTimeout as delay } from 'node:timers/promises';
import type { Shell } from '../vm/shell.ts';
import { shellWord } from '../vm/quote.ts';
import { runCommands, type Ran } from './commands.ts';
import type { Part } from './lab.ts';
import type { Ready } from './options.ts';

/** How long between two looks whether it is ready. */
const LOOK_MS = 100;
/** It is asked to end, and has so many tenths of a second to do it. */
const GRACE_TENTHS = 50;
/** Of a console, in characters. */
const CONSOLE_MAX = 64 * 1024;

export class Background {
  readonly #asRoot: (script: string) => Promise<string>;
  /** In memory, so that it is there in a machine that was frozen; its name and what follows in other names. */
  readonly #file: string;

  /** Of `part`, in whose machine `asRoot` runs scripts and returns what they print. */
  constructor(part: Part, asRoot: (script: string) => Promise<string>) {
    this.#asRoot = asRoot;
    this.#file = `/dev/shm/lab.${part.name}`;
  }

  /**
   * Runs `commands` in `shell` and waits until what they left running is `ready`, but not longer than `limitMs`. What they printed is then
   * their transcript, up to the line that says they are ready.
   */
  async start(
    shell: Shell,
    commands: string,
    ready: Ready,
    limitMs: number,
    onOutput: (text: string) => void,
  ): Promise<Ran> {
    const started = performance.now();
    const left = (): number => Math.max(1, limitMs - (performance.now() - started));
    const silent = { onOutput: () => undefined };
    await shell.run(`jobs -p > ${this.#file}.before`, { timeoutMs: left(), ...silent });
    const began = `eval ${shellWord(commands)} > ${this.#file}.out 2>&1`;
    let ran = await runCommands(shell, began, left(), undefined, () => undefined);
    if (ran.exit !== null && !ran.gone)
      await shell.run(`jobs -p > ${this.#file}.jobs`, { timeoutMs: left(), ...silent });
    let heard = 0;
    for (;;) {
      const { alive, listens, text } = await this.#look('port' in ready ? ready.port : undefined);
      onOutput(text.slice(heard));
      heard = Math.max(heard, text.length);
      const end = 'port' in ready ? (listens ? text.length : undefined) : endOfLine(text, ready.line);
      const transcript = text.slice(0, end).replace(/\n+$/, '');
      ran = { ...ran, durationMs: Math.round(performance.now() - started), transcript };
      if (end !== undefined || ran.exit !== 0 || ran.gone) return ran;
      if (!alive) return { ...ran, trouble: 'it ended before it was ready' };
      if (performance.now() - started > limitMs)
        return { ...ran, trouble: 'it was not ready within its budget' };
      await delay(LOOK_MS);
    }
  }

  /** Ends what runs, with SIGTERM and where that does not help with SIGKILL. Returns all that it printed. */
  async stop(): Promise<string> {
    const script = `alive=$(${this.#alive()})
if [ -n "$alive" ]; then
  kill -TERM $alive
  for i in $(seq ${GRACE_TENTHS}); do
    alive=$(${this.#alive()})
    [ -n "$alive" ] || break
    sleep 0.1
  done
  for pid in $alive; do pkill -KILL -P $pid; kill -KILL $pid; done
fi 2> /dev/null
head -c ${CONSOLE_MAX} ${this.#file}.out 2> /dev/null
rm -f ${this.#file}.*`;
    return (await this.#asRoot(script)).replace(/\n+$/, '');
  }

  /** Those of its processes that run: the jobs its shell has now and had not before. */
  #alive(): string {
    const { before, jobs } = { before: `${this.#file}.before`, jobs: `${this.#file}.jobs` };
    return `grep -vxFf ${before} ${jobs} 2> /dev/null | while read -r pid; do [ ! -d /proc/$pid ] || echo $pid; done`;
  }

  async #look(
    port: number | undefined,
  ): Promise<{ readonly alive: boolean; readonly listens: boolean; readonly text: string }> {
    const listens = port === undefined ? '' : `$(ss -Hltn 'sport = :${port}' | wc -l)`;
    const said = await this.#asRoot(
      `echo $(${this.#alive()}); echo ${listens}; head -c ${CONSOLE_MAX} ${this.#file}.out`,
    );
    const [, alive = '', count = '', text = ''] = /^(.*)\n(.*)\n([^]*)$/.exec(said) ?? [];
    return { alive: alive !== '', listens: Number(count) > 0, text };
  }
}

/** Where the line ends, in `text`, that `pattern` is found in. */
function endOfLine(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text);
  if (!found) return undefined;
  const end = text.indexOf('\n', found.index + found[0].length);
  return end < 0 ? undefined : end;
}
