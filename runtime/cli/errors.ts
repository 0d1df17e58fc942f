// What the command says when it cannot do what it was asked, and the status it ends with: sysexits(3), as the tenders use
// with --sysexits. A guest may exit with any status; a message that begins with `kittiwake` tells the two apart.

export const EXIT = {
  ok: 0,
  /** The command line makes no sense. */
  usage: 64,
  /** The image is not one, or is damaged; a fleet file makes no sense. */
  image: 65,
  /** The image cannot be read. */
  noImage: 66,
  /** KVM is missing, busy or emulating. */
  unavailable: 69,
  /** The installation is damaged: a file of ours is missing. */
  software: 70,
  /** The host refused. */
  host: 71,
  /** Permission denied. */
  permission: 77,
  /** Devices: wanted but not given, given but not wanted, or not there. */
  devices: 78,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** One line for the person: `thing: cause; remedy`. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly status: ExitStatus;

  constructor(status: ExitStatus, message: string) {
    super(message);
    this.status = status;
  }
}
