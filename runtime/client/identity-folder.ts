// Makes the folder of an identity. Apart from reading one, which needs less.
import * as fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder, writeNew } from '../files.ts';
import { IdentityError } from './identity-error.ts';
import { FILES } from './identity.ts';

/** Makes the folder `path` with `files`, all of it or nothing; keys are for their owner only. @throws IdentityError where there is one. */
export async function makeFolder(
  path: string,
  files: Readonly<Record<string, string>>,
  mode = 0o700,
): Promise<void> {
  const next = await fs.mkdtemp(join(dirname(path), `.${basename(path)}-`)).catch((error: unknown) => {
    throw new IdentityError(`${dirname(path)}: ${(error as Error).message}`);
  });
  try {
    for (const [name, text] of Object.entries(files))
      await writeNew(join(next, name), text, name === FILES.key ? 0o600 : 0o644);
    await fs.chmod(next, mode);
    await syncFolder(next);
    await fs.rename(next, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await fs.rm(next, { recursive: true, force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw new IdentityError(
      code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR'
        ? `${path}: it is there already, and is not overwritten; remove it, or take another name`
        : message,
    );
  }
}
