import { cp, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as findings from '../../../core/audit/ledger-finding.ts'
import { auditFolder } from '../../../local/recovery/audit-folder.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { readState, storedEntries, writeState } from '../../../local/state/state-file.ts'
import { LedgerReader } from '../../../state/ledger/ledger-reader.ts'
import { addPage, unevenLoadFile } from '../../advice/damage.ts'
import { startSource } from '../../engine/postgres/source-server.ts'
import { spread } from '../../support/budget.ts'
import { damageItem } from '../../support/state-documents.ts'
import { carryOut, commandsIn, writeContracts } from './carry-out.ts'
import { copyOf, damages, liveOnce, look, SCHEMA, type Seen } from './kept-folder.ts'

let root = ''
let kept = ''
let before: Seen

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-advice-'))
  kept = join(root, 'kept')
  const server = await startSource()
  try {
    await liveOnce(kept, await server.database(SCHEMA))
  } finally {
    await server.stop()
  }
  await writeContracts(root)
  before = await look(kept)
})

afterAll(() => rm(root, { recursive: true, force: true }))

async function baseFile(dir: string, table: string): Promise<string> {
  const entries = await storedEntries(runFolder(dir))
  return entries.find((entry) => entry.table.name === table)?.base?.parts[0]?.files[0]?.key ?? ''
}

async function historyFile(dir: string): Promise<string> {
  return readState(runFolder(dir), async ({ ledger }) => {
    const records = new LedgerReader(ledger)
    const day = (await records.days()).find(({ table }) => table === 'public.things')
    const files = day === undefined ? [] : await records.files(day)
    return files[0]?.key ?? ''
  })
}

interface Scenario {
  readonly make: (dir: string) => Promise<void>
  /** What a person does of an advice that no command does. */
  readonly byHand?: (dir: string) => Promise<void>
  readonly severity?: 'note'
}

type Finding = Exclude<keyof typeof findings, 'replayOf' | 'repairOf'>

/** How each finding comes about; a text says why none can be made of a local folder. */
const scenarios: Readonly<Record<Finding, Scenario | string>> = {
  badHistory: { make: async (dir) => damages['cut in half'](join(dir, await historyFile(dir))) },
  badBase: { make: async (dir) => damages.gone(join(dir, await baseFile(dir, 'public.things'))) },
  badKey: {
    make: (dir) => writeFile(join(dir, 'keys/mask.hex'), '0'.repeat(64)),
    byHand: (dir) => cp(join(kept, 'keys/mask.hex'), join(dir, 'keys/mask.hex')),
  },
  badState: { make: async (dir) => damageItem(dir, { table: 'ledger', pk: 'sums' }) },
  lostPage: { make: (dir) => addPage(dir) },
  lostBlock: { make: (dir) => addPage(dir, (record) => record) },
  unevenPage: {
    make: (dir) =>
      addPage(dir, (record) => ({
        ...record,
        shares: record.shares.map((share) => ({ ...share, blocks: [] })),
      })),
  },
  lostEntries: {
    make: async (dir) => {
      const file = new DatabaseSync(runFolder(dir).items)
      file.exec('DELETE FROM quarantine')
      file.close()
    },
  },
  unevenLoad: { make: unevenLoadFile },
  foreignFile: {
    make: async (dir) => {
      const file = join(dir, await historyFile(dir))
      await cp(file, file.replace(/[^/]+$/, 'stray.parquet'))
    },
    byHand: async (dir) => {
      const file = join(dir, await historyFile(dir))
      await rename(file.replace(/[^/]+$/, 'stray.parquet'), join(dir, 'stray.parquet'))
    },
    severity: 'note',
  },
  damagedPage: 'its way on is a load, which needs the source: test/local/recovery/repair-run.test.ts',
  damagedEntry: 'only a backup has what a refused change was when its entry is damaged',
  alteredFile: 'of the audit of a stack: test/handlers/ledger.test.ts',
  badLoadFile: 'only a source can give the rows again: test/local/recovery/repair-run.test.ts',
  unlandedObject: 'of the audit of a stack: test/handlers/ledger.test.ts',
}

const made = Object.entries(scenarios).flatMap(([name, scenario]) =>
  typeof scenario === 'string' ? [] : [[name, scenario] as const],
)

test('every finding has a scenario, or a reason why there is none', () => {
  expect(Object.keys(scenarios).sort()).toEqual(
    Object.keys(findings)
      .filter((name) => name !== 'replayOf' && name !== 'repairOf')
      .sort(),
  )
})

describe('what an audit says is to do, done to the letter, leads to a clean audit and the same lake', () => {
  test.each(spread(made, 4))(
    '%s',
    async (name, { make, byHand, severity = 'fault' }) => {
      const dir = join(root, name)
      await copyOf(kept, dir)
      await make(dir)
      const found = (await auditFolder(runFolder(dir), 1)).findings
      expect(found.length, name).toBeGreaterThan(0)
      for (const finding of found) {
        expect(finding.severity, finding.message).toBe(severity)
        const commands = commandsIn(finding.advice)
        if (byHand === undefined) expect(commands, finding.advice).not.toEqual([])
        for (const command of commands) await carryOut(command, { dir, root })
      }
      await byHand?.(dir)
      expect((await auditFolder(runFolder(dir), 1)).findings).toEqual([])
      expect(await look(dir)).toEqual(before)
    },
    30_000,
  )
})

test('a damaged page of before the last load or truncate is a note: nothing of it counts', async () => {
  const dir = join(root, 'page')
  await copyOf(kept, dir)
  const folder = runFolder(dir)
  const entries = await storedEntries(folder)
  damageItem(dir, { table: 'raw', bytes: true })
  const damaged = (await auditFolder(folder, 1)).findings
  expect(damaged).toMatchObject([{ kind: 'page', severity: 'fault' }])
  const floor = { position: '9999-ffffffffffffffff-0000000000', reason: 'load' } as const
  const raised = entries.map((entry) => ({ ...entry, floors: [floor] }))
  await writeState(folder, ({ catalog }) => catalog.restore(raised))
  const { findings: later } = await auditFolder(folder, 1)
  expect(later.filter(({ kind }) => kind === 'page')).toMatchObject([{ severity: 'note' }])
})

test('a history file of a load whose own file is gone too is not forgotten by a replay that cannot bring it back', async () => {
  const dir = join(root, 'both')
  await copyOf(kept, dir)
  const folder = runFolder(dir)
  const files = (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.parquet'))
  const lost = files.filter((name) => /things_v1_history.*load-|landing.*things/.test(name))
  expect(lost).toHaveLength(2)
  for (const name of lost) await rm(join(dir, name))
  await expect(carryOut(['replay', '--table', 'public.things'], { dir, root })).rejects.toMatchObject({
    code: 'lake/unreadable',
  })
  expect((await auditFolder(folder, 1)).findings).toMatchObject([
    { kind: 'file', severity: 'fault', message: expect.stringMatching(/load-.* is missing/) },
    { kind: 'load', severity: 'fault', message: expect.stringMatching(/^landing\/.* is missing/) },
  ])
})
