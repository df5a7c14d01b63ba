import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { proposalText } from '../../cli/view/contract/print-proposal.ts'
import { inferStored, type StoredOptions } from '../../contract-tools/infer/infer-stored.ts'
import type { Load } from '../../core/load/load.ts'
import { loadPrefix } from '../../core/load/load.ts'
import { decodePage, encodePages, type RawChange } from '../../core/page.ts'
import { loadPosition } from '../../core/position.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { formatChanges } from '../../formatters/format-page.ts'
import { router } from '../../formatters/route.ts'
import { parseSample, runSample } from '../../formatters/run-sample.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { RunState } from '../../local/state/run-state.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { FolderQuarantine } from '../../local/stores/folder-quarantine.ts'
import { tables } from '../../schemas/index.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { applyHunks } from '../docs/walkthrough-page.ts'
import { openStores } from '../support/open-stores.ts'
import { writeDocuments } from '../support/state-documents.ts'
import { tempFolder } from '../support/temp-folder.ts'

const shop = {
  shop_id: 1,
  code: 'LYO-02',
  name: 'Secret Shop',
  city: null,
  country_code: 'FR',
  latitude: null,
  longitude: null,
  opened_on: '2014-05-17',
  is_open: true,
  opening_hours: null,
  updated_at: '2026-03-02T08:15:30.120045Z',
}

function change(operation: RawChange['operation'], number: number, data: object): RawChange {
  const position = `0001-${number.toString(16).padStart(16, '0')}-0000000001`
  const committedAt = '2026-03-02T08:15:31.000000Z'
  return { operation, position, committedAt, members: Buffer.from(`"data":${JSON.stringify(data)}`) }
}

/** A run folder with changes of one table in raw, one page each, and what the sample contracts refuse in quarantine. */
async function stored(table: string, changes: readonly RawChange[]): Promise<string> {
  const dir = await tempFolder()
  const folder = runFolder(dir)
  const source = {
    system: '1',
    database: 'workforce',
    name: 'workforce-postgres',
    address: 'x',
    isEmbedded: true,
  }
  const { state, raw, close } = await openStores(folder.root)
  await new RunState(state.documents, {
    source,
    slot: 'tidemark',
    publication: 'tidemark',
    slotState: 'created',
    epoch: 1,
    loads: {},
    added: [],
  }).update({})
  const quarantine = await FolderQuarantine.in(state, Date.now)
  const routes = router(tables, new Uint8Array(32))(table)
  for (const [index, one] of changes.entries()) {
    const pages = await encodePages(table, { shard: 's', sequence: String(index) }, [one])
    await raw.put(pages)
    const decoded = pages.flatMap((page) => [...decodePage(page)])
    await quarantine.put(formatChanges(decoded, routes, { maxBlockBytes: 1 << 20 }).refused)
  }
  await close()
  return dir
}

/** Puts the files of a load into a run folder: one for each SELECT, as the files of a full load are. */
async function loaded(dir: string, table: string, selects: readonly string[], start = 1): Promise<void> {
  const id = `load-${start}`
  const objects = new FolderObjects(dir)
  const temporary = await tempFolder()
  const engine = await DuckEngine.open({ temporary })
  for (const [index, select] of selects.entries()) {
    const path = objects.path(`${loadPrefix(id, table)}/LOAD0000000${index + 1}.parquet`)
    await mkdir(dirname(path), { recursive: true })
    await engine.run(`COPY (SELECT '2026-07-26 06:46:18.616807' AS "DMS_TIMESTAMP", * FROM (${select}))
      TO '${path}' (FORMAT parquet)`)
  }
  engine.close()
  const startedAt = `2026-11-2${start}T00:00:00.000Z`
  const position = loadPosition(1, BigInt(start))
  const state = 'failed' as const
  const load: Load = {
    id,
    startedAt,
    window: null,
    tables: [
      {
        table,
        state,
        oid: 1,
        position,
        estimatedRows: null,
        rows: 0,
        bytes: 0,
        isRead: true,
        files: [],
        failure: null,
        startedAt,
        endedAt: null,
      },
    ],
  }
  await writeDocuments(dir, (documents) => new LoadDocuments(documents).save(load))
}

