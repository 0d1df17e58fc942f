// Where a tender is measured: in a network namespace of this machine, or in the lab VM where this machine's KVM is not real.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { startMachine } from '../../labs/vm/machine.ts';
import { Namespace } from '../../test/net/namespace.ts';
import { runtimeTree } from '../runtime.ts';
import { labSnapshot } from '../vm.ts';

/** Longest one measurement takes, in an emulated machine too. */
const LIMIT_MS = 300_000;

export interface Place {
  /** What it is called beside the tender's name; empty for this machine. */
  readonly suffix: string;
  /** Every measurement does so many times less here, because everything takes so many times longer. */
  readonly slower: number;
  /** The path of a program or image of this machine there. */
  put(file: string): Promise<string>;
  /** What a shell script prints there. @throws Error if it fails. */
  shell(script: string): Promise<string>;
  close(): Promise<void>;
}

export async function here(): Promise<Place> {
  const namespace = await Namespace.open();
  return {
    suffix: '',
    slower: 1,
    put: (file) => Promise.resolve(file),
    shell: (script) => namespace.shell(script, LIMIT_MS),
    close: () => namespace.close(),
  };
}

/** A fresh lab VM; what is copied into it lies in /bench. */
async function inLab(): Promise<Place> {
  const machine = await startMachine(await labSnapshot());
  const shell = async (script: string): Promise<string> => {
    let out = '';
    const { exit } = await machine.root.run(`(set -eu\n${script}\n)`, {
      timeoutMs: LIMIT_MS,
      onOutput: (text) => (out += text),
    });
    if (exit !== 0) throw new Error(`exit status ${exit} of a shell in the lab VM:\n${script}\n${out}`);
    return out;
  };
  return {
    suffix: ' in the lab VM',
    slower: 20,
    async put(file) {
      const there = `/bench/${basename(file)}`;
      const text = gzipSync(readFileSync(file)).toString('base64');
      await shell(`mkdir -p /bench; echo ${text} | base64 --decode | gunzip >${there}; chmod 755 ${there}`);
      return there;
    },
    shell,
    close: () => machine.stop(),
  };
}

/** A place with a KVM that runs code on the processor. */
export async function withKvm(): Promise<Place> {
  const { stdout } = spawnSync(join(runtimeTree, 'bin/kittiwake-hvt'), ['--probe-kvm'], { encoding: 'utf8' });
  const { kvm } = JSON.parse(stdout) as { kvm: string };
  return kvm === 'real' ? here() : inLab();
}
