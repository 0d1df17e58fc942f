// A network namespace of our own: interfaces, addresses and programs in it; when it is closed, nothing of it is left.
// It is made in a user namespace, so that an ordinary user can, and it has no name, so that any number stand side by side.
import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { text } from 'node:stream/consumers';

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Longest one command in a namespace runs, unless told otherwise. */
const LIMIT_MS = 60_000;

function whyNone(): string | undefined {
  const made = spawnSync('unshare', ['--map-root-user', '--net', 'ip', 'link', 'set', 'lo', 'up'], {
    encoding: 'utf8',
  });
  if (made.error) return `unshare(1): ${made.error.message}; install util-linux`;
  if (made.status !== 0)
    return `no network namespace may be made here (${made.stderr.trim()}); allow user namespaces or be root`;
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return '/dev/net/tun may not be opened here; load the module tun and allow this user';
  }
}

/** Why no network namespace with a tap can be made here, for a test's title; undefined where it can. */
export const noNamespaces: string | undefined = whyNone();

export class Namespace implements AsyncDisposable {
  readonly #holder: ChildProcess;
  readonly #started = new Set<ChildProcess>();
  readonly #inner: Namespace[] = [];

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** A new network namespace with its loopback up. It lives until it is closed, or until this process ends. */
  static async open(): Promise<Namespace> {
    return Namespace.#hold('unshare', ['--map-root-user', '--net']);
  }

  static async #hold(program: string, args: readonly string[]): Promise<Namespace> {
    // cat ends when our end of its pipe closes, however this process ends; with it goes the namespace.
    const holder = spawn(program, [...args, 'sh', '-c', 'ip link set lo up && echo made && exec cat'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const complaint = text(holder.stderr);
    const [first] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])) as [unknown];
    if (!(first instanceof Buffer)) throw new Error(`no network namespace: ${(await complaint).trim()}`);
    return new Namespace(holder);
  }

  /** Another network namespace that this one may give interfaces to; closed with this one. */
  async another(): Promise<Namespace> {
    const [program = '', ...args] = this.enter(['unshare', '--net']);
    const inner = await Namespace.#hold(program, args);
    this.#inner.push(inner);
    return inner;
  }

  /** The process that holds the namespace: its id is what ip(8) moves an interface to. */
  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  /** The command that runs `command` in the namespace. It becomes `command` by exec, and dies with this process. */
  enter(command: readonly string[]): string[] {
    return [
      ...['nsenter', '--user', '--net', '--preserve-credentials', '--target', String(this.pid)],
      ...['setpriv', '--pdeathsig', 'KILL'],
      ...command,
    ];
  }

  /** Starts `command` in the namespace; it is killed when the namespace is closed. */
  start(command: readonly string[], stdio: StdioOptions = ['ignore', 'pipe', 'pipe']): ChildProcess {
    const [program = '', ...args] = this.enter(command);
    const child = spawn(program, args, { stdio });
    this.#started.add(child);
    child.once('exit', () => this.#started.delete(child));
    return child;
  }

  /**
   * Runs `command` to its end, `input` on its standard input. Without one there is none to read: a bash that finds a socket there, as
   * pipes of ours are, takes itself for a remote shell and runs the user's start-up files.
   */
  async run(command: readonly string[], input?: string | Uint8Array, limitMs = LIMIT_MS): Promise<Ended> {
    const child = this.start(command, [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe']);
    const { stdin, stdout, stderr } = child;
    if (!stdout || !stderr) throw new Error(`${command[0]}: no pipes`);
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    stdin?.on('error', () => undefined); // A program that reads nothing may have ended before we wrote.
    stdin?.end(input);
    const closed = once(child, 'close') as Promise<[number | null]>;
    const [out, err, [status]] = await Promise.all([text(stdout), text(stderr), closed]);
    clearTimeout(timer);
    return { status, out, err };
  }

  /** What a shell script printed; every command in it must succeed. @throws Error with what it said otherwise. */
  async shell(script: string, limitMs = LIMIT_MS): Promise<string> {
    const { status, out, err } = await this.run(['sh', '-euc', script], undefined, limitMs);
    if (status !== 0)
      throw new Error(`exit status ${status} of a shell in the namespace:\n${script}\n${err}`);
    return out;
  }

  /** A tap, up, with the host's side of the wire at `addresses` (CIDR notation; `nodad` is set for IPv6). */
  async tap(name: string, ...addresses: readonly string[]): Promise<void> {
    await this.shell(
      [`ip tuntap add ${name} mode tap`, ...assign(name, addresses), `ip link set ${name} up`].join('\n'),
    );
  }

  /** A pair of interfaces, `name` here and `peerName` in `peer`, both up with their addresses. */
  async veth(
    name: string,
    address: string,
    peer: Namespace,
    peerName: string,
    peerAddress: string,
  ): Promise<void> {
    await this.shell(
      [
        `ip link add ${name} type veth peer name ${peerName} netns ${peer.pid}`,
        ...assign(name, [address]),
        `ip link set ${name} up`,
      ].join('\n'),
    );
    await peer.shell([...assign(peerName, [peerAddress]), `ip link set ${peerName} up`].join('\n'));
  }

  /** Ends what runs in the namespace and gives everything back. */
  async close(): Promise<void> {
    for (const inner of this.#inner) await inner.close();
    await Promise.all([...this.#started].map((child) => kill(child)));
    await kill(this.#holder);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function assign(name: string, addresses: readonly string[]): string[] {
  return addresses.map(
    (address) => `ip addr add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`,
  );
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
