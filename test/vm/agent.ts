// The VM's own agent on this machine, for tests of what talks to it.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
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

/** Ends all agents with their whole groups: what a test left running would hold the pipes open. */
export function endAgents(): void {
  for (const { pid } of agents.splice(0)) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}
