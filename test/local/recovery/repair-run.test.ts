import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chosenContracts } from '../../../contract-tools/load/chosen-contracts.ts'
import type { LedgerFinding } from '../../../core/audit/ledger-finding.ts'
import { auditFolder } from '../../../local/recovery/audit-folder.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import {
  type SourceDatabase,
  type SourceServer,
  startSource,
  until,
} from '../../engine/postgres/source-server.ts'
import { spread, whole } from '../../support/budget.ts'
import { openStores } from '../../support/open-stores.ts'
import { carryOut, commandsIn, runCommand, writeContracts } from './carry-out.ts'
import { damages, liveOnce, quiet, SCHEMA } from './kept-folder.ts'

let root = ''
let dir = ''
let server: SourceServer
let database: SourceDatabase

/* One folder for all, in turn: the slot goes on with it. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-repair-'))
  dir = join(root, 'run')
  server = await startSource()
  database = await server.database(SCHEMA)
  await liveOnce(dir, database)
  await writeContracts(root)
})

afterAll(async () => {
  await server.stop()
  await rm(root, { recursive: true, force: true })
})

const faults = async (): Promise<readonly LedgerFinding[]> =>
  (await auditFolder(runFolder(dir), 1)).findings.filter(({ severity }) => severity === 'fault')

async function running(work: (run: LocalRun) => Promise<void>): Promise<void> {
  const run = await openLocalRun({
    dir,
    source: database.source,
    isEmbedded: false,
    system: 'tests',
    contracts: await chosenContracts(join(root, 'schemas')),
    patterns: ['public.*'],
    slot: 'tm_kept',
    publication: 'tm_kept',
    reload: false,
    log: quiet,
    hints: { bytes: 1 << 20, milliseconds: 20 },
    compactEveryMs: 0,
    proveEveryMs: 0,
  })
  try {
    await run.loaded(AbortSignal.timeout(60_000))
    await work(run)
  } finally {
    await run.stop()
  }
}

/** The one command that the audit prints, once. */
async function onlyCommand(named: Partial<LedgerFinding>): Promise<readonly string[]> {
  const found = await faults()
  expect(found).toMatchObject([named])
  const commands = found.flatMap(({ advice }) => commandsIn(advice))
  expect(commands).toHaveLength(1)
  return commands[0] ?? []
}

async function isWhole(run: LocalRun): Promise<void> {
  await until(async () => (await faults()).length === 0)
  expect(await run.reconcile(AbortSignal.timeout(60_000))).toMatchObject({ equal: true, failed: [] })
}

/** A change of people that is in the lake: the newest page is its. */
async function changed(run: LocalRun): Promise<void> {
  const before = run.pipeline.raw.length
  await database.client.query('update people set pay = pay + 1 where id = 3')
  await until(
    () => run.pipeline.raw.length > before && run.pipeline.ledger.checkpoint === run.pipeline.raw.length,
  )
  await until(async () => (await faults()).length === 0)
}

function newestPage(change: string): void {
  const file = new DatabaseSync(runFolder(dir).items)
  try {
    expect(file.prepare(`${change} WHERE seq = (SELECT max(seq) FROM raw)`).run().changes).toBe(1)
  } finally {
    file.close()
  }
}

const FLIPPED = 'UPDATE raw SET bytes = zeroblob(length(bytes))'

test.each(spread(['gone', 'cut in half'] as const, 1))(
  'G1 of a load file that is %s the run reads the table again when the command asks it, and the lake is equal',
  async (how) => {
    await running(async (run) => {
      const files = await new FolderObjects(dir).list('landing/loads/')
      const key = files.find((name) => name.includes('/things/')) ?? ''
      await damages[how](join(dir, key))
      const command = await onlyCommand({ kind: 'load', name: key })
      const planned = await runCommand([...command, '--dry-run', '--json'], { dir, root })
      expect(planned.code).toBe(1)
      expect(JSON.parse(planned.read)).toEqual({
        isDryRun: true,
        repairs: [{ name: key, state: 'planned', message: 'public.things read again' }],
      })
      expect(await faults()).toHaveLength(1)
      const done = await runCommand(command, { dir, root })
      expect([done.code, done.printed]).toEqual([
        0,
        expect.stringMatching(/public\.things is read again by load \S+\n1 repaired, 0 failed$/),
      ])
      await isWhole(run)
    })
  },
  60_000,
)

