// What a unikernel uses, in plain numbers: bytes, seconds, and in and out as the unikernel sees them.
import type { Statistics } from '../protocol/data.ts';

/** Bytes of a page: what the protocol counts resident memory in. */
const PAGE = 4096n;

const counts = (frames: bigint, bytes: bigint, errors: bigint, dropped: bigint) => ({
  ...{ frames: Number(frames), bytes: Number(bytes), errors: Number(errors), dropped: Number(dropped) },
});

export const residentOf = ({ memory, rusage }: Statistics): number =>
  Number((memory?.rss ?? rusage.maxrss) * PAGE);

export function plainStatistics(statistics: Statistics) {
  const { rusage, memory, interfaces, vmm } = statistics;
  return {
    cpu: { user: Number(rusage.utime) / 1e6, system: Number(rusage.stime) / 1e6 },
    memory: {
      resident: residentOf(statistics),
      most: Number(rusage.maxrss * PAGE),
      virtual: memory && Number(memory.vsize),
    },
    faults: { minor: Number(rusage.minflt), major: Number(rusage.majflt) },
    switches: { voluntary: Number(rusage.nvcsw), involuntary: Number(rusage.nivcsw) },
    started: memory && new Date(Number(memory.start / 1000n)),
    // What the host sent to an interface came in.
    networks: interfaces.map((one) => ({
      name: one.bridge,
      mtu: one.mtu,
      in: counts(one.outputPackets, one.outputBytes, one.outputErrors, one.outputDropped),
      out: counts(one.inputPackets, one.inputBytes, one.inputErrors, one.inputDropped),
    })),
    counters: vmm && Object.fromEntries(vmm.map((one) => [one.name, Number(one.value)])),
  };
}
