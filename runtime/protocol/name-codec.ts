// A name on the wire. It is apart from names, which who sends none can do without the codec of.
import { mapped } from './der/compose.ts';
import { text } from './der/primitives.ts';
import { formatName, parseName } from './name.ts';

export const name = mapped(text('name'), parseName, formatName);
