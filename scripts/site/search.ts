// Writes the search index of the built pages anew. Starlight has just done so, but its Pagefind is ended as soon as it says it is done,
// while its last writes are still under way: once in a while a file is cut, and the search of that build does nothing.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { close, createIndex } from 'pagefind';

/** Replaces `folder`/pagefind by an index of the pages in `folder`. @throws Error with what Pagefind said. */
export async function writeSearch(folder: string): Promise<void> {
  const complain = (errors: readonly string[]): void => {
    if (errors.length > 0) throw new Error(`the search index could not be made: ${errors.join('; ')}`);
  };
  try {
    const { index, errors } = await createIndex({});
    complain(errors);
    if (!index) throw new Error('the search index could not be made: Pagefind gave none');
    complain((await index.addDirectory({ path: folder })).errors);
    const made = await index.getFiles();
    complain(made.errors);
    const target = join(folder, 'pagefind');
    await rm(target, { recursive: true, force: true });
    for (const { path, content } of made.files) {
      const file = join(target, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  } finally {
    await close();
  }
}
