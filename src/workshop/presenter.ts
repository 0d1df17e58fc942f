// The presenter's page: takes the secret out of the address before anybody can copy or bookmark it, and shows the workshop as long as it is known.
import { Announcer } from '../lab/announcer.ts';
import { find, make, say } from '../lab/dom.ts';
import type { Link } from '../lab/line.ts';
import { CHAPTERS_PATH, type Chapters } from './chapters.ts';
import { Connection } from './connection.ts';
import { forget, keep, recall } from './kept.ts';
import { RoomView } from './room-view.ts';
import { linkWords, news } from './words.ts';

const FRAGMENT = /^#presenter=([\w-]{1,128})$/;
/** Ages, and the time to the next try, are told so often. */
const TICK_MS = 1000;

function takeSecret(): string | undefined {
  const [, secret] = FRAGMENT.exec(location.hash) ?? [];
  if (secret === undefined) return recall('presenter');
  keep('presenter', secret);
  history.replaceState(history.state, '', location.pathname + location.search);
  return secret;
}

/** Without them, steps are named and not linked. */
async function readChapters(): Promise<Chapters> {
  try {
    return (await (await fetch(CHAPTERS_PATH)).json()) as Chapters;
  } catch {
    return {};
  }
}

function present(page: HTMLElement, secret: string, chapters: Chapters): void {
  const line = find(page, '[data-link]');
  const absent = find(page, '[data-absent]');
  const words = make('span');
  const retry = make('button', { type: 'button', class: 'presenter-button', hidden: '' }, 'Try now');
  line.append(words, retry);
  line.hidden = false;
  absent.hidden = true;

  const announcer = new Announcer();
  let link: Link = { state: 'connecting' };
  const showLink = (): void => {
    line.dataset['state'] = link.state;
    say(words, linkWords(link, Date.now(), location.hostname));
    retry.hidden = link.state !== 'lost';
  };
  const connection = new Connection(secret, {
    onLink: (next) => {
      const { state } = link;
      link = next;
      showLink();
      view.reachable(link.state === 'open');
      if (link.state === 'lost' && state === 'open') announcer.say('The connection to the workshop is lost');
      if (link.state !== 'forbidden') return;
      forget('presenter');
      absent.hidden = false;
      announcer.say(linkWords(link, Date.now(), location.hostname));
    },
    onRoom: (room) => {
      const heard = news(view.room, room);
      if (heard !== '') announcer.say(heard);
      view.show(room);
    },
  });
  const view = new RoomView(page, chapters, (message) => connection.send(message));
  retry.addEventListener('click', () => connection.retry());
  setInterval(() => {
    if (link.state === 'lost') showLink();
    view.tick();
  }, TICK_MS);
  connection.connect();
}

const secret = takeSecret();
if (secret !== undefined) {
  const page = find(document, '[data-presenter]');
  void readChapters().then((chapters) => present(page, secret, chapters));
}
