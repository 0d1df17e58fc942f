// Whether hvt images can run here, in words. The tender probes, since only running guest code tells a real KVM from one
// that interprets it; this file turns its answer into what a person can do about it.
import { CommandError, EXIT, type ExitStatus } from './errors.ts';
import type { Install } from './install.ts';

export const KVM_STATES = ['real', 'emulating', 'missing', 'forbidden', 'busy', 'unsupported'] as const;
export type KvmState = (typeof KVM_STATES)[number];

export interface Kvm {
  readonly state: KvmState;
  /** What the tender saw. */
  readonly detail: string;
}

/** Longest a probe may take; the tender bounds itself to 10 s, and more where the host does much else. */
const PROBE_LIMIT_MS = 120_000;

/**
 * Asks the tender what KVM is good for here.
 * @throws CommandError `software` when the tender cannot be run or answers nonsense.
 */
export function probeKvm(install: Install): Kvm {
  // Every command loads this file, and few ask: Node's part for processes is loaded for those alone.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const tender = install.tender('hvt');
  const probe = spawnSync(tender, ['--probe-kvm'], {
    encoding: 'utf8',
    timeout: PROBE_LIMIT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if ((probe.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    throw new CommandError(EXIT.software, `${tender}: missing; install Kittiwake again`);
  }
  if (probe.error)
    return { state: 'emulating', detail: `the probe did not end within ${PROBE_LIMIT_MS / 1000} s` };
  try {
    const { kvm, detail } = JSON.parse(probe.stdout) as { kvm: KvmState; detail: string };
    if (KVM_STATES.includes(kvm)) return { state: kvm, detail };
  } catch {
    // Told below: whatever it printed, it is not an answer.
  }
  throw new CommandError(EXIT.software, `${tender}: gave no answer to --probe-kvm; install Kittiwake again`);
}

/** What stands in the way of hvt, what to do, and the exit status; undefined where nothing does. */
export function kvmTrouble({
  state,
  detail,
}: Kvm): { cause: string; remedy: string; status: ExitStatus } | undefined {
  switch (state) {
    case 'real':
      return undefined;
    case 'missing':
      return {
        cause: '/dev/kvm does not exist',
        remedy: `switch on virtualisation in the firmware and 'sudo modprobe kvm_intel' or 'kvm_amd' (in a virtual machine: allow nested virtualisation)`,
        status: EXIT.unavailable,
      };
    case 'forbidden':
      return {
        cause: 'you may not open /dev/kvm',
        remedy: `'sudo usermod -aG kvm $USER', then log in again`,
        status: EXIT.permission,
      };
    case 'busy':
      return {
        cause: 'another hypervisor (VirtualBox, VMware, …) holds the processor',
        remedy: 'stop its virtual machines first',
        status: EXIT.unavailable,
      };
    case 'emulating':
      return {
        cause: '/dev/kvm opens, but this host interprets guest code instead of running it',
        remedy: 'use a host with real KVM',
        status: EXIT.unavailable,
      };
    case 'unsupported':
      return {
        cause: `this KVM lacks what the tender needs (${detail})`,
        remedy: 'use a newer kernel',
        status: EXIT.unavailable,
      };
  }
}
