import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CheckResult } from '../../../core/check.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { checkCapturable } from '../../../engine/postgres/rules/check-source.ts'
import { ensurePublication } from '../../../engine/postgres/rules/ensure-publication.ts'
import type { LeftOutTable } from '../../../engine/postgres/rules/table-rules.ts'
import { examineSource } from '../../../local/doctor/examine-source.ts'
import { openScratch, type Scratch } from '../../local/sample/scratch.ts'
import { testedMajors } from '../../support/postgres-majors/tested-majors.ts'
import { oddTables } from './odd-tables.ts'

/* Room to install a version the first time. */
vi.setConfig({ hookTimeout: 120_000 })

describe.each(await testedMajors())('$title', ({ major, project, isMissing }) => {
  const tables = Object.entries(oddTables).filter(
    ([, { from = 12, until = 99 }]) => from <= major && major <= until,
  )
  const expected = (ask: 'code' | 'mended') =>
    tables.flatMap(([name, { code, isMended }]) => {
      const found = typeof code === 'function' ? code(major) : code
      return found === undefined || (ask === 'mended' && isMended === true) ? [] : [`odd_${name}.t ${found}`]
    })
  let scratch: Scratch
  let client: pg.Client
  let source: Source
  beforeAll(async () => {
    if (isMissing) return
    scratch = await openScratch(0o755)
    const { url } = await scratch.start({ settings: { fsync: 'off' }, ...(project && { project }) })
    source = { url }
    client = await connectSource(source)
    for (const [name, { ddl }] of tables) {
      await client.query(`create schema odd_${name}; set search_path = odd_${name}, pg_catalog; ${ddl}`)
      const row = name === 'with_rules_of_time' ? `('[1,2)', '[1,5)', 1)` : '(1, 1, 1)'
      await client.query(`insert into t (id, d, v) values ${row}`)
      await client.query('reset search_path')
    }
  })
  afterAll(async () => {
    if (isMissing) return
    await closeClient(client)
    await scratch.clear()
  })

  /** Writes that PostgreSQL refuses, by table. */
  async function refusedWrites(): Promise<readonly string[]> {
    const refused: string[] = []
    for (const [name, { column = 'v' }] of tables)
      for (const sql of [`update odd_${name}.t set ${column} = ${column}`, `delete from odd_${name}.t`])
        await client.query(`begin; ${sql}; rollback`).catch(async (error: Error) => {
          refused.push(`${name}: ${error.message}`)
          await client.query('rollback')
        })
    return refused
  }

  async function start(): Promise<readonly LeftOutTable[]> {
    const { tables: followed, leftOut } = await checkCapturable(client, { patterns: ['*.*'] })
    await ensurePublication(client, 'tidemark', followed)
    return leftOut
  }

  async function doctor(): Promise<readonly CheckResult[]> {
    const asked = { reader: 'tidemark', patterns: ['*.*'], slot: 'tidemark', known: undefined } as const
    return examineSource(source, { ...asked, publication: 'tidemark' })
  }

  const codes = (leftOut: readonly LeftOutTable[]) =>
    leftOut.map(({ table, code }) => `${table} ${code}`).toSorted()

  test.skipIf(isMissing)(
    'a start follows what can be followed, and the source takes every write',
    async () => {
      const before = await doctor()
      const leftOut = await start()
      expect(codes(leftOut)).toEqual(expected('code').toSorted())
      expect(await refusedWrites()).toEqual([])
      /* What is left out is what `doctor` finds, with the same statements. */
      const found = before.flatMap(({ fix }) => fix.map(({ text }) => text))
      for (const { fix } of leftOut) for (const { text } of fix) expect(found).toContain(text)
    },
  )

  test.skipIf(isMissing)('what is printed is taken by the server, breaks no write, and mends', async () => {
    for (const { fix } of await start())
      for (const { kind, text } of fix) if (kind === 'sql') await client.query(text)
    expect(codes(await start())).toEqual(expected('mended').toSorted())
    expect(await refusedWrites()).toEqual([])
  })

  test.skipIf(isMissing)('what an upgrade or a setting breaks is found, and mended first', async () => {
    if (major < 18) return
    await client.query(`alter table odd_full_stored.t replica identity full; alter table odd_keyless.t replica identity full;
      alter publication tidemark add table odd_keyless.t; alter table odd_keyless.t replica identity nothing`)
    const refused = async () => (await doctor()).find(({ id }) => id === 'source.published-writes')
    const found = await refused()
    expect([found?.state, found?.code]).toEqual(['fail', 'source/replica-identity'])
    expect((await refusedWrites()).map((one) => one.split(':')[0])).toEqual([
      ...['keyless', 'keyless', 'full_stored', 'full_stored'],
    ])
    for (const { kind, text } of found?.fix ?? []) if (kind === 'sql') await client.query(text)
    expect(await refusedWrites()).toEqual([])
    expect((await refused())?.state).toBe('ok')
    /* With its generated columns published the table can be written; without, it could not. */
    await client.query(`alter publication tidemark set (publish_generated_columns = stored);
      alter table odd_full_stored.t replica identity full`)
    expect(await refusedWrites()).toEqual([])
    const widen = (await doctor()).find(({ id }) => id === 'source.publication')
    for (const { text } of widen?.fix ?? []) {
      await client.query(text)
      expect(await refusedWrites()).toEqual([])
    }
    await start()
  })
})
