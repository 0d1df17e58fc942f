// Who would run the unikernel: whoever asks, and with sudo whoever asked for that.
import { userInfo } from 'node:os';
import type { Exec } from '../../network/exec.ts';

export interface Person {
  readonly name: string;
  readonly uid: number;
  readonly groups: readonly string[];
  /** It may look at and open everything. */
  readonly root: boolean;
}

export function readPerson(exec: Exec, environment: NodeJS.ProcessEnv = process.env): Person {
  const { uid, username } = userInfo();
  const asked = uid === 0 ? environment['SUDO_USER'] : undefined;
  const name = asked ?? username;
  const words = (option: string): string[] => exec('id', [option, '--', name]).out.trim().split(/\s+/);
  return { name, uid: Number(words('-u')[0] ?? uid), groups: words('-Gn'), root: name === 'root' };
}
