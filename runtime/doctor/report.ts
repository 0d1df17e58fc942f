// Findings for people and for programs.
import { styleText } from 'node:util';
import { lostAt, type Finding, type Grade } from './finding.ts';

/** What is said about one thing: the host, an image, a unikernel's way. */
export interface Section {
  /** Whose findings these are; absent where it is the host's. */
  readonly about?: string;
  readonly findings: readonly Finding[];
}

const MARK: Readonly<Record<Grade, readonly ['green' | 'yellow' | 'red', string]>> = {
  ok: ['green', '✓'],
  limited: ['yellow', '!'],
  failed: ['red', '✗'],
  unseen: ['yellow', '?'],
};

export function hasFailed(sections: readonly Section[]): boolean {
  return sections.some(({ findings }) => findings.some(({ grade }) => grade === 'failed'));
}

export function inWords(sections: readonly Section[], colour: boolean): string {
  return sections
    .map(({ about, findings }) => {
      const head = about === undefined ? '' : `${about}\n`;
      return head + findings.map((finding) => inLines(finding, colour)).join('');
    })
    .join('\n');
}

function inLines({ check, grade, says, remedy, advice, page }: Finding, colour: boolean): string {
  const [style, mark] = MARK[grade];
  const shown = colour ? styleText(style, mark, { validateStream: false }) : mark;
  const cure = remedy ?? advice;
  const lines = [
    `${shown} ${check.padEnd(9)} ${says}`,
    ...(cure === undefined ? [] : [`            → ${cure}`]),
    ...(page === undefined ? [] : [`            handbook: ${page}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** One object: whether all is well, where packets are lost first, and all findings. */
export function inJson(sections: readonly Section[]): string {
  const findings = sections.flatMap(({ about, findings: each }) =>
    each.map((finding) => ({ ...(about !== undefined && { about }), ...finding })),
  );
  const lost = lostAt(findings);
  return `${JSON.stringify({ ok: !hasFailed(sections), ...(lost !== undefined && { lost }), findings })}\n`;
}
