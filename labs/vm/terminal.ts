// A person's terminal in a lab machine: raw keys in, screen out, window size told once at the start.
import { once } from 'node:events';
import { VmError } from './errors.ts';
import type { Machine } from './machine.ts';

/** Joins this process's terminal to the machine until the person leaves. @throws VmError without a terminal. */
export async function attachTerminal(machine: Machine): Promise<void> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new VmError(
      "'vm shell' needs a terminal; to run something unattended, write a lab and use 'npm run labs'",
    );
  }
  const line = await machine.qemu.line('terminal');
  const size = `LINES=${stdout.rows}\nCOLUMNS=${stdout.columns}\nTERM=${termOf(process.env['TERM'])}\n`;
  await machine.root.run(
    `printf %s '${size}' > /run/lab-terminal.env; systemctl start lab-terminal.service`,
    {
      timeoutMs: 30_000,
      onOutput: () => undefined,
    },
  );
  const resize = (): void => {
    if (!stdout.rows) return; // a terminal without a size
    void machine.root
      .run(`stty -F /dev/hvc0 rows ${stdout.rows} cols ${stdout.columns}`, {
        timeoutMs: 5000,
        onOutput: () => undefined,
      })
      .catch(() => undefined);
  };
  stdin.setRawMode(true);
  stdout.on('resize', resize);
  stdin.pipe(line);
  line.pipe(stdout);
  try {
    resize();
    await Promise.race([once(line, 'close'), machine.qemu.ended()]);
  } finally {
    stdout.off('resize', resize);
    stdin.unpipe(line).setRawMode(false).pause();
  }
}

/** The terminal's kind, if the machine is likely to know it. */
function termOf(term: string | undefined): string {
  return term && /^(xterm|screen|tmux|vt|linux|ansi)[\w.+-]*$/.test(term) ? term : 'xterm-256color';
}
