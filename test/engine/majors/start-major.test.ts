import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ask, openScratch, type Scratch } from '../../local/sample/scratch.ts'
import { testedMajors } from '../../support/postgres-majors/tested-majors.ts'

/* Room to install a version the first time. */
vi.setConfig({ hookTimeout: 120_000 })

describe.each(await testedMajors())('$title', ({ major, project, isMissing }) => {
  let scratch: Scratch
  beforeAll(async () => {
    scratch = await openScratch(0o755)
  })
  afterAll(() => scratch.clear())

  test.skipIf(isMissing)('starts, with a log for logical decoding, and stops', async () => {
    const { url } = await scratch.start(project === undefined ? {} : { project })
    const [[version = '', level] = []] = await ask(
      url,
      `select current_setting('server_version_num'), current_setting('wal_level')`,
    )
    expect(Math.floor(Number(version) / 10_000)).toBe(major)
    expect(level).toBe('logical')
  })
})
