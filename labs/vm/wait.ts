// Waiting for what nobody tells of.

/** Calls `work` until it succeeds, every 20 ms, for at most `limitMs`. */
export async function waitFor<T>(work: () => Promise<T>, limitMs: number): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
