// A part's verdict as elements: in words, then both texts line by line, marked by sign and word as well as by colour.
import type { Ended, Row } from '../../labs/server/protocol.ts';
import { make } from './dom.ts';
import { differences, reasons, sentence, visible, type Sentence } from './verdict.ts';

/** Of the places that differ, so many are told in words; the lines below tell all. */
const TOLD = 3;
/** Lines that agree are folded when there are more of them in a row; so many stay on each side of a difference. */
const AROUND = 2;

function words(pieces: Sentence): HTMLLIElement {
  return make('li', {}, ...pieces.map((text, index) => (index % 2 === 1 ? make('code', {}, text) : text)));
}

/** What is wrong, as a list. */
export function pointList(ended: Ended): HTMLUListElement {
  const places = differences(ended.rows);
  const more = places.length - TOLD;
  return make(
    'ul',
    { class: 'run-points' },
    ...reasons(ended).map((reason) => words([reason])),
    ...places.slice(0, TOLD).map((place) => words(sentence(place))),
    ...(more > 0 ? [words([`${more} more ${more === 1 ? 'line differs' : 'lines differ'}, see below`])] : []),
  );
}

interface Line {
  readonly kind: Row['kind'];
  readonly text: string;
}

const SIGNS = { same: ['', ''], missing: ['−', 'missing'], unexpected: ['+', 'unexpected'] } as const;

function lineOf({ kind, text }: Line): HTMLTableRowElement {
  const [sign, word] = SIGNS[kind];
  const head = make('th', { scope: 'row' });
  if (kind !== 'same') head.append(make('span', { 'aria-hidden': 'true' }, `${sign} `), word);
  return make('tr', { class: kind }, head, make('td', {}, visible(text)));
}

const foldOf = (count: number): HTMLTableRowElement =>
  make('tr', { class: 'fold' }, make('th', { scope: 'row' }), make('td', {}, `${count} lines as expected`));

function linesOf(row: Row): Line[] {
  if (row.kind === 'missing') return [{ kind: row.kind, text: row.expected }];
  if (row.kind === 'unexpected') return [{ kind: row.kind, text: row.got }];
  return row.got.map((text) => ({ kind: row.kind, text }));
}

/** Expected beside printed, with long agreement folded. */
export function diffTable(rows: readonly Row[]): HTMLTableElement {
  const lines = rows.flatMap(linesOf);
  const near = (index: number): boolean =>
    lines.slice(Math.max(0, index - AROUND), index + AROUND + 1).some(({ kind }) => kind !== 'same');
  const shown: HTMLTableRowElement[] = [];
  for (let index = 0; index < lines.length;) {
    let end = index;
    while (end < lines.length && !near(end)) end++;
    if (end - index > 1) {
      shown.push(foldOf(end - index));
      index = end;
    }
    const line = lines[index++];
    if (line) shown.push(lineOf(line));
  }
  return make(
    'table',
    { class: 'run-diff' },
    make('caption', {}, 'Expected and printed, line by line'),
    make('tbody', {}, ...shown),
  );
}
