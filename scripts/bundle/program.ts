// The bundle's command: its JavaScript in one file, which needs no node_modules, and the shell script that starts it.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from '../setup/root.ts';

const ARCH = 'x86_64';

/** What is typed. It begins with what a person meets who was handed a stick. */
const START = `#!/bin/sh
# The Kittiwake handbook and its labs, with what lies beside this file.
PATH=\${PATH:+$PATH:}/usr/bin:/bin
here=$(readlink -f "$0")
here=\${here%/*}
fail() {
  echo "kittiwake-handbook: $1" >&2
  exit 69
}
[ "$(uname -sm)" = "Linux ${ARCH}" ] || fail "this machine is $(uname -sm); the bundle is for Linux ${ARCH}"
node=$here/runtime/lib/kittiwake/node
[ -e "$node" ] || fail "$node is missing; copy the whole folder again"
[ -x "$node" ] || fail "nothing may be executed in $here; copy the folder to a disk of this machine"
export PATH="$here/qemu/bin:$PATH"
exec "$node" --disable-warning=ExperimentalWarning "$here/lib/handbook.mjs" "$@"
`;

/** Writes the command into `folder`, a bundle. Returns the files of ours and of others that are in it. */
export async function writeProgram(folder: string): Promise<string[]> {
  const bundled = await rolldown({
    input: join(root, 'scripts', 'bundle', 'carried', 'main.ts'),
    platform: 'node',
  });
  const lib = join(folder, 'lib');
  await mkdir(lib, { recursive: true });
  const { output } = await bundled.write({ file: join(lib, 'handbook.mjs'), format: 'esm', minify: false });
  await bundled.close();
  // What runs in a machine is read from beside the program (labs/runner/state.ts).
  await copyFile(join(root, 'labs', 'runner', 'state.sh'), join(lib, 'state.sh'));
  await writeFile(join(folder, 'kittiwake-handbook'), START, { mode: 0o755 });
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
}
