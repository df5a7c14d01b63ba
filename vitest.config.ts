import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/* Tests there wait for servers and processes: begun last, one of them would keep a worker busy when the others have ended. */
const longest = ['test/types/', 'test/local/', 'test/handlers/', 'test/infra/', 'test/e2e/', 'test/docs/']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const path = relative(this.ctx.config.root, moduleId).replaceAll('\\', '/')
      const found = longest.findIndex((folder) => path.startsWith(folder))
      return found < 0 ? longest.length : found
    }
    const ordered = await super.sort(files)
    return ordered.toSorted((one, other) => rank(one) - rank(other))
  }
}

export default defineConfig({
  test: {
    globalSetup: 'test/support/run-folder.ts',
    include: ['test/**/*.test.ts'],
    sequence: { sequencer: LongestFirst },
    pool: 'forks',
    isolate: false,
    /* Each has servers of its own, and takes a gigabyte with them. */
    maxWorkers: Math.min(4, Math.max(2, availableParallelism())),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    /* What is waited for comes; a busy machine takes its time. */
    expect: { poll: { timeout: 30_000 } },
    /* What was compiled once is read from node_modules/.cache the next time: half of what one file takes. */
    experimental: { fsModuleCache: true, fsModuleCachePath: 'node_modules/.cache/vitest' },
    passWithNoTests: false,
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    /* Its modules import folders, which Node cannot load. */
    server: { deps: { inline: ['dt-sql-parser'] } },
  },
})
