// The kittiwake command in this process, where nothing is installed.
import { installAt } from '../../runtime/cli/install.ts';
import { main } from '../../runtime/cli/main.ts';

/** What `args` come to. */
export async function kittiwake(...args: string[]): Promise<{ status: number; out: string; notes: string }> {
  const did = { status: -1, out: '', notes: '' };
  did.status = await main(args, {
    out: (text) => (did.out += text),
    note: (line) => (did.notes += `${line}\n`),
    colour: false,
    install: installAt('/nonexistent'),
    probeKvm: () => ({ state: 'missing', detail: '' }),
    exec: () => undefined,
  });
  return did;
}
