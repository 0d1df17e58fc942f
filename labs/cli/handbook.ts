// What the command line needs to know of the handbook whose labs it runs.
import type { Lab, Recording } from '../runner/lab.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import type { Snapshot } from '../vm/snapshot.ts';

export interface Handbook {
  /** The folder it is kept in: a clone of a git repository, or part of one, or neither. */
  readonly root: string;
  /** The commit that it is of, and whether files differ from it, where no repository in `root` tells. */
  readonly made?: { readonly commit: string; readonly dirty: boolean };
  /** Where runs leave their evidence, a file for each kind. */
  readonly evidence: string;
  /** Where it is kept for others when it is published; missing where nobody publishes. */
  readonly published?: string;
  /** The folder whose files its labs are read from, and how; missing where nobody waits for them to change. */
  readonly source?: {
    readonly folder: string;
    readonly read: () => Promise<readonly LabWithRecording[]>;
  };
  /** What its machines start from, built where it is missing. */
  snapshot(): Promise<Snapshot>;
  /** sha256 of each image the machines carry, by file name. */
  images(): Promise<Readonly<Record<string, string>>>;
  /** Writes down what the parts of `lab` printed. */
  record(lab: Lab, recording: Recording): Promise<void>;
  /** What to type after a failure of `lab`: lines of the kind 'to do this:  command'. */
  hints(lab: Lab): readonly string[];
}
