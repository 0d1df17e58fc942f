// Unit tests: everything under test/ but the site's, which need a browser.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or more, the longest first: begun last, one of them would go on alone. */
const LONG = [
  'doctor/near',
  'doctor/far',
  'tender/hvt-debug',
  'tender/hvt-ring',
  'network/host-vm',
  'network/users',
  'tender/hostile-hvt',
  'tender/hvt',
  'network/manage',
  'daemon/many',
  'daemon/full',
  'guest/ring',
  'network/traffic',
].map((name) => `/test/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(name));
      return at === -1 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Programs that tests start may have to be compiled first, on a busy machine; a limit is there to end what hangs.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // As long may pass until something is so that comes by itself.
    expect: { poll: { timeout: 30_000 } },
    // One for each processor but one is what vitest takes by itself: one alone where there are two. Tests wait more than they compute,
    // and a lab VM, which a file may start, takes a gigabyte.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
