// Albatross's servers refuse to say what there is where there is nothing.
import { ClientError } from './socket.ts';

/** Whether `error` is that. */
export const saysThereAreNone = (error: unknown): boolean =>
  error instanceof ClientError &&
  error.failure === 'refused' &&
  /not found|no unikernel|unknown policy/.test(error.message);
