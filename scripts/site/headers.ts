// The file `.headers` of a packed site: which fields the `website` image adds to its responses. Its format stands in
// runtime/libos/http/rules.ts.
import type { ArchiveFile } from './archive.ts';
import { COMMON_HEADERS, contentSecurityPolicy } from './policy.ts';

type Rule = readonly [path: string, fields: Readonly<Record<string, string>>];

/** The fields of every response, and each page's policy. */
export function headersFile(files: readonly ArchiveFile[]): ArchiveFile {
  const pages = files
    .filter(({ name }) => name.endsWith('.html'))
    .map(({ name, content }): Rule => {
      const policy = contentSecurityPolicy(Buffer.from(content).toString());
      return [`/${name}`, { 'Content-Security-Policy': policy }];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const rules: readonly Rule[] = [['/*', COMMON_HEADERS], ...pages];
  const lines = rules.flatMap(([path, fields]) => [
    path,
    ...Object.entries(fields).map(([name, value]) => `  ${name}: ${value}`),
  ]);
  return { name: '.headers', content: Buffer.from(`${lines.join('\n')}\n`) };
}
