// Where the parts of a lab run: whose shell, and in which directory. The page renders it as the prompt; the runner holds a lab to it.
import { USERS, type User } from './options.ts';
import type { Lab, Recording } from './lab.ts';

export interface Place {
  readonly machine: string;
  readonly user: User;
  /** As a prompt shows it: `~` for the user's own. */
  readonly directory: string;
}

/** Where each part of `lab` begins, by its name: its shell stays where a part before it went. */
export function placesOf(lab: Lab, recording: Recording): ReadonlyMap<string, Place> {
  const shells = new Map<string, string>();
  return new Map(
    lab.parts.map((part) => {
      const { on: machine, user } = part;
      const shell = `${user}@${machine}`;
      const directory = part.in ?? shells.get(shell) ?? '~';
      shells.set(shell, recording.get(part.name)?.endsIn ?? directory);
      if (part.restarts) for (const gone of USERS) shells.delete(`${gone}@${machine}`);
      return [part.name, { machine, user, directory }];
    }),
  );
}

/** What stands before a command typed at `place`, as `operator@lab:~$`. */
export function promptOf({ machine, user, directory }: Place): string {
  return `${user}@${machine}:${directory}${user === 'root' ? '#' : '$'}`;
}
