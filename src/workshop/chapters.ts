// Where a step stands in the handbook, so that the presenter can look at what an attendee looks at.

/** Of each lab the page that shows it, and of each part that is on another page that one. */
export type Chapters = Readonly<
  Record<string, { readonly page: string; readonly elsewhere?: Readonly<Record<string, string>> }>
>;

/** Where the site publishes them. */
export const CHAPTERS_PATH = '/workshop/chapters.json';

/** The address of a part on the page that shows it, or of the page of its lab. */
export function addressOf(chapters: Chapters, lab: string, part: string | null): string | undefined {
  const chapter = chapters[lab];
  if (!chapter) return undefined;
  if (part === null) return chapter.page;
  return `${chapter.elsewhere?.[part] ?? chapter.page}#${lab.replace('/', '-')}-${part}`;
}
