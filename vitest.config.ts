// Unit tests: everything under test/ but the site's, which need a browser.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Programs that tests start may have to be compiled first, on a busy machine; a limit is there to end what hangs.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // One for each processor but one is what vitest takes by itself: one alone where there are two. Tests wait more than they compute,
    // and a lab VM, which a file may start, takes a gigabyte.
    maxWorkers: 3,
  },
});