whole(
  'G1 a raw page whose bytes are others, beside the run: its table is read again, the page kept below damaged',
  async () => {
    await running(async (run) => {
      await changed(run)
      newestPage(FLIPPED)
      const command = await onlyCommand({ kind: 'page', table: 'public.people' })
      expect(await carryOut(command, { dir, root })).toMatch(
        /lost or damaged: public\.people is read again by load/,
      )
      await isWhole(run)
      await changed(run)
      await isWhole(run)
    })
    const kept = await readdir(join(dir, 'damaged'), { recursive: true })
    expect(kept.filter((name) => /raw-[0-9a-f]{16}\.json$/.test(name))).toHaveLength(1)
  },
  60_000,
)

const others = [
  ['is gone', 'DELETE FROM raw'],
  ['says other things of itself', `UPDATE raw SET attributes = attributes || ' '`],
] as const

for (const [what, change] of others)
  whole(
    `G1 a raw page that ${what} where nothing runs: the next run reads its table again`,
    async () => {
      await running(changed)
      newestPage(change)
      const command = await onlyCommand({ kind: 'page', table: 'public.people' })
      expect(await carryOut(command, { dir, root })).toMatch(
        /public\.people is read again when `tidemark dev` next runs/,
      )
      await running(isWhole)
      expect(await faults()).toEqual([])
    },
    60_000,
  )

/** The newest page of people once more, under a key of its own, that format has not come to, and damaged. */
async function damagedAhead(): Promise<void> {
  const { raw, close } = await openStores(dir)
  const { value: page } = await raw.newestFirst('public.people').next()
  if (page === undefined) throw new Error('no page of people')
  await raw.put([{ ...page, key: page.key.replace(/#[^#]*#(\d+)$/, `#again${raw.given}#$1`) }])
  await close()
  newestPage(FLIPPED)
}

test('G1 a damaged page that format comes to next ends the run; repaired, the run goes on and is equal', async () => {
  await running(changed)
  await damagedAhead()
  const command = await onlyCommand({ kind: 'page', table: 'public.people' })
  await expect(carryOut(['quarantine', 'redrive'], { dir, root })).rejects.toMatchObject({
    code: 'raw/corrupt',
  })
  expect(await carryOut(command, { dir, root })).toMatch(/is read again when `tidemark dev` next runs/)
  await running(isWhole)
}, 60_000)

whole(
  'a damaged page that format comes to next ends the run also when nothing of it counts, and is taken out',
  async () => {
    /* Of before the newest load of its table. */
    await damagedAhead()
    const next = await onlyCommand({ kind: 'page', table: 'public.people' })
    expect(await carryOut(next, { dir, root })).toMatch(/nothing is lost with it/)
    await running(isWhole)
  },
  60_000,
)

whole(
  'everything that an audit names comes at once with --missing, and then there is nothing to do',
  async () => {
    const names = await new FolderObjects(dir).list('lake/')
    const lost = names.filter((name) => /people_v1_history\/.*\/(?!load-|replay-)[^/]+\.parquet$/.test(name))
    expect(lost.length).toBeGreaterThan(1)
    for (const name of lost.slice(-2)) await rm(join(dir, name))
    expect(await faults()).toHaveLength(2)
    const json = await runCommand(['repair', '--missing', '--json'], { dir, root })
    expect(json.code).toBe(0)
    expect(JSON.parse(json.read)).toMatchObject({
      isDryRun: false,
      repairs: [{ state: 'done' }, { state: 'done' }],
    })
    expect(await faults()).toEqual([])
    expect(await carryOut(['repair', '--missing'], { dir, root })).toBe('0 repaired, 0 failed')
    await running(isWhole)
  },
  60_000,
)
