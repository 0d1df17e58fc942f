// Sockets that systemd opened and handed on (sd_listen_fds(3)): from descriptor 3 on, with their names.
const FIRST = 3;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Descriptors by the names their units gave them; empty where nobody handed any on. @throws Error where they make no sense. */
export function handedOn(environment: Environment, pid: number): Map<string, number> {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = environment;
  if (LISTEN_FDS === undefined || LISTEN_PID !== String(pid)) return new Map();
  const count = Number(LISTEN_FDS);
  const names = LISTEN_FDNAMES.split(':');
  if (!Number.isInteger(count) || count < 0 || names.length !== count || new Set(names).size !== count)
    throw new Error(
      `LISTEN_FDS=${LISTEN_FDS} LISTEN_FDNAMES=${LISTEN_FDNAMES}: each socket needs a name of its own`,
    );
  return new Map(names.map((name, at) => [name, FIRST + at]));
}
