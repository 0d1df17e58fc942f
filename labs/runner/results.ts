// The evidence that runs leave: labs/*.json (kept with the project) and build/labs/*.json (the last runs here).

/** How one part ended. `not-run` parts come after a failed one. */
export type Outcome = 'passed' | 'failed' | 'not-run';

export interface PartResult {
  readonly part: string;
  /** `partDigests` of the lab the result belongs to. */
  readonly digest: string;
  readonly outcome: Outcome;
  /** Exit status; null when it was killed at its budget or never ran. */
  readonly exit: number | null;
  readonly durationMs: number;
  /** What it printed, as it printed it. At most 64 KiB; a longer one ends in a line that says so. */
  readonly transcript: string;
  /** What it started in the background printed until the lab's end, where that is more. */
  readonly console?: string | undefined;
  /** The directory it left its shell in, where that is another than it began in. */
  readonly endsIn?: string;
  /** It took more than half of its budget, so on a slower machine it may not pass. */
  readonly slow?: boolean | undefined;
}

/** What the processors of a lab's machines did while it ran, all together: what is missing to its time, they waited for one of the host's. */
export interface Busy {
  readonly ranMs: number;
  /** They had nothing to do: a command waited for a time to pass, or for an answer. */
  readonly idleMs: number;
}

export interface LabResult {
  readonly lab: string;
  readonly title: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** Missing where that was not to be known. */
  readonly busy?: Busy;
  readonly parts: readonly PartResult[];
}

/** What a run was made of and on: evidence without it is worth nothing. */
export interface Circumstances {
  readonly version: 1;
  /** The commit the run was made on, and whether files differed from it. */
  readonly commit: string;
  readonly dirty: boolean;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly vm: {
    /** Digest of everything the VM was built from. */
    readonly digest: string;
    /** How its processor ran. */
    readonly accelerator: 'kvm' | 'tcg';
    readonly qemu: string;
  };
  /** sha256 of each prebuilt image the VM carried, by file name. */
  readonly images: Readonly<Record<string, string>>;
}

export interface Results extends Circumstances {
  readonly labs: readonly LabResult[];
}

/** How often a part passed of how often it ran. */
export interface Counted {
  readonly part: string;
  /** `partDigests` of the lab it was counted of. */
  readonly digest: string;
  readonly runs: number;
  readonly passed: number;
}

/** How often parts passed when all labs ran again and again: in the last run, and in those before it whose labs were the same. */
export interface Ledger extends Circumstances {
  /** What the order of the last run followed from. */
  readonly seed: number;
  readonly labs: readonly { readonly lab: string; readonly parts: readonly Counted[] }[];
}

/** What noticed that a part was left out: its own check, a later part's, or the look at what is left in the end. */
export type Noticed =
  | { readonly by: 'itself' }
  | { readonly by: 'part'; readonly part: string }
  | { readonly by: 'teardown' }
  | { readonly by: 'nobody'; readonly reason: string };

/** What became of one part's absence. */
export interface Finding {
  readonly lab: string;
  readonly part: string;
  /** What it rests on (`restsOn`): with another digest it was found of another lab than there is now. */
  readonly digest: string;
  /** When it was found: RFC 3339, UTC. */
  readonly at: string;
  readonly noticed: Noticed;
}

/** What became of each part's absence, in this run and in earlier ones whose findings still stand. */
export interface Control extends Circumstances {
  readonly parts: readonly Finding[];
}
