// The VM's own agent on this machine, for tests of what talks to it.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import type { User } from '../../labs/runner/options.ts';
import type { Shells } from '../../labs/runner/parts.ts';
import { Shell } from '../../labs/vm/shell.ts';
import { root } from '../../scripts/setup/root.ts';

const agents: ChildProcess[] = [];

/** A shell behind an agent of its own. */
export function shell(): Shell {
  const agent = spawn('bash', [join(root, 'labs', 'vm', 'root', 'usr', 'lib', 'lab', 'agent')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
    env: { ...process.env, HOME: '/', USER: 'nobody' },
  });
  agents.push(agent);
  return new Shell(Duplex.from({ readable: agent.stdout, writable: agent.stdin }));
}

/** A shell for each user, the same for all parts until the machine restarts, as `restarted` says. */
export function shells(restarted?: () => Promise<Shell>): Shells {
  const known = new Map<User, Shell>();
  let housekeeping: Shell | undefined;
  return {
    of({ user }) {
      const one = known.get(user) ?? shell();
      known.set(user, one);
      return one;
    },
    async housekeeping(_, script) {
      housekeeping ??= shell();
      let said = '';
      await housekeeping.run(script, { timeoutMs: 60_000, onOutput: (text) => (said += text) });
      return said;
    },
    again({ user }) {
      const next = shell();
      known.set(user, next);
      return Promise.resolve(next);
    },
    async restarted({ user }) {
      if (!restarted) throw new Error('it was not to restart');
      const next = await restarted();
      known.clear();
      known.set(user, next);
      return next;
    },
  };
}

/** Ends all agents with their whole groups: what a test left running would hold the pipes open. */
export function endAgents(): void {
  for (const { pid } of agents.splice(0)) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}
