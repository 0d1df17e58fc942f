// The presenter's line to the workshop: the secret first, then a room whenever it has changed.
import type { PresenterMessage, PresenterServerMessage, Room } from '../../labs/server/workshop/protocol.ts';
import { Line, type Link } from '../lab/line.ts';

/** As in labs/server, whose schemas stay out of the page; a test compares them. */
export const PRESENTER_PATH = '/-/workshop/presenter';

const AGAIN_MAX_MS = 10_000;

export interface Listener {
  readonly onLink: (link: Link) => void;
  readonly onRoom: (room: Room) => void;
}

export class Connection {
  readonly #line: Line;

  constructor(secret: string, { onLink, onRoom }: Listener) {
    this.#line = new Line({
      path: PRESENTER_PATH,
      againMaxMs: AGAIN_MAX_MS,
      onLink,
      onOpen: () => this.send({ type: 'hello', secret }),
      onFrame: (data) => {
        // There is one kind, and its first says that we are let in.
        const room = JSON.parse(data as string) as PresenterServerMessage;
        this.#line.welcomed();
        onRoom(room);
      },
    });
  }

  connect(): void {
    this.#line.connect();
  }

  /** Tries now what would be tried later. */
  retry(): void {
    this.#line.retry();
  }

  send(message: PresenterMessage): void {
    this.#line.send(JSON.stringify(message));
  }
}
