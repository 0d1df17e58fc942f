// One line per step of work, with its time: what a person watching the set-up sees. On standard error, so that --json stays clean.

/** Runs `work`, then prints `setup: NAME (1.2 s)`. Errors pass through with the step's name in front. */
export async function step<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    const result = await work();
    console.error(`setup: ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    return result;
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
