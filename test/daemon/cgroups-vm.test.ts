// Control groups as systemd and Linux have them, in the lab VM: made, found again, taken away, and gone on without.
import { expect, test } from 'vitest';
import { labVm } from '../vm/lab.ts';

const LIMIT_MS = 400_000;
const GROUPS = '/sys/fs/cgroup/system.slice/kittiwaked-unikernels.service';
const lab = labVm(LIMIT_MS, ({ run }) =>
  run('systemctl enable --now kittiwaked.socket; ip link add br0 type bridge; ip link set br0 up'),
);

test(
  'a unikernel is limited, keeps its limits over kill -9 of the daemon, and leaves nothing behind',
  async () => {
    const { out } = await lab.run(`
      groups() { find ${GROUPS} -mindepth 1 -type d -printf '%P ' | tr ' ' '\\n' | grep : | sort | tr '\\n' ' '; }
      kittiwake create team:web netcheck.spt --net:service=br0 --mem 16 --cpu-limit 20 -- --ipv4=10.0.0.2/24
      cd ${GROUPS}/team:/:web
      echo "limits $(cat cpu.weight cpu.max memory.max pids.max | tr '\\n' ' ')"
      kittiwake limit team:web --cpu-weight 50
      echo "later $(cat cpu.weight cpu.max | tr '\\n' ' ')"
      kittiwake stats team:web --json | grep -o 'cgroup.memory.current":[1-9]' | cut -c 1-21
      before=$(cat cgroup.procs)
      systemctl kill --signal=KILL --kill-who=main kittiwaked
      kittiwake ps > /dev/null
      [ "$before" = "$(cat cgroup.procs)" ] && echo same processes
      echo "after $(cat cpu.weight)"
      cd /
      echo "groups $(groups)"
      kittiwake rm team:web
      echo "left $(groups)"`);
    const memory = 16 * 1024 * 1024;
    expect(out.split('\n')).toEqual([
      'team:web: created unikernel',
      `limits 100 20000 100000 ${memory + memory / 32 + (32 << 20)} 32 `,
      'team:web: limited unikernel',
      'later 50 max 100000 ',
      'cgroup.memory.current',
      'same processes',
      'after 50',
      'groups team: team:/:web ',
      'team:web: destroyed unikernel',
      'left ',
      '',
    ]);
  },
  LIMIT_MS,
);

test(
  'without a folder it can use the daemon says so once, runs unikernels all the same, and refuses limits',
  async () => {
    const { out } = await lab.run(`
      systemctl stop kittiwaked kittiwaked-unikernels 2> /dev/null
      mkdir -p /run/systemd/system/kittiwaked.service.d
      printf '[Service]\\nExecStart=\\nExecStart=/usr/local/bin/kittiwaked --cgroup /sys/fs/cgroup/none\\n' \\
        > /run/systemd/system/kittiwaked.service.d/none.conf
      systemctl daemon-reload
      kittiwake create a netcheck.spt --net:service=br0 -- --ipv4=10.0.0.3/24
      kittiwake limit a --cpu-limit 5
      kittiwake rm a
      journalctl -u kittiwaked -o cat | grep -c 'cgroup /sys/fs/cgroup/none: it cannot be read (ENOENT)'`);
    expect(out.split('\n')).toEqual([
      'a: created unikernel',
      "kittiwake: limits: kittiwaked has no control groups; its log says why, its option '--cgroup' where",
      'a: destroyed unikernel',
      '1',
      '',
    ]);
  },
  LIMIT_MS,
);
