// kittiwake apply: makes what a fleet file asks for.
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { ASKING, ASKING_HELP, ASKING_OPTIONS, operandsOf } from '../daemon-words.ts';
import { CommandError, EXIT } from '../errors.ts';

export const apply: Command = {
  help: `Make what a fleet file asks for: policies, block devices, and unikernels in the
order they are to be started in. What is so already stays as it is; so applying
twice changes nothing, and whoever was interrupted applies again. It shows the
plan, does it, and waits until each unikernel is well, as its health says.

Usage: kittiwake apply FILE [--dry-run] [--prune]

FILE is YAML; 'kittiwake export' writes one of what runs, and the handbook has
all that may stand in it.

Options:
  --dry-run           show the plan only
  --prune             also remove what is below FILE's path and not in FILE:
                      unikernels, policies, block devices with what is on them
${ASKING_HELP}
Policies cannot be changed with --remote: certificates carry their own.

Exit status: 0, 64 (usage), 65 (FILE makes no sense, and where), 66 (it cannot
be read), 69 (kittiwaked is not there or says no, and why; or a unikernel is not
well) or 77 (permission).

Examples:
  sudo kittiwake apply fleet.yaml --dry-run
  sudo kittiwake apply fleet.yaml
  kittiwake apply fleet.yaml --remote host.example --identity ca/anna
`,
  options: ['--dry-run', '--prune', ...ASKING_OPTIONS],
  takesImage: true,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...ASKING, 'dry-run': { type: 'boolean' }, prune: { type: 'boolean' } },
    });
    const [file = ''] = operandsOf('apply', ['FILE'], positionals);
    const { out, note, status } = context;
    const { asking } = await import('../orchestrated.ts');
    const { counted, prepare } = await import('../fleet/prepare.ts');
    const { carryOut } = await import('../fleet/carry-out.ts');
    const { lineOf, wordsOf } = await import('../fleet/words.ts');
    const { HealthError } = await import('../fleet/health.ts');
    const say = (json: object, line: string): void =>
      out(values.json ? `${JSON.stringify(json)}\n` : `${line}\n`);
    await asking(async () => {
      const { planned, ...rest } = await prepare(file, values, values.prune ?? false, context);
      const { steps, remarks, obstacles } = planned;
      remarks.forEach(note);
      const last = obstacles.at(-1);
      obstacles.slice(0, -1).forEach(note);
      if (last !== undefined) throw new CommandError(EXIT.unavailable, last);
      for (const step of steps) say({ plan: wordsOf(step) }, lineOf(step));
      if (steps.length === 0)
        say({ plan: null }, `nothing to do: there is all of ${file} (${counted(rest.wanted)})`);
      if (values['dry-run']) return;
      let taken = 0;
      try {
        await carryOut(planned, {
          ...rest,
          done(step) {
            taken += 1;
            const { subject } = wordsOf(step);
            say(
              { done: subject, step: taken, of: steps.length },
              `${taken}/${steps.length} ${subject}: done`,
            );
          },
          well: (name, how) => say({ well: name, how }, `${name}: ${how}`),
          ...(status ? { status } : {}),
        });
      } catch (error) {
        if (taken < steps.length)
          note(
            `${taken} of ${steps.length} steps are done; when this is mended, apply again does the others`,
          );
        if (error instanceof HealthError) throw new CommandError(EXIT.unavailable, error.message);
        throw error;
      }
    });
    return EXIT.ok;
  },
};
