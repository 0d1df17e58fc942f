// The commands there are. Each is a file that is loaded when it is asked for, with what it needs: all together take longer to load than most take to run.
import type { Listed } from './command.ts';

export const COMMANDS: readonly Listed[] = [
  {
    name: 'run',
    summary: 'run a unikernel',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'image',
    summary: 'list images, show what one wants, get one from kittiwaked',
    load: async () => (await import('./commands/image.ts')).image,
  },
  {
    name: 'stats',
    summary: 'show what unikernels use: processor, memory, network',
    load: async () => (await import('./commands/stats.ts')).stats,
  },
  {
    name: 'trace',
    summary: "show a network device's frames as they come, and drops with reasons",
    load: async () => (await import('./commands/trace.ts')).trace,
  },
  {
    name: 'explain',
    summary: 'say why a guest failed, from a crash report',
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  {
    name: 'net',
    summary: 'set up networks for unikernels: bridges, taps, NAT',
    load: async () => (await import('./commands/net.ts')).net,
  },
  {
    name: 'create',
    summary: 'give a unikernel to kittiwaked, which keeps it running',
    load: async () => (await import('./commands/create.ts')).create,
  },
  {
    name: 'ps',
    summary: 'list what kittiwaked looks after, and how it is',
    load: async () => (await import('./commands/ps.ts')).ps,
  },
  {
    name: 'logs',
    summary: 'show what a unikernel of kittiwaked has printed',
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  {
    name: 'restart',
    summary: 'start a unikernel of kittiwaked again',
    load: async () => (await import('./commands/lifecycle.ts')).restart,
  },
  {
    name: 'stop',
    summary: 'end a unikernel of kittiwaked, and keep it',
    load: async () => (await import('./commands/lifecycle.ts')).stop,
  },
  {
    name: 'rm',
    summary: 'end a unikernel of kittiwaked, and forget it',
    load: async () => (await import('./commands/lifecycle.ts')).rm,
  },
  {
    name: 'limit',
    summary: 'limit the CPU that a unikernel of kittiwaked gets',
    load: async () => (await import('./commands/limit.ts')).limit,
  },
  {
    name: 'block',
    summary: 'make, fill, read and remove block devices of kittiwaked',
    load: async () => (await import('./commands/block.ts')).block,
  },
  {
    name: 'policy',
    summary: 'limit what may run below a path',
    load: async () => (await import('./commands/policy.ts')).policy,
  },
  {
    name: 'apply',
    summary: 'make the unikernels, block devices and policies of a fleet file',
    load: async () => (await import('./commands/apply.ts')).apply,
  },
  {
    name: 'diff',
    summary: 'show what is not as a fleet file has it',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'export',
    summary: 'write what runs as a fleet file',
    load: async () => (await import('./commands/export.ts')).exportFleet,
  },
  {
    name: 'events',
    summary: 'show what happens to the unikernels of kittiwaked',
    load: async () => (await import('./commands/events.ts')).events,
  },
  {
    name: 'ca',
    summary: 'let others deploy unikernels here: a root of trust, and who may do what',
    load: async () => (await import('./commands/ca.ts')).ca,
  },
  {
    name: 'cert',
    summary: 'show certificates, ask for one, revoke one',
    load: async () => (await import('./commands/cert.ts')).cert,
  },
  {
    name: 'remote',
    summary: 'give names to orchestrators of other hosts, for --remote',
    load: async () => (await import('./commands/remote.ts')).remote,
  },
  {
    name: 'token',
    summary: 'make and revoke tokens for the HTTP API of kittiwaked',
    load: async () => (await import('./commands/token.ts')).token,
  },
  {
    name: 'doctor',
    summary: 'check this host, and find where packets are lost',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
];
