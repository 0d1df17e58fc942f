// The evidence a run leaves: labs/results.json (kept with the project) and build/labs/results.json (the last run here).

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
}

export interface LabResult {
  readonly lab: string;
  readonly title: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly parts: readonly PartResult[];
}

export interface Results {
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
  readonly labs: readonly LabResult[];
}
