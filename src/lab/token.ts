// The token of the address that `npm start` prints: taken out of the address before anybody can copy or bookmark it.
import { keep, recall } from './storage.ts';

const FRAGMENT = /^#lab=([\w-]{1,128})$/;

/** The token of this address, else the one kept from another page. */
export function takeToken(): string | undefined {
  const [, token] = FRAGMENT.exec(location.hash) ?? [];
  if (token === undefined) return recall('token');
  keep('token', token);
  history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}
