/** Why a command is not done, as its client is told. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