function options(from: StoredOptions['from'], dir: string, table: string, more: Partial<StoredOptions> = {}) {
  return { from, dir, table, schemas: undefined, owner: undefined, rows: 10_000, ...more }
}

describe('contract infer from raw', () => {
  test('prints the columns that a contract lacks, as a diff that fits its file', async () => {
    const dir = await stored('workforce.shops', [
      change('load', 1, shop),
      change('update', 2, { ...shop, floor_area: 184.5, managerEmail: 'anna@example.com' }),
    ])
    const proposal = await inferStored(options('raw', dir, 'workforce.shops'))
    if (proposal.kind !== 'lines') throw new Error(proposal.kind)
    expect(proposal.lines.join('\n')).toMatch(/floor_area: col\.decimal\([\s\S]*nullable: true/)
    expect(proposal.lines.join('\n')).toMatch(
      /manager_email: col\.string\([\s\S]*from: 'managerEmail'[\s\S]*pii: 'email'/,
    )
    expect(proposal.lines.join('\n')).not.toContain('shop_id')
    const text = await readFile(join(import.meta.dirname, '../../schemas/workforce/shops/v1.ts'), 'utf8')
    const edited = applyHunks(text, proposal.diff ?? '')
    expect(edited.split('\n').length).toBe(text.split('\n').length + proposal.lines.length)
    expect(proposalText(proposal)).not.toMatch(/anna|Secret|184/)
  })

  test('looks at the newest rows first and stops', async () => {
    const old = change('load', 1, { ...shop, ancient: 'x' })
    const dir = await stored('workforce.shops', [old, change('update', 2, { ...shop, fresh: 1 })])
    const proposal = await inferStored(options('raw', dir, 'workforce.shops', { rows: 1 }))
    expect(proposal.rows).toBe(1)
    expect(proposalText(proposal)).toContain('fresh')
    expect(proposalText(proposal)).not.toContain('ancient')
  })

  test('looks at rows of the newest load, also of one that failed, as far as changes are too few', async () => {
    const dir = await stored('workforce.shops', [change('update', 1, { ...shop, fresh: 1 })])
    await loaded(dir, 'workforce.shops', ["SELECT 7 AS shop_id, 'x' AS ancient"], 1)
    const rows =
      'SELECT i AS shop_id, \'anna@example.com\' AS "managerEmail", 1.5 AS floor_area FROM range(30) AS t(i)'
    await loaded(dir, 'workforce.shops', [rows, rows], 2)
    const proposal = await inferStored(options('raw', dir, 'workforce.shops', { rows: 41 }))
    if (proposal.kind !== 'lines') throw new Error(proposal.kind)
    expect(proposal.rows).toBe(41)
    expect(proposal.lines.join('\n')).toMatch(/floor_area: col\.decimal\(/)
    expect(proposal.lines.join('\n')).toMatch(/manager_email: col\.string\([\s\S]*pii: 'email'/)
    expect(proposal.lines.join('\n')).toContain('fresh')
    expect(proposalText(proposal)).not.toMatch(/anna|ancient|DMS_TIMESTAMP/)
    const one = await inferStored(options('raw', dir, 'workforce.shops', { rows: 1 }))
    expect(one.rows).toBe(1)
    expect(proposalText(one)).not.toContain('floor_area')
  })

  test('of a table that no change has come of proposes a contract out of its load alone', async () => {
    const dir = await stored('workforce.shops', [])
    await loaded(dir, 'sales.visits', [
      "SELECT i AS id, TIMESTAMPTZ '2026-01-02 03:04:05Z' AS at FROM range(9) AS t(i)",
    ])
    const proposal = await inferStored(options('raw', dir, 'sales.visits'))
    if (proposal.kind !== 'contract') throw new Error(proposal.kind)
    expect(proposal.rows).toBe(9)
    expect(proposal.table.columns['at']?.type.kind).toBe('timestampMicros')
    expect(proposal.table.primaryKey).toEqual(['id'])
  })

  test('a contract that has every field is told so', async () => {
    const dir = await stored('workforce.shops', [change('load', 1, shop)])
    expect(proposalText(await inferStored(options('raw', dir, 'workforce.shops')))).toBe(
      'workforce.shops v1 has every field that was seen',
    )
  })

  test('a table without a contract gets one, with samples that hold and show nobody', async () => {
    const visits = Array.from({ length: 120 }, (_, index) =>
      change('insert', index + 1, {
        visit: index,
        part: index % 2,
        email: 'anna@example.com',
        birth_date: '1987-06-05',
        notes: index % 3 === 0 ? null : 'Née Dupont',
        phone: 33612345678,
      }),
    )
    const removal = change('delete', 500, { visit: 7, part: 1 })
    const dir = await stored('sales.visits', [...visits, removal])
    const proposal = await inferStored(options('raw', dir, 'sales.visits', { owner: 'sales@example.com' }))
    if (proposal.kind !== 'contract') throw new Error(proposal.kind)
    const { table, files } = proposal
    expect(table.primaryKey).toEqual(['visit', 'part'])
    expect(table.columns['visit']?.type.kind).toBe('bigint')
    expect(table.columns['email']).toMatchObject({ nullable: false, pii: 'email' })
    expect(table.columns['notes']).toMatchObject({ nullable: true })
    expect(files.map(({ path }) => path)).toEqual([
      'sales/visits/v1.ts',
      'sales/visits/samples/v1.a-stored-row.pass.json',
      'sales/visits/samples/v1.no-key.fail.json',
    ])
    for (const { path, text } of files.slice(1)) {
      const kind = path.includes('.pass.') ? 'pass' : 'fail'
      expect(runSample(table, parseSample(text, kind))).toEqual([])
    }
    expect(proposalText(proposal)).toContain('// review: the key is a guess')
    expect(proposalText(proposal)).not.toMatch(/anna|1987|Dupont|3361/)
  })

  test('a run or a table that is not there is an error that says so', async () => {
    const dir = await stored('workforce.shops', [change('load', 1, shop)])
    await expect(inferStored(options('raw', dir, 'sales.none'))).rejects.toMatchObject({
      code: 'usage/invalid',
    })
    const empty = join(dir, 'empty')
    await mkdir(empty)
    await expect(inferStored(options('raw', empty, 'workforce.shops'))).rejects.toMatchObject({
      code: 'run/not-found',
    })
  })
})

describe('contract infer from quarantine', () => {
  test('says which columns do not take their values and what those look like, never the values', async () => {
    const dir = await stored('workforce.shops', [
      change('update', 1, { ...shop, latitude: -91.25, country_code: 'FRANCE' }),
      change('update', 2, { ...shop, latitude: 123.5, name: null }),
    ])
    const text = proposalText(await inferStored(options('quarantine', dir, 'workforce.shops')))
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^country_code \(string\(2\)\) .*: 1 × text of 6 characters$/),
      expect.stringMatching(
        /^latitude \(double\) .*: 1 × negative number of 2 digits before the point and 2 after it$/,
      ),
      'name (string) must not be null: 1 × null',
      expect.stringMatching(
        /^latitude \(double\) .*: 1 × number of 3 digits before the point and 1 after it$/,
      ),
    ])
    expect(text).not.toMatch(/91\.25|123|FRANCE/)
  })

  test('a table that no contract reads gets a contract from what waits', async () => {
    const dir = await stored('sales.orders', [change('insert', 1, { id: 1, total: 12.5 })])
    const proposal = await inferStored(options('quarantine', dir, 'sales.orders'))
    expect(proposalText(proposal)).toContain('total: col.decimal(')
  })
})
