// The page's own script. Without a token there is no lab server to ask, and nothing more of this is loaded.
import { takeToken } from './token.ts';

const token = takeToken();
if (token !== undefined) void import('./labs.ts').then(({ begin }) => begin(token));
