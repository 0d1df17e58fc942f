// What the file of a remote says.
import { isAbsolute } from 'node:path';
import { z } from 'zod';

export const Kept = z.strictObject({
  /** `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`. */
  address: z.string().min(1).max(300),
  /** The folder of certificates. */
  identity: z.string().refine(isAbsolute, 'no absolute path'),
  /** What the server's certificate is to say, where that is not its host. */
  serverName: z.string().min(1).max(253).optional(),
});
export type Remote = z.output<typeof Kept>;
