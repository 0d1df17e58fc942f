// Unit tests: everything under test/ but the site's, which need a browser.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Programs that tests start may have to be compiled first, on a busy machine.
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
