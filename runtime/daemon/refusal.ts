/** Why a command is not done, as its client is told. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Errors of the host's disk that are nobody's secret, and for somebody there to mend. */
const DISK: Readonly<Record<string, string>> = {
  ENOSPC: "the server's disk is full; make room there",
  EDQUOT: "the server's disk is full for the daemon; raise its quota there",
  EFBIG: 'the server may not write so large a file; raise its limit there',
  EROFS: "the server's disk can only be read; mount it writable there",
  EIO: "the server's disk fails; its kernel log says more",
};

/** What a client is told of an error that is none of its own; undefined where that is for the daemon's log only. */
export function hostTrouble(error: unknown): string | undefined {
  const { code = '', message } = error as NodeJS.ErrnoException;
  // Of a program that was started, only its words tell.
  return DISK[message.includes('No space left on device') ? 'ENOSPC' : code];
}
