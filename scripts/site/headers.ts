// The file `.headers` of a packed site: which fields the `website` image adds to its responses. Its format stands in
// runtime/libos/http/rules.ts.
import type { ArchiveFile } from './archive.ts';
import { COMMON_HEADERS, contentSecurityPolicy } from './policy.ts';

/** Astro's own files have a digest in their names, so another content has another name. */
const DIGEST_IN_NAME = '/_astro/\tCache-Control: public, max-age=31536000, immutable';

/** The fields of every response, and each page's policy. */
export function headersFile(files: readonly ArchiveFile[]): ArchiveFile {
  const common = Object.entries(COMMON_HEADERS).map(([name, value]) => `/\t${name}: ${value}`);
  const pages = files
    .filter(({ name }) => name.endsWith('.html'))
    .map(({ name, content }) => {
      const policy = contentSecurityPolicy(Buffer.from(content).toString());
      return `/${name}\tContent-Security-Policy: ${policy}`;
    })
    .sort();
  const lines = [...common, DIGEST_IN_NAME, ...pages];
  return { name: '.headers', content: Buffer.from(`${lines.join('\n')}\n`) };
}
