// Two hosts and the wire between them, which loses, reorders, duplicates, delays and damages frames as a seed has it; and users of their
// connections, who send to each other and check every byte. Time is simulated: the same seed gives the same run.
import { fractions, noise } from '../../random.ts';
import { EVENT, Host } from '../host.ts';

const MILLISECOND = 1_000_000n;
const SECOND = 1_000_000_000n;

export interface Wire {
  /** Milliseconds one way. */
  readonly delay?: number;
  /** Up to so many milliseconds more, for each frame anew: frames overtake each other. */
  readonly jitter?: number;
  /** Shares of frames, from 0 to 1. */
  readonly loss?: number;
  readonly duplicates?: number;
  readonly damage?: number;
  /** Megabits in a second, and bytes that may wait; without, frames never wait for each other. */
  readonly rate?: number;
  readonly queue?: number;
}

interface Occasion {
  readonly at: bigint;
  /** Keeps what happens at the same moment in order. */
  readonly order: number;
  readonly act: () => void;
}

/** What is to come, as a binary heap. */
class Agenda {
  readonly #heap: Occasion[] = [];
  #order = 0;

  get next(): bigint | undefined {
    return this.#heap[0]?.at;
  }

  add(at: bigint, act: () => void): void {
    const heap = this.#heap;
    const made = { at, order: this.#order++, act };
    let place = heap.length;
    heap.push(made);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (!above || before(above, made)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = made;
  }

  take(): Occasion | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (!left) break;
      if (right && before(right, left)) child++;
      const smaller = heap[child];
      if (!smaller || before(last, smaller)) break;
      heap[place] = smaller;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function before(a: Occasion, b: Occasion): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

export interface SimOptions {
  readonly wire?: Wire;
  readonly seed?: number;
  /** Nanoseconds: decides where sequence numbers begin. */
  readonly now?: bigint;
  readonly mtu?: number;
}

export class Sim {
  readonly a: Host;
  readonly b: Host;
  now: bigint;
  readonly start: bigint;
  frames = 0;
  readonly #agenda = new Agenda();
  readonly #random: () => number;
  readonly #wire: Wire;
  readonly #busy = new Map<Host, bigint>();
  readonly #dirty = new Set<Host>();

  private constructor(a: Host, b: Host, options: SimOptions, now: bigint) {
    this.a = a;
    this.b = b;
    this.now = now;
    this.start = now;
    this.#random = fractions(options.seed ?? 1);
    this.#wire = options.wire ?? {};
    a.onTransmit = (frame) => {
      this.#carry(frame, b);
    };
    b.onTransmit = (frame) => {
      this.#carry(frame, a);
    };
  }

  static async create(options: SimOptions = {}): Promise<Sim> {
    const { seed = 1, now = SECOND, mtu = 1500 } = options;
    const [a, b] = await Promise.all([
      Host.create({ id: 1, seed, now, mtu }),
      Host.create({ id: 2, seed: seed + 1000, now, mtu }),
    ]);
    return new Sim(a, b, options, now);
  }

  #carry(frame: Buffer, to: Host): void {
    this.frames++;
    const { delay = 1, jitter = 0, loss = 0, duplicates = 0, damage = 0, rate, queue = 64_000 } = this.#wire;
    let leaves = this.now;
    if (rate !== undefined) {
      const free = this.#busy.get(to) ?? 0n;
      const wait = free > this.now ? free - this.now : 0n;
      if (Number(wait) * rate > queue * 8000) return; // the queue is full
      leaves += wait + BigInt(Math.round((frame.length * 8000) / rate));
      this.#busy.set(to, leaves);
    }
    const random = this.#random;
    if (random() < loss) return;
    const copies = random() < duplicates ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const arrived = Buffer.from(frame);
      // Only where a checksum covers it: what Ethernet's own would find never gets here.
      if (random() < damage && frame[12] === 8 && frame[13] === 0) {
        const at = 14 + Math.floor(random() * (frame.length - 14));
        arrived[at] = (arrived[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      }
      const late = BigInt(Math.round((delay + random() * jitter) * 1_000_000));
      this.#agenda.add(leaves + late, () => {
        to.take(arrived, this.now);
        this.#dirty.add(to);
      });
    }
  }

  /** Does something so many milliseconds from now; what it causes is sent right after. */
  after(ms: number, act: () => void): void {
    this.#agenda.add(this.now + BigInt(Math.round(ms * 1000)) * 1000n, () => {
      act();
      this.#dirty.add(this.a).add(this.b);
    });
  }

  get seconds(): number {
    return Number((this.now - this.start) / MILLISECOND) / 1000;
  }

  /** Runs until nothing happens any more, or `seconds` are over. */
  run(seconds = 3600): void {
    const end = this.start + BigInt(Math.round(seconds * 1e9));
    for (;;) {
      const times = [this.#agenda.next, this.a.deadline, this.b.deadline].filter(
        (time) => time !== undefined,
      );
      if (times.length === 0) return;
      let next = times.reduce((first, time) => (time < first ? time : first));
      if (next > end) return;
      if (next < this.now) next = this.now;
      this.now = next;
      while (this.#agenda.next !== undefined && this.#agenda.next <= this.now) this.#agenda.take()?.act();
      for (const host of [this.a, this.b]) {
        if (host.deadline !== undefined && host.deadline <= this.now) host.tick(this.now);
        if (this.#dirty.delete(host)) host.flush();
      }
    }
  }
}

/** What is sent: a megabyte that looks like noise, over and over. */
const NOISE = noise(1 << 20, 4711);

/** The bytes a user sends from `offset` on; users differ by `key`. */
function streamOf(key: number, offset: number, size: number): Buffer {
  const at = (key * 7919 + offset) & (NOISE.length - 1);
  return NOISE.subarray(at, Math.min(at + size, NOISE.length));
}

export interface UserOptions {
  /** Bytes to send; what is to come from the other side has its own key. */
  readonly send?: number;
  readonly key?: number;
  readonly peerKey?: number;
  /** Milliseconds to wait, each time it has read so many bytes. */
  readonly pause?: number;
  readonly pauseEvery?: number;
  /** Abort after so many bytes were read. */
  readonly abortAt?: number;
  readonly noDelay?: boolean;
  /** Bytes of one write, at most. */
  readonly chunk?: number;
}

/** One end of a connection: sends its bytes, closes, and reads until the other end closes, too. */
export class User {
  connection: number;
  sent = 0;
  received = 0;
  connected = false;
  connectedAt = 0;
  peerClosed = false;
  ended = false;
  reset = false;
  timedOut = false;
  endedAt = 0;
  /** When the last byte came. */
  lastAt = 0;
  #closed = false;
  #paused = false;
  #sincePause = 0;
  readonly #sim: Sim;
  readonly #host: Host;
  readonly #options: UserOptions;

  constructor(sim: Sim, host: Host, connection: number, options: UserOptions) {
    this.#sim = sim;
    this.#host = host;
    this.#options = options;
    this.connection = connection;
  }

  handle(events: number): void {
    if (this.ended) throw new Error('an event after the end');
    if (events & EVENT.connected) {
      if (this.connected) throw new Error('connected twice');
      this.connected = true;
      this.connectedAt = this.#sim.seconds;
      if (this.#options.noDelay) this.#host.setNoDelay(this.connection);
    }
    if (events & EVENT.peerClosed) {
      if (this.peerClosed) throw new Error('closed twice');
      this.peerClosed = true;
    }
    if (events & EVENT.ended) {
      this.ended = true;
      this.reset = (events & EVENT.reset) !== 0;
      this.timedOut = (events & EVENT.timedOut) !== 0;
      this.endedAt = this.#sim.seconds;
      return;
    }
    this.#read();
    this.#write();
  }

  #read(): void {
    const { pause, pauseEvery = Infinity, peerKey = 0, abortAt } = this.#options;
    while (!this.#paused) {
      const data = this.#host.read(this.connection, 8192);
      if (data.length === 0) return;
      for (let done = 0; done < data.length;) {
        const expected = streamOf(peerKey, this.received + done, data.length - done);
        const found = data.subarray(done, done + expected.length);
        if (!found.equals(expected))
          throw new Error(`byte ${String(this.received + done)} or one after it is wrong`);
        done += found.length;
      }
      this.received += data.length;
      this.#sincePause += data.length;
      this.lastAt = this.#sim.seconds;
      if (abortAt !== undefined && this.received >= abortAt) return this.#host.abort(this.connection);
      if (pause !== undefined && this.#sincePause >= pauseEvery) this.#rest(pause);
    }
  }

  #rest(pause: number): void {
    this.#sincePause = 0;
    this.#paused = true;
    this.#sim.after(pause, () => {
      this.#paused = false;
      if (!this.ended) this.#read();
    });
  }

  #write(): void {
    const { send = 0, key = 0, chunk = 65536 } = this.#options;
    while (this.sent < send) {
      const wrote = this.#host.write(
        this.connection,
        streamOf(key, this.sent, Math.min(chunk, send - this.sent)),
      );
      if (wrote === 0) return;
      this.sent += wrote;
    }
    if (this.#closed) return;
    this.#closed = true;
    this.#host.close(this.connection);
  }
}

