// From the path of a request to a file of the site, or to none: the only place that turns what a stranger sent into a file name.
import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** What the site consists of. A file of another kind is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.sh': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  // The search's index, fragments and language files, and its compressed WebAssembly.
  '.pagefind': 'application/octet-stream',
  '.pf_fragment': 'application/octet-stream',
  '.pf_index': 'application/octet-stream',
  '.pf_meta': 'application/octet-stream',
};

export type Target =
  | { readonly file: string; readonly type: string }
  | { readonly redirect: string }
  | { readonly missing: true };

const MISSING: Target = { missing: true };

/** The segments of a request's path, undefined if one of them could lead out of the folder or name a hidden file. */
function segments(path: string): string[] | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  const all = decoded.split('/').slice(1);
  const last = all.length - 1;
  const safe = all.every((name, index) =>
    name === '' ? index === last : !name.startsWith('.') && !/[\\\x00-\x1f]/.test(name),
  );
  return safe ? all : undefined;
}

/**
 * What stands at `path` (as sent, without the query) of the site in `folder`. A folder without its last slash redirects, since
 * the links of its page are relative to it.
 */
export async function resolvePath(folder: string, path: string): Promise<Target> {
  const names = path.startsWith('/') && path.length <= 1024 ? segments(path) : undefined;
  if (!names) return MISSING;
  const asked = join(folder, ...names);
  const found = await stat(asked).catch(() => undefined);
  if (found?.isDirectory()) {
    const page = join(asked, 'index.html');
    const hasPage = (await stat(page).catch(() => undefined))?.isFile() ?? false;
    if (!hasPage) return MISSING;
    return path.endsWith('/') ? { file: page, type: TYPES['.html'] ?? '' } : { redirect: `${path}/` };
  }
  const type = TYPES[extname(asked)];
  return found?.isFile() && !path.endsWith('/') && type !== undefined ? { file: asked, type } : MISSING;
}
