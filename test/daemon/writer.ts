// Writes unikernels, policies and images to the folder given, over and over, until it is killed; says each time it is done with one.
import { Disk } from '../../runtime/daemon/disk.ts';

const { disk } = await Disk.open(process.argv[2] ?? '');
for (let memory = 16; ; memory = memory === 16 ? 64 : 16) {
  const digest = await disk.putImage(Buffer.alloc(100_000, memory));
  const config = {
    typ: 'solo5',
    addName: true,
    failBehaviour: { kind: 'quit' },
    cpuids: [0],
    memory,
    blocks: [],
    bridges: [],
    arguments: ['x'.repeat(memory * 1000)],
    cpus: 1,
  } as const;
  await disk.putUnikernel({ name: { path: ['a'], label: 'b' }, digest, config });
  await disk.putPolicies(new Map([['a:', { cpuids: [0], unikernels: memory, memory, bridges: [] }]]));
  process.stdout.write(`${memory}\n`);
}
