// How the lab VM's processor runs. KVM where it is real and can be nested; else QEMU's own emulation, whose emulated AMD
// processor offers virtualisation too. A /dev/kvm that opens may still interpret guest code, hang, or make QEMU abort, so
// it is tried out, in less than two seconds, before anything depends on it.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';

export interface Accelerator {
  readonly name: 'kvm' | 'tcg';
  /** QEMU's options for it. */
  readonly options: readonly string[];
  /** Why it was chosen. */
  readonly reason: string;
}

/** Each of the two trials gets so long; they run one after the other. */
const TRIAL_LIMIT_MS = 950;

const KVM_OPTIONS = ['-accel', 'kvm', '-cpu', 'host'];
// What costs time only: a fifth level of page tables, a switch around each copy to and from a program's memory, bounds of a kind nobody uses. And
// string instructions that are said to be fast (erms): Linux and the C library then copy and clear memory by `rep movsb`, a byte at a time here.
// fsrm, which newer versions of QEMU have too, goes with it: a Linux that is told of one without the other does not boot.
const TCG_OPTIONS = ['-accel', 'tcg', '-cpu', 'max,la57=off,smap=off,mpx=off,erms=off,fsrm=off'];

export const QEMU = 'qemu-system-x86_64';

export interface Probes {
  /** The program that tells what KVM is good for: `kittiwake-hvt --probe-kvm`; where there is none, QEMU has to find out. */
  readonly tender?: readonly [string, ...string[]];
  /** A QEMU that starts with KVM and ends at once, with this status. */
  readonly qemu: readonly [string, ...string[]];
  readonly status?: number;
  /** Where the driver says whether its guests may use virtualisation; the first that exists counts. Missing where that does not matter. */
  readonly nested?: readonly string[];
}

export function defaultProbes(tender: string): Probes {
  return {
    tender: [tender, '--probe-kvm'],
    // -S: no instruction is run; -monitor stdio reads the end of its input as the wish to go on, so it is told to quit.
    qemu: [
      QEMU,
      ...KVM_OPTIONS,
      '-machine',
      'q35',
      '-nodefaults',
      '-display',
      'none',
      '-S',
      '-monitor',
      'stdio',
    ],
    nested: ['/sys/module/kvm_intel/parameters/nested', '/sys/module/kvm_amd/parameters/nested'],
  };
}

/**
 * The same where no tender is at hand, for machines that need no virtualisation of their own: a QEMU whose firmware is a few million steps of a
 * loop, then `status`. A /dev/kvm that interprets takes far longer than the trial may.
 * @param firmware an empty file to write it to.
 */
export function programlessProbes(firmware: string): Probes {
  const rom = Buffer.alloc(64 * 1024, 0xf4);
  // mov ecx, 20000000; 1: dec ecx; jnz 1b; mov al, 16; out 0xf4, al
  rom.write('66b9002d3101664975fcb010e6f4', 0, 'hex');
  // At the reset vector, 16 bytes below the end: jmp to the beginning.
  rom.write('e90d00', 0xfff0, 'hex');
  writeFileSync(firmware, rom);
  const exit = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'];
  return {
    qemu: [
      QEMU,
      ...[...KVM_OPTIONS, '-machine', 'pc', '-nodefaults', '-no-user-config', '-display', 'none'],
      ...['-bios', firmware, '-no-reboot', ...exit],
    ],
    // isa-debug-exit: twice what was written, and one.
    status: 33,
  };
}

interface Trial {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a trial with `input`, for no longer than the limit; status null is no end in time, or a signal. */
function attempt([program, ...args]: readonly [string, ...string[]], input: string): Promise<Trial> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    let output = '';
    const finish = (status: number | null): void => {
      clearTimeout(timer);
      // What hangs in a driver cannot be killed yet; it must not be waited for either.
      child.kill(constants.signals.SIGKILL);
      child.stdout.destroy();
      child.unref();
      resolve({ status, output });
    };
    const timer = setTimeout(() => finish(null), TRIAL_LIMIT_MS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4096)));
    child.stdin.on('error', () => undefined).end(input);
    child.on('error', () => finish(null)).on('close', finish);
  });
}

/** QEMU's emulation, which is there on every host. */
export function emulated(reason: string): Accelerator {
  return { name: 'tcg', options: TCG_OPTIONS, reason };
}

/** Chooses; never fails, since emulation works everywhere. */
export async function chooseAccelerator(probes: Probes): Promise<Accelerator> {
  if (probes.tender) {
    const asked = await attempt(probes.tender, '');
    const answer = /"kvm":"(\w+)"/.exec(asked.output)?.[1];
    if (answer === undefined) return emulated('the trial of /dev/kvm did not end in time');
    if (answer !== 'real') return emulated(`/dev/kvm is ${answer}`);
  }
  if (probes.nested && !mayNest(probes.nested))
    return emulated("the host's KVM does not let its guests use virtualisation (nested=0)");
  const started = await attempt(probes.qemu, 'quit\n');
  if (started.status !== (probes.status ?? 0)) return emulated('QEMU does not start with this /dev/kvm');
  return {
    name: 'kvm',
    options: KVM_OPTIONS,
    reason: `/dev/kvm is real${probes.nested ? ', and its guests may use virtualisation' : ''}`,
  };
}

function mayNest(files: readonly string[]): boolean {
  for (const file of files) {
    try {
      return /^[Y1]/.test(readFileSync(file, 'utf8'));
    } catch {
      // The other vendor's driver.
    }
  }
  return false;
}
