// What goes wrong with the lab VM, in words a person can act on.

/** A failure of the VM or of what it is made of; the message names the thing and the remedy. */
export class VmError extends Error {
  override readonly name = 'VmError';
}
