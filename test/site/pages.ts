// The handbook's pages, as they were built.
import { existsSync, readdirSync } from 'node:fs';
import { siteFolder } from '../../scripts/site/build.ts';

if (!existsSync(siteFolder))
  throw new Error(`there is no ${siteFolder} to test; build it with 'npm run site'`);

/** The path of every page, as /hvt/hello/. */
export const pages: readonly string[] = readdirSync(siteFolder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file === 'index.html' || file.endsWith('/index.html'))
  .map((file) => `/${file.slice(0, -'index.html'.length)}`)
  .sort();
