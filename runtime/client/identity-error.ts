// What is wrong with the files of an identity. By itself, because what reads them is much to load.

/** One line for the person: what is wrong with a file. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
}
