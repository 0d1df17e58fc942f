// Asks an orchestrator on another host, ours or Albatross's: what is asked is in a certificate, which is made for it and shown in the handshake.
import { connect, type TLSSocket } from 'node:tls';
import { configOf, withImage, type Command } from '../protocol/command.ts';
import { issueLeaf, newKeys } from '../protocol/issue.ts';
import { formatName, type Name } from '../protocol/name.ts';
import { filesOf, readIdentity, type Identity } from './identity.ts';
import { ClientError, stream, type Way } from './socket.ts';

/** Milliseconds until a server has answered the handshake. */
const HANDSHAKE_MS = 20_000;
/** Bytes of an image in one frame. */
const PIECE = 1 << 20;

export interface Server {
  readonly host: string;
  readonly port: number;
  /** What its certificate is to say, where that is not `host`. */
  readonly serverName?: string | undefined;
}

const addressOf = ({ host, port }: Server): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** `name` with the path that certificates of `path` are for, which may be left out. @throws ClientError where it has another. */
function wholeName(name: Name, path: readonly string[]): Name {
  const own = formatName({ path });
  if (name.path.length > 0 && formatName({ path: name.path }) !== own)
    throw new ClientError(
      'refused',
      `${formatName(name)}: these certificates are for names in ${own} and no others; use those of ${formatName({ path: name.path })}`,
    );
  return { ...name, path };
}

/** `command` as it is in a certificate, which has no room for an image; that follows. */
function withoutImage(command: Command): { carried: Command; image?: Uint8Array | undefined } {
  return { carried: withImage(command, new Uint8Array(0)), image: configOf(command)?.image };
}

async function handshake(socket: TLSSocket, where: string): Promise<void> {
  const timer = setTimeout(
    () => socket.destroy(new Error(`no answer in ${HANDSHAKE_MS / 1000} s`)),
    HANDSHAKE_MS,
  );
  try {
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  } catch (error) {
    socket.destroy();
    const { code, message } = error as NodeJS.ErrnoException;
    const cause =
      code === 'ECONNREFUSED'
        ? 'nobody serves there; is kittiwaked-tls running, and this its port?'
        : code === 'ERR_TLS_CERT_ALTNAME_INVALID'
          ? `its certificate is for another name (${message}); --server-name NAME expects that one`
          : message;
    throw new ClientError('unreachable', `${where}: ${cause}`);
  } finally {
    clearTimeout(timer);
  }
}

function* piecesOf(image: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < image.length; at += PIECE) yield image.subarray(at, at + PIECE);
}

/**
 * A connection to `server` on which `identity` has asked for `command` about `name`.
 * @throws ClientError when nobody is there who may be asked.
 */
async function askRemote(
  { host, port, serverName = host }: Server,
  { issuer, chain, path, root }: Identity,
  name: Name,
  command: Command,
): Promise<TLSSocket> {
  const { carried, image } = withoutImage(command);
  const keys = newKeys();
  const leaf = issueLeaf(issuer, wholeName(name, path).label, keys.publicKey, carried);
  const where = addressOf({ host, port });
  const socket = connect({
    ...{ host, port, minVersion: 'TLSv1.3', allowHalfOpen: true },
    // Whatever the environment says (NODE_TLS_REJECT_UNAUTHORIZED).
    rejectUnauthorized: true,
    // An address is not sent as a name (RFC 6066, section 3), but compared all the same.
    ...(/^[\d.]+$|:/.test(serverName) ? { servername: '' } : { servername: serverName }),
    ca: root.toString(),
    cert: [leaf, ...chain].join(''),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  });
  await handshake(socket, where);
  socket.on('error', () => undefined); // It ends then, too.
  // Whoever was delegated to could issue a server's certificate as well.
  const own = socket.getPeerX509Certificate();
  if (!own?.checkIssued(root) || !own.verify(root.publicKey)) {
    socket.destroy();
    throw new ClientError(
      'unreachable',
      `${where}: its certificate is not issued by the root itself; it is not to be trusted`,
    );
  }
  if (image) void stream(socket, piecesOf(image)).catch(() => undefined);
  return socket;
}

/** To `server`, as whoever the files of `folder` belong to. */
export function remotely(server: Server, folder: string): Way {
  let known: Identity | undefined;
  const identity = (): Identity => (known ??= readIdentity(filesOf(folder)));
  return {
    where: () => addressOf(server),
    // What is wrong with the files is what the promise is refused for.
    whole: (name) => Promise.resolve().then(() => wholeName(name, identity().path)),
    asked: async (name, command) => askRemote(server, identity(), name, command),
  };
}
