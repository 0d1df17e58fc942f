// Which page shows which part of which lab, read from the pages themselves.
import { getCollection } from 'astro:content';
import type { Chapters } from '../workshop/chapters.ts';

const SHOWN = /<Lab\s+lab="([^"]+)"\s+part="([^"]+)"/g;

/** The part of a lab is linked to where most of that lab is shown, if it is there. */
export async function chapters(): Promise<Chapters> {
  /** Of each lab its pages, with their parts. */
  const labs = new Map<string, Map<string, Set<string>>>();
  for (const { id, body = '' } of await getCollection('docs')) {
    const page = id === 'index' ? '/' : `/${id}/`;
    for (const [, lab = '', part = ''] of body.matchAll(SHOWN)) {
      const pages = labs.get(lab) ?? new Map<string, Set<string>>();
      labs.set(lab, pages.set(page, (pages.get(page) ?? new Set()).add(part)));
    }
  }
  return Object.fromEntries([...labs].map(([lab, pages]) => [lab, chapterOf(pages)]));
}

function chapterOf(pages: ReadonlyMap<string, ReadonlySet<string>>): Chapters[string] {
  const [first, ...others] = [...pages].sort(([, a], [, b]) => b.size - a.size);
  if (!first) throw new Error('a lab on no page');
  const [page, parts] = first;
  const elsewhere = Object.fromEntries(
    others.flatMap(([other, of]) => [...of].filter((part) => !parts.has(part)).map((part) => [part, other])),
  );
  return { page, ...(Object.keys(elsewhere).length > 0 && { elsewhere }) };
}
