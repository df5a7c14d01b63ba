import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeError } from '../../../cli/terminal/output.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../../engine/postgres/source-server.ts'
import { collectGarbage } from '../../support/collect-garbage.ts'
import { carryOut, writeContracts } from './carry-out.ts'
import { people, quiet, SCHEMA } from './kept-folder.ts'

/* Only root mounts a file system of a size; the words that systems and engines use are tested for everybody. */
const isRoot = process.getuid?.() === 0 && process.platform === 'linux'

describe.skipIf(!isRoot)('a file system that is full, or read-only (needs root, for a tmpfs)', () => {
  let root = ''
  let dir = ''
  let server: SourceServer
  let database: SourceDatabase
  const mounted = (options: string) => execFileSync('mount', ['-o', `remount,${options}`, dir])

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'tidemark-full-'))
    dir = join(root, 'run')
    await mkdir(dir)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=755', 'tmpfs', dir])
    await writeContracts(root)
    server = await startSource()
    database = await server.database(SCHEMA)
  })

  afterAll(async () => {
    await server.stop()
    await collectGarbage()
    execFileSync('umount', [dir])
    await rm(root, { recursive: true })
  })

  const start = (): Promise<LocalRun> =>
    openLocalRun({
      dir,
      source: database.source,
      isEmbedded: false,
      system: 'tests',
      contracts: [people],
      patterns: ['public.*'],
      slot: 'tm_full',
      publication: 'tm_full',
      reload: false,
      log: quiet,
      hints: { bytes: 1 << 20, milliseconds: 20 },
      compactEveryMs: 0,
      proveEveryMs: 0,
    })

  test('a run ends with the cause and the file, and goes on equal when there is room', async () => {
    const fill = async () => {
      const run = await start()
      await run.loaded(AbortSignal.timeout(60_000))
      await database.client.query(`insert into things
        select i, (select string_agg(md5(i || '-' || g), '') from generate_series(1, 60) g)
        from generate_series(1000, 4000) i`)
      const failure = await run.failed.catch((error: unknown) => error)
      await run.stop()
      return failure
    }
    const failure = await fill()
    expect(describeError(failure)).toMatchObject({
      code: 'run/disk-full',
      message: expect.stringContaining(dir),
      advice: expect.stringContaining('start again'),
    })
    /* As full as it is. */
    const again = await start().then(
      async (started) => {
        const error = await started.failed.catch((thrown: unknown) => thrown)
        await started.stop()
        return error
      },
      (error: unknown) => error,
    )
    expect(describeError(again)).toMatchObject({ code: 'run/disk-full' })

    /* Lives of one process: a connection whose file could not be folded is open until then. */
    await collectGarbage()
    mounted('size=256m')
    const third = await start()
    try {
      await third.loaded(AbortSignal.timeout(60_000))
      const proof = await third.reconcile(AbortSignal.timeout(60_000))
      expect(proof).toMatchObject({ equal: true, failed: [] })
    } finally {
      await third.stop()
    }
    expect(await carryOut(['status', '--audit'], { dir, root })).toContain('nothing is missing')
  })

  test('read-only, what writes says so, and what reads goes on', async () => {
    await collectGarbage()
    /* As a run leaves the file that is killed when its log is empty. */
    const state = new DatabaseSync(join(dir, 'state.db'))
    state.exec('PRAGMA journal_mode = WAL')
    state.close()
    mounted('ro')
    try {
      for (const command of [['compact'], ['replay', '--table', 'hr.people'], ['repair']]) {
        const failure = await carryOut(command, { dir, root }).catch((error: unknown) => error)
        expect(describeError(failure), command.join(' ')).toMatchObject({ code: 'run/not-writable' })
      }
      const failure = await start().catch((error: unknown) => error)
      expect(describeError(failure)).toMatchObject({ code: 'run/not-writable' })
      expect(await carryOut(['status', '--audit'], { dir, root })).toContain('nothing is missing')
    } finally {
      mounted('rw')
    }
    /* What one process opened while nobody could write stays so. */
    await collectGarbage()
    await carryOut(['compact'], { dir, root })
  })
})
