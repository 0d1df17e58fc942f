// The options a tender's --help lists.
import { tender } from './tender.ts';

export interface HelpOption {
  /** As it is listed, such as --net:NAME=TAP. */
  readonly form: string;
  /** Its name alone, such as --net. */
  readonly name: string;
}

export function helpOptions(kind: 'hvt' | 'spt'): HelpOption[] {
  const [, options = ''] = /\nOptions:\n(.*?)\n\n/s.exec(tender(kind, '--help').out) ?? [];
  return [...options.matchAll(/^ {2}(--.*?)(?: {2}|$)/gm)].flatMap(([, forms = '']) =>
    forms.split(/, (?=--)/).map((form) => ({ form, name: /^--[a-z-]+/.exec(form)?.[0] ?? form })),
  );
}
