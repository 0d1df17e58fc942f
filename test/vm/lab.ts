// A lab VM for a file of tests, or for a part of one: it runs before they begin and is gone after them.
import { afterAll, beforeAll } from 'vitest';
import { startMachine, type Machine } from '../../labs/vm/machine.ts';
import { addProcessor } from '../../labs/vm/processor.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { labSnapshot } from '../../scripts/vm.ts';

/** Where no lab VM is in the cache one is built first. */
const BUILD_LIMIT_MS = 900_000;

export interface Ran {
  readonly status: number | null;
  /** Standard output and standard error, in their order. */
  readonly out: string;
}

export interface Lab {
  /** How its processor is had, such as 'kvm'. */
  readonly accelerator: () => string;
  /** Runs a shell script as root. */
  readonly run: (script: string) => Promise<Ran>;
  /** Gives it a second processor. */
  readonly addProcessor: () => Promise<void>;
}

/** The lab VM of the tests beside the call. No script of theirs takes longer than `limitMs`; `prepare` is run once, before them. */
export function labVm(limitMs: number, prepare?: (lab: Lab) => Promise<unknown>): Lab {
  let machine: Machine | undefined;
  let accelerator = '';
  const lab: Lab = {
    accelerator: () => accelerator,
    async run(script) {
      let out = '';
      const ran = await machine?.root.run(`(${script}\n) 2>&1`, {
        timeoutMs: limitMs,
        onOutput: (text) => (out += text),
      });
      return { status: ran?.exit ?? null, out };
    },
    async addProcessor() {
      if (machine !== undefined) await addProcessor(machine);
    },
  };
  beforeAll(async () => {
    const snapshot = inOneThread(await labSnapshot());
    accelerator = snapshot.accelerator.name;
    machine = await startMachine(snapshot);
    await prepare?.(lab);
  }, BUILD_LIMIT_MS);
  afterAll(() => machine?.stop());
  return lab;
}

/**
 * All processors emulated by turns. With a thread for each, QEMU 7.2 sometimes goes on with its old translation of code that Linux has just patched,
 * as it patches its scheduler for the first guest of KVM's and behind the last: a processor then traps for ever, and the machine stands still.
 */
function inOneThread({ hardware, ...snapshot }: Snapshot): Snapshot {
  const options = hardware.accelerator.options.map((option) =>
    option === 'tcg' ? 'tcg,thread=single' : option,
  );
  return { ...snapshot, hardware: { ...hardware, accelerator: { ...hardware.accelerator, options } } };
}

/** The words of a shell script that writes `bytes` to `file`, a word of the shell's too. */
export function written(bytes: Buffer, file: string): string {
  return `echo ${bytes.toString('base64')} | base64 -d > ${file}`;
}