/** Opens `count` connections from a to b and lets their users talk; both lists are complete only when the simulation has run. */
export function converse(
  sim: Sim,
  options: { count?: number; client?: UserOptions; server?: UserOptions },
): { clients: User[]; servers: User[] } {
  const { count = 1, client = {}, server = {} } = options;
  const clients: User[] = [];
  const servers: User[] = [];
  const living = [new Map<number, User>(), new Map<number, User>()] as const;
  const deliver = (map: Map<number, User>, user: User, events: number): void => {
    user.handle(events);
    if (user.ended) map.delete(user.connection);
  };
  sim.a.onEvent = (connection, events) => {
    const user = living[0].get(connection);
    if (!user) throw new Error('an event of a connection nobody has');
    deliver(living[0], user, events);
  };
  sim.b.onEvent = (connection, events) => {
    let user = living[1].get(connection);
    if (!user) {
      if (!(events & EVENT.connected)) throw new Error('an event before the connection');
      user = new User(sim, sim.b, connection, { key: 2, peerKey: 1, ...server });
      servers.push(user);
      living[1].set(connection, user);
    }
    deliver(living[1], user, events);
  };
  sim.b.listen(80);
  sim.after(0, () => {
    for (let i = 0; i < count; i++) {
      const connection = sim.a.connect('10.0.0.2', 80);
      if (connection === 0) throw new Error('there is no room for a connection');
      const user = new User(sim, sim.a, connection, { key: 1, peerKey: 2, ...client });
      clients.push(user);
      living[0].set(connection, user);
    }
  });
  return { clients, servers };
}
