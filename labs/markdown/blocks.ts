// A page of Markdown or MDX as far as labs are concerned: its title, and its fences in their order, with what stands between them.
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { frontmatterFromMarkdown } from 'mdast-util-frontmatter';
import { frontmatter } from 'micromark-extension-frontmatter';
import { mdx } from 'micromark-extension-mdx';
import { LabError } from '../runner/lab.ts';

export interface Fence {
  readonly kind: 'fence';
  /** The first word behind the opening fence, in lower case; empty where there is none. */
  readonly language: string;
  /** What stands behind that word. */
  readonly meta: string;
  /** Its lines, without what a list or a quotation puts in front of each. */
  readonly lines: readonly string[];
  /** Line of the opening fence, from 1; its first own line is the next. */
  readonly line: number;
  /** What stands in front of each of its lines. */
  readonly margin: string;
}

export type Block = Fence | { readonly kind: 'heading' | 'other'; readonly text: string };

/** Far more than anybody writes on a page, in characters: parsing takes time and memory by its length. */
const PAGE_MAX = 4 << 20;

/** The blocks of `source`. `file` is its name in messages; one that ends in `.mdx` is MDX. @throws LabError with the line that cannot be read. */
export function blocksOf(file: string, source: string): readonly Block[] {
  if (source.length > PAGE_MAX) throw new LabError(`${file}:1: a page of more than 4 MiB; cut it in pieces`);
  // The parser passes over a byte order mark, and does not count it.
  const lines = source.replace(/^\ufeff/, '').split(/\r?\n/);
  const blocks: Block[] = [];
  const visit = (node: Nodes): void => {
    if (node.type === 'code') blocks.push(...fenceOf(file, node, lines));
    else if (node.type === 'heading' || node.type === 'yaml')
      blocks.push({ kind: node.type === 'heading' ? 'heading' : 'other', text: textOf(node) });
    else if (BOXES.has(node.type) && 'children' in node) node.children.forEach(visit);
    else blocks.push({ kind: 'other', text: '' });
  };
  visit(parse(file, source));
  return blocks;
}

/** What holds blocks. */
const BOXES: ReadonlySet<string> = new Set(['root', 'blockquote', 'list', 'listItem', 'footnoteDefinition']);

function parse(file: string, source: string): Nodes {
  try {
    return fromMarkdown(source, {
      extensions: [frontmatter(), ...(file.endsWith('.mdx') ? [mdx()] : [])],
      mdastExtensions: [frontmatterFromMarkdown()],
    });
  } catch (error) {
    // The parser's own message has the place in front of its reason, or beside it.
    const { reason, message, line, place } = error as Error & {
      reason?: string;
      line?: number;
      place?: { line?: number; start?: { line: number } };
    };
    const at = line ?? place?.line ?? place?.start?.line ?? 1;
    throw new LabError(`${file}:${at}: no MDX: ${reason ?? message}`, { cause: error });
  }
}

function textOf(node: Nodes): string {
  if ('value' in node) return node.value;
  return 'children' in node ? node.children.map(textOf).join('') : '';
}

type Code = Extract<Nodes, { type: 'code' }>;

/** The fence that `node` is; nothing where it is code by its indentation. */
function fenceOf(file: string, node: Code, lines: readonly string[]): Fence[] {
  const { start, end } = node.position ?? {};
  if (!start || !end) return [];
  const opening = lines[start.line - 1] ?? '';
  const mark = /^(?:`{3,}|~{3,})/.exec(opening.slice(start.column - 1))?.[0];
  if (mark === undefined) return [];
  const closing = (lines[end.line - 1] ?? '').trimEnd();
  if (end.line === start.line || !closing.endsWith(mark))
    throw new LabError(`${file}:${start.line}: the fence is never closed; end it with ${mark}`);
  return [
    {
      kind: 'fence',
      language: (node.lang ?? '').toLowerCase(),
      meta: node.meta ?? '',
      lines: end.line === start.line + 1 ? [] : node.value.split(/\r?\n/),
      line: start.line,
      // In a list the mark of the item stands only in front of the first line.
      margin: opening.slice(0, start.column - 1).replace(/[^>\s]/g, ' '),
    },
  ];
}
