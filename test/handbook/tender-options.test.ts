// The reference page's table of options lists what the tenders' --help lists, and nothing else.
import { describe, expect, test } from 'vitest';
import { TENDER_OPTIONS } from '../../src/lib/tender-options.ts';
import { helpOptions } from '../tender/help.ts';

const table = Object.values(TENDER_OPTIONS).flat();

describe.each(['hvt', 'spt'] as const)('kittiwake-%s', (kind) => {
  const listed = helpOptions(kind).map(({ form }) => form);
  const shown = table.filter(({ tenders }) => tenders === 'both' || tenders === kind).map(({ form }) => form);

  test('has options at all', () => expect(listed.length).toBeGreaterThan(20));
  test.each(listed)('%s is in the table', (form) => expect(shown).toContain(form));
  test('the table has each once, and no other', () => expect(shown.toSorted()).toEqual(listed.toSorted()));
});
