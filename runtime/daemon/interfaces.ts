// What Linux counts of the host's interfaces: /proc/net/dev has all of them in one reading (proc(5)).

export interface InterfaceCounters {
  /** From whoever is at the other end of it. */
  readonly received: Direction & { readonly multicast: bigint };
  /** To them. */
  readonly sent: Direction & { readonly collisions: bigint };
}

interface Direction {
  readonly bytes: bigint;
  readonly packets: bigint;
  readonly errors: bigint;
  readonly dropped: bigint;
}

/** An interface's line: its name, which may hold anything but blanks and a colon at its end, and 16 numbers. */
const LINE = /^\s*(\S+?):\s*((?:\d+\s*){16})$/;

/** Counters by the interface's name; lines that are none are left out. */
export function countersOf(text: string): Map<string, InterfaceCounters> {
  const found = new Map<string, InterfaceCounters>();
  for (const line of text.split('\n')) {
    const [, name, numbers] = LINE.exec(line) ?? [];
    if (name === undefined || numbers === undefined) continue;
    const all = numbers.trim().split(/\s+/).map(BigInt);
    const at = (index: number): bigint => all[index] ?? 0n;
    const direction = (first: number): Direction => ({
      bytes: at(first),
      packets: at(first + 1),
      errors: at(first + 2),
      dropped: at(first + 3),
    });
    found.set(name, {
      received: { ...direction(0), multicast: at(7) },
      sent: { ...direction(8), collisions: at(13) },
    });
  }
  return found;
}
