// Where an installed Kittiwake keeps its parts: PREFIX/bin the tenders, PREFIX/share/kittiwake/images the prebuilt images, and beside
// them schema/ what editors know files by.
// The bundled command itself is PREFIX/lib/kittiwake/kittiwake.cjs.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandError, EXIT } from './errors.ts';

export interface Install {
  readonly tender: (abi: 'hvt' | 'spt') => string;
  /** What makes networks of the host's sockets. */
  readonly usernet: string;
  readonly images: string;
  /** What fleet files may say, as JSON Schema. */
  readonly schema: string;
}

/** The installation under `prefix`. */
export function installAt(prefix: string): Install {
  return {
    tender: (abi) => join(prefix, 'bin', `kittiwake-${abi}`),
    usernet: join(prefix, 'bin', 'kittiwake-usernet'),
    images: join(prefix, 'share', 'kittiwake', 'images'),
    schema: join(prefix, 'share', 'kittiwake', 'schema', 'fleet-1.json'),
  };
}

/** The installation this command belongs to. */
export function ownInstall(): Install {
  return installAt(process.env['KITTIWAKE_PREFIX'] ?? resolve(import.meta.dirname, '..', '..'));
}

/** The file that `image` names: itself, else the prebuilt image of that name; undefined where there is neither. */
export function locate(image: string, install: Install): string | undefined {
  if (image.includes('/') || existsSync(image)) return image;
  const prebuilt = join(install.images, image);
  return existsSync(prebuilt) ? prebuilt : undefined;
}

/** One prebuilt image, as fixtures/images/index.json describes it. */
export interface PrebuiltImage {
  readonly file: string;
  readonly abi: string;
  readonly size: number;
  readonly sha256: string;
  readonly devices: readonly { readonly name: string; readonly type: string }[];
}

/**
 * The prebuilt images of the installation.
 * @throws CommandError `software` when the index is missing or unreadable.
 */
export function prebuiltImages(install: Install): PrebuiltImage[] {
  const path = join(install.images, 'index.json');
  if (!existsSync(path)) throw new CommandError(EXIT.software, `${path}: missing; install Kittiwake again`);
  try {
    const index = JSON.parse(readFileSync(path, 'utf8')) as { images: PrebuiltImage[] };
    return index.images.map(({ file, abi, size, sha256, devices }) => ({ file, abi, size, sha256, devices }));
  } catch (error) {
    throw new CommandError(
      EXIT.software,
      `${path}: damaged (${(error as Error).message}); install Kittiwake again`,
    );
  }
}
