// What the commands about certificates have in common.
import type { KeyObject, X509Certificate } from 'node:crypto';
import { IdentityError } from '../../client/identity-error.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import type { Issuer } from '../../protocol/issue.ts';
import { CommandError, EXIT } from '../errors.ts';

/** What reads certificates. It is much to load, for commands that do not. */
export async function reader() {
  const [identity, fingerprint] = await Promise.all([
    import('../../client/identity.ts'),
    import('../../protocol/fingerprint.ts'),
  ]);
  return { ...identity, ...fingerprint };
}

/** What makes and reads certificates. */
export async function library() {
  const [identity, folder, issue, { request }, { toPem }] = await Promise.all([
    reader(),
    import('../../client/identity-folder.ts'),
    import('../../protocol/issue.ts'),
    import('../../protocol/x509/request.ts'),
    import('../../protocol/pem.ts'),
  ]);
  return { ...identity, ...folder, ...issue, request, toPem };
}

/** Does `action`; what is wrong with files, names and policies is the person's to mend. */
export async function told<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof IdentityError) throw new CommandError(EXIT.noImage, error.message);
    if (error instanceof ProtocolError) throw new CommandError(EXIT.usage, error.message);
    throw error;
  }
}

export const pemOf = (...certificates: readonly X509Certificate[]): string => certificates.join('');

export const pemOfKey = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

const DAY_MS = 86_400_000;

/** `--days` as milliseconds. */
export function validity(days: string | undefined): number | undefined {
  if (days === undefined) return undefined;
  if (!/^\d{1,5}$/.test(days) || Number(days) === 0)
    throw new CommandError(EXIT.usage, `option '--days': '${days}' is not a number of days from 1 on`);
  return Number(days) * DAY_MS;
}

/** What was given with `--server`. @throws CommandError for what is neither a name nor an address. */
export function serverNames<T extends readonly string[]>(hosts: T): T {
  for (const host of hosts)
    if (!/^[A-Za-z0-9.:-]{1,253}$/.test(host))
      throw new CommandError(EXIT.usage, `option '--server': '${host}' is neither a name nor an address`);
  return hosts;
}

/** Beside the certificates of a server: who is let in no more. */
const REVOKED = `# Who is let in no more: lines 'key HEX' and 'serial HEX'; 'kittiwake cert revoke' adds them.
`;

/** Makes the folder of a server that is asked by `hosts`. @throws IdentityError where there is one. */
export async function makeServer(
  folder: string,
  issuer: Issuer,
  hosts: readonly [string, ...string[]],
): Promise<void> {
  const { FILES, issueServer, makeFolder, newKeys } = await library();
  const keys = newKeys();
  const certificate = issueServer(issuer, hosts, keys.publicKey);
  // Only the key is a secret, and the endpoint reads the others as nobody in particular.
  await makeFolder(
    folder,
    {
      [FILES.cert]: pemOf(certificate),
      [FILES.key]: pemOfKey(keys.privateKey),
      [FILES.root]: pemOf(issuer.certificate),
      revoked: REVOKED,
    },
    0o755,
  );
}
