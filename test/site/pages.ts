// The handbook's pages, as they were built.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export const siteFolder = join(import.meta.dirname, '..', '..', 'build', 'site');

/** The path of every page, as /hvt/hello/. */
export const pages: readonly string[] = readdirSync(siteFolder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file === 'index.html' || file.endsWith('/index.html'))
  .map((file) => `/${file.slice(0, -'index.html'.length)}`)
  .sort();
