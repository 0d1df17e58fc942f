// Why somebody is not let into a workshop, in the words of the page with the form.
import type { Refusal } from '../../labs/server/workshop/protocol.ts';

export interface RefusalWords {
  readonly what: string;
  readonly remedy: string;
}

export const REFUSAL_WORDS: Readonly<Record<Refusal, RefusalWords>> = {
  'wrong-code': {
    what: 'That is not the join code.',
    remedy: 'It stands on the presenter’s screen. Capital letters, spaces and hyphens do not matter.',
  },
  name: {
    what: 'That cannot be your name here.',
    remedy:
      'Give 1 to 32 letters, digits, spaces, hyphens, apostrophes or full stops. A first name is enough.',
  },
  full: { what: 'All seats are taken.', remedy: 'Tell the presenter, who can free one. Then try again.' },
  closed: {
    what: 'The workshop lets nobody in now.',
    remedy: 'Ask the presenter to open it. Then try again.',
  },
  'too-fast': {
    what: 'There were too many wrong codes.',
    remedy: 'Wait half a minute, and read the code once more before you try again.',
  },
};
