// The file `.headers` of a packed site: which fields the `website` image adds to its answers. A line is a path and a field,
// separated by a tab; a path that ends with a slash is for all that begins with it, and the longest path that fits counts.
import { COMMON_HEADERS, contentSecurityPolicy } from './policy.ts';
import type { ArchiveFile } from './archive.ts';

/** The fields of every answer, and each page's policy. */
export function headersFile(files: readonly ArchiveFile[]): ArchiveFile {
  const common = Object.entries(COMMON_HEADERS).map(([name, value]) => `/\t${name}: ${value}`);
  const pages = files
    .filter(({ name }) => name.endsWith('.html'))
    .map(
      ({ name, content }) =>
        `/${name}\tContent-Security-Policy: ${contentSecurityPolicy(Buffer.from(content).toString())}`,
    )
    .sort();
  return { name: '.headers', content: Buffer.from(`${[...common, ...pages].join('\n')}\n`) };
}
